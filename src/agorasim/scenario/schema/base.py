"""What every model of the scenario file shares: unknown keys are refused, nothing is coerced from text."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0, le=1e12)]
NonNegative = Annotated[float, Field(ge=0.0, le=1e12)]
#: Units of goods, or people: what 64 bits count many times over.
Units = Annotated[int, Field(ge=0, le=10**9)]
Finite = Annotated[float, Field(ge=-1e6, le=1e6)]


class Strict(BaseModel):
    """A part of a scenario. Attribute docstrings become the descriptions in the JSON Schema."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        frozen=True,
        allow_inf_nan=False,
        strict=True,
        validate_default=True,
    )
