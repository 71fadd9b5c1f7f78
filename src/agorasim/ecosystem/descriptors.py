"""What describes people beyond the traits that everybody has: drawn by segment, and what follows from it.

A descriptor is drawn for those whose segment states it, by inversion of a uniform of its own, so that stating one
moves no other draw. Age and the preferred channel shift the log-odds of using a touchpoint; income divides price
sensitivity by a power; household size multiplies the need rate by one. Tastes act when brands are evaluated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.randomness import PURPOSES, stable_id, uniforms
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agorasim.ecosystem.population import Population
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.people import Age, ChannelLean, Household, Income, Responses, Taste

Array = NDArray[Any]
DESCRIPTOR: Final = PURPOSES.declare("population.descriptor", 78)

DEMOGRAPHICS: Final = ("age", "income", "household")
TASTES: Final = ("innovativeness", "variety_seeking", "quality_consciousness")
#: Keys of a segment that describe people.
DESCRIPTORS: Final = (*DEMOGRAPHICS, "channel", *TASTES)
_OLDEST: Final = 110.0
_MOST_PEOPLE: Final = 10
_MOST_LOG_ODDS: Final = 50.0


def described(scenario: Scenario, names: Iterable[str] = DESCRIPTORS) -> tuple[str, ...]:
    """Those of the descriptors that some segment states."""
    segments = scenario.population.segments.values()
    return tuple(name for name in names if any(getattr(s, name) is not None for s in segments))


def describe(people: Population, scenario: Scenario) -> dict[str, NDArray[np.float64]]:
    """Draw the descriptors that segments state, (N,) each, and let them move need rates, traits and use.

    NaN stands where a person's segment does not state one (0 for tastes and channel).
    """
    names = described(scenario)
    segments = list(scenario.population.segments.values())
    out: dict[str, NDArray[np.float64]] = {}
    for name in names:
        u = uniforms(people.now, DESCRIPTOR, people.size, stable_id("descriptor", name))
        values = np.full(people.size, np.nan if name in DEMOGRAPHICS else 0.0)
        for k, segment in enumerate(segments):
            given = getattr(segment, name)
            if given is not None:
                here = people.segment == k
                values[here] = _DRAW[name](u[here], given)
        out[name] = values
    if out:
        _respond(people, scenario, out)
    return out


def _respond(people: Population, scenario: Scenario, drawn: dict[str, NDArray[np.float64]]) -> None:
    how = scenario.population.responses
    if "household" in drawn:
        size = np.nan_to_num(drawn["household"], nan=how.household_reference)
        rate = people.need_rate.astype(np.float64) * (size / how.household_reference) ** how.household_need
        people.need_rate = rate.astype(np.float32)
    if "income" in drawn:
        income = np.nan_to_num(drawn["income"], nan=1.0)
        people.traits["price"] = people.traits["price"].astype(np.float64) / income**how.income_price
    online, offline = _shifts(people.size, how, drawn)
    for t, touchpoint in enumerate(scenario.touchpoints.values()):
        shift = online if KINDS[touchpoint.kind].online else offline
        if shift is not None:
            people.use[t] = shifted(people.use[t].astype(np.float64), shift).astype(np.float32)


def _shifts(size: int, how: Responses, drawn: dict[str, NDArray[np.float64]]) -> tuple[Array | None, Array | None]:
    """Log-odds that are added to the use of online and of offline touchpoints, (N,); None where it is 0."""
    lean = drawn["channel"] * how.channel_use if "channel" in drawn and how.channel_use != 0.0 else None
    online = None if lean is None else lean.copy()
    if "age" in drawn and how.age_online != 0.0:
        decades = np.nan_to_num((drawn["age"] - how.age_reference) / 10.0, nan=0.0)
        online = (np.zeros(size) if online is None else online) + how.age_online * decades
    return online, None if lean is None else -lean


def shifted(p: NDArray[np.float64], shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities with log-odds moved by `shift`; 0 and 1 stay what they are."""
    odds = np.exp(np.clip(shift, -_MOST_LOG_ODDS, _MOST_LOG_ODDS))
    out: NDArray[np.float64] = p * odds / (1.0 - p + p * odds)
    return out


# --- draws ----------------------------------------------------------------------------------------------------------


def _age(u: Array, given: Age) -> Array:
    from scipy.special import ndtr, ndtri

    if given.sd == 0.0:
        return np.full(len(u), given.mean)
    low, high = ndtr((0.0 - given.mean) / given.sd), ndtr((_OLDEST - given.mean) / given.sd)
    ages: Array = np.clip(given.mean + given.sd * ndtri(low + u * (high - low)), 0.0, _OLDEST)
    return ages


def _income(u: Array, given: Income) -> Array:
    from scipy.special import ndtri

    variance = np.log1p(given.cv**2)
    incomes: Array = given.mean * np.exp(np.sqrt(variance) * ndtri(u) - 0.5 * variance)
    return incomes


def _household(u: Array, given: Household) -> Array:
    from scipy.special import pdtr

    steps = pdtr(np.arange(_MOST_PEOPLE - 1), given.mean - 1.0)
    return 1.0 + np.searchsorted(steps, u, side="right")


def _taste(u: Array, given: Taste) -> Array:
    from scipy.special import ndtri

    tastes: Array = given.mean + given.sd * ndtri(u)
    return tastes


def _channel(u: Array, given: ChannelLean) -> Array:
    from scipy.special import ndtri

    leans: Array = np.clip(given.mean + given.sd * ndtri(u), -1.0, 1.0)
    return leans


_DRAW: Final[dict[str, Any]] = {
    "age": _age, "income": _income, "household": _household, "channel": _channel, **dict.fromkeys(TASTES, _taste),
}  # fmt: skip
