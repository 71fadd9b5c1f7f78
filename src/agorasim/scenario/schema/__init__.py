"""The scenario file as typed models, one part a module."""

from agorasim.scenario.schema.brands import Brand, Data, Initial, Outcomes, PolicyChoice, Product
from agorasim.scenario.schema.calendar import Calendar, Festival, Season
from agorasim.scenario.schema.category import Category, Choice, Experience, Memory, Need
from agorasim.scenario.schema.media import Auction, Bid, Cost, Window
from agorasim.scenario.schema.population import Population, Region, Segment
from agorasim.scenario.schema.root import SCHEMA_VERSION, Currency, Scenario
from agorasim.scenario.schema.social import Generator, Layer, Social, WordOfMouth
from agorasim.scenario.schema.touchpoints import Kind, Place, Sells, Touchpoint

__all__ = [
    "SCHEMA_VERSION",
    "Auction",
    "Bid",
    "Brand",
    "Calendar",
    "Category",
    "Choice",
    "Cost",
    "Currency",
    "Data",
    "Experience",
    "Festival",
    "Generator",
    "Initial",
    "Kind",
    "Layer",
    "Memory",
    "Need",
    "Outcomes",
    "Place",
    "PolicyChoice",
    "Population",
    "Product",
    "Region",
    "Scenario",
    "Season",
    "Segment",
    "Sells",
    "Social",
    "Touchpoint",
    "Window",
    "WordOfMouth",
]
