"""The choice of a policy, by name."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from agorasim.scenario.schema.base import Name, Strict


class PolicyChoice(Strict):
    """A policy by name; its own settings stand beside `name` and `every`."""

    model_config = ConfigDict(extra="allow")

    name: Name = "fixed_plan"
    """A registered policy (`agorasim list policies`)."""
    every: Annotated[int, Field(ge=1)] = 1
    """Days between decisions."""
