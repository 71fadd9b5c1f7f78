"""agorasim: consumers who move across touchpoints, talk over a social graph and choose among brands.

Every public name is imported on first use, so that ``import agorasim`` and ``agorasim --help`` stay quick:

>>> import agorasim
>>> scenario = agorasim.Scenario.load("coffee_o2o")
>>> scenario.name
'coffee_o2o'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from agorasim._version import __version__

if TYPE_CHECKING:
    from agorasim._spread import spread
    from agorasim.brands import BrandAction, BrandView, Policy
    from agorasim.ecosystem import Consumer, Ecosystem
    from agorasim.ecosystem.simulate import simulate
    from agorasim.experiment import Experiment, Results
    from agorasim.scenario.learning import learn_segments
    from agorasim.scenario.schema import Scenario

#: Where each public name lives.
_HOMES = {
    "BrandAction": "agorasim.brands",
    "BrandView": "agorasim.brands",
    "Consumer": "agorasim.ecosystem",
    "Ecosystem": "agorasim.ecosystem",
    "Experiment": "agorasim.experiment",
    "Policy": "agorasim.brands",
    "Results": "agorasim.experiment",
    "Scenario": "agorasim.scenario.schema",
    "learn_segments": "agorasim.scenario.learning",
    "simulate": "agorasim.ecosystem.simulate",
    "spread": "agorasim._spread",
}

__all__ = [
    "BrandAction",
    "BrandView",
    "Consumer",
    "Ecosystem",
    "Experiment",
    "Policy",
    "Results",
    "Scenario",
    "__version__",
    "learn_segments",
    "simulate",
    "spread",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
