"""The interface of a strategy. A brand's policy is chosen by name in the scenario; see docs/policies.md."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from agorasim.brands.action import BrandAction
from agorasim.brands.view import BrandView
from agorasim.errors import InputError, unknown

#: Types that settings are made of.
TouchpointName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
Money = Annotated[float, Field(ge=0.0, le=1e12)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class PolicySettings(BaseModel):
    """What a scenario may write beside a policy's `name` and `every`; docstrings of fields are their help."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        frozen=True,
        allow_inf_nan=False,
        strict=True,
        validate_default=True,
    )


class Policy(ABC):
    """A brand's strategy: looks at a `BrandView`, returns a `BrandAction`.

    A subclass sets `name` and `description`, may nest a `Settings` model, and writes `decide`. The contract:

    - *Pure apart from state.* The same view, settings and state give the same action. No clock, no files, no random
      numbers of one's own: `draw` gives numbers that replications and compared worlds share.
    - *State is declared.* What `decide` remembers lives in instance attributes named in `state`, set in `__init__`,
      and survives `copy.deepcopy` and pickling. Nothing else on the instance changes. Worlds are copied, saved and
      branched in mid-run, and a restored policy must go on as if nothing had happened.
    - *Within the budget.* Spend is per day, only on `view.media`, and at most `view.budget` in all.
    - *Nothing is known at first.* `view.reported_days` may be 0 and stays behind `view.day`; figures may be zero and
      `rivals_spend` empty.
    - *One instance a brand and world.* Instances are never shared, so no locking is needed. The view must not be kept.

    `agorasim.testing.PolicyContract` tests all of it for any policy.
    """

    name: ClassVar[str] = ""
    """How a scenario names it: letters, digits and underscores."""
    description: ClassVar[str] = ""
    """One line for `agorasim list policies`."""
    state: ClassVar[tuple[str, ...]] = ()
    """Names of the instance attributes that `decide` may change."""

    class Settings(PolicySettings):
        """No settings."""

    settings: Settings
    _stream: NDArray[Any] | None = None

    def __init__(self, settings: Settings | None = None) -> None:
        """Store the settings (defaults when None). A subclass with state calls this first, then sets the state."""
        self.settings = self.Settings() if settings is None else settings

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Policy:
        """A policy from plain data, as in a scenario without `name` and `every`; InputError lists every mistake."""
        try:
            return cls(cls.Settings.model_validate(dict(settings)))
        except ValidationError as error:
            raise InputError(_explained(cls, error)) from None

    @abstractmethod
    def decide(self, view: BrandView) -> BrandAction:
        """What the brand does from today until its next decision, `view.every` days on."""

    def touchpoints(self) -> set[str]:
        """The touchpoints that the settings name, so that a scenario can be checked before it runs."""
        return set()

    # --- state ------------------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """A copy of the declared state, independent of the policy from now on."""
        return {name: copy.deepcopy(getattr(self, name)) for name in self.state}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go back to a snapshot. ValueError when it is one of another kind of policy."""
        if set(saved) != set(self.state):
            raise ValueError(f"policy {self.name!r} keeps {sorted(self.state)}, the snapshot holds {sorted(saved)}")
        for name, value in saved.items():
            setattr(self, name, copy.deepcopy(value))

    # --- chance -----------------------------------------------------------------------------------------------------

    def attach(self, stream: NDArray[Any]) -> None:
        """Address the policy's random numbers: the world passes `randomness.stream(seed, replicate)` once."""
        self._stream = stream.copy()

    def draw(self, view: BrandView, label: str) -> float:
        """A uniform number strictly between 0 and 1 that belongs to brand, day and `label`.

        Asking twice gives the same number; another label gives an independent one. RuntimeError when no stream is
        attached (a world attaches one; elsewhere call `attach`).
        """
        if self._stream is None:
            raise RuntimeError(f"policy {self.name!r} draws, but no stream is attached; call attach(stream(seed))")
        from agorasim.brands.chance import policy_uniform

        return policy_uniform(self._stream, view.brand, view.day, label)


def _explained(cls: type[Policy], error: ValidationError) -> str:
    """Every mistake of a settings mapping, one a line."""
    known = list(cls.Settings.model_fields)
    lines = []
    for item in error.errors(include_url=False):
        where = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden" and len(item["loc"]) == 1:
            lines.append(unknown("setting", where, known))
        else:
            lines.append(f"{where or 'settings'}: {item['msg']} (got {item['input']!r})")
    return f"policy {cls.name!r}: " + "; ".join(lines)
