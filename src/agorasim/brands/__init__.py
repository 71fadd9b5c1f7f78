"""The brands: what a strategy sees and may do, how strategies are found, and how money and reports are reckoned."""

from agorasim.brands.action import BrandAction, check
from agorasim.brands.policy import Policy, PolicySettings
from agorasim.brands.view import BrandView

__all__ = ["BrandAction", "BrandView", "Policy", "PolicySettings", "check"]
