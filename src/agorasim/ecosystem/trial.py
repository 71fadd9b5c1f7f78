"""An experiment inside a world: a brand's channels reach only those who are treated, as in an A/B or geo test.

For the treated the channels are as usual, for the others they are off exactly as `without` would have them. The
assignment has draws of its own, so that nobody's other draws move. See docs/trials.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.building import join_chance
from agorasim.ecosystem.clusters import clusters_of
from agorasim.ecosystem.interventions import Change, check_change, without
from agorasim.errors import InputError, unknown
from agorasim.randomness import TREATMENT, stable_id, stream, uniforms
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
UNITS: Final = ("person", "cluster", "region")
#: Days before the test that a geo test compares with, at most.
BEFORE: Final = 28


@dataclass(frozen=True)
class TrialSpec:
    """An experiment inside the world, from the end of warm-up to the end. JSON-able and hashable.

    Attributes:
        brand: whose channels are tested.
        channels: touchpoints that only the treated meet; sorted.
        unit: what is randomised: "person", "cluster" (of the social graph) or "region".
        share: of persons, clusters or regions that are treated, each with this probability.
        regions: the treated regions instead of random ones; sorted, for unit "region" alone.

    Raises:
        InputError: no channel, an unknown unit, a share outside 0 to 1, or regions with another unit.
    """

    brand: str
    channels: tuple[str, ...]
    unit: str = "person"
    share: float = 0.5
    regions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        named = (self.channels,) if isinstance(self.channels, str) else tuple(self.channels)
        if not named:
            raise InputError("a trial tests at least one channel, none is named")
        object.__setattr__(self, "channels", tuple(sorted(dict.fromkeys(named))))
        object.__setattr__(self, "regions", tuple(sorted(dict.fromkeys(self.regions))))
        if self.unit not in UNITS:
            raise InputError(unknown("unit of randomisation", self.unit, UNITS))
        if isinstance(self.share, bool) or not isinstance(self.share, int | float) or not 0.0 <= self.share <= 1.0:
            raise InputError(f"share treated must be from 0 to 1, got {self.share!r}")
        object.__setattr__(self, "share", float(self.share))
        if self.regions and self.unit != "region":
            raise InputError(f"regions are named for a trial by region, not by {self.unit}")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` gives back an equal trial."""
        return {**asdict(self), "channels": list(self.channels), "regions": list(self.regions)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TrialSpec:
        """A trial from plain data. InputError for unknown or missing keys and wrong values."""
        for key in data:
            if key not in cls.__dataclass_fields__:
                raise InputError(unknown("key of a trial", key, cls.__dataclass_fields__))
        if missing := [key for key in ("brand", "channels") if key not in data]:
            raise InputError(f"a trial needs {' and '.join(missing)}")
        parts = {**data, "channels": tuple(data["channels"]), "regions": tuple(data.get("regions", ()))}
        return cls(**parts)


@dataclass(frozen=True, eq=False)
class Trial:
    """A trial under way in a world.

    Attributes:
        spec: what is tested and how.
        brand: number of the brand.
        treated: who is treated, bool (N,).
        unit: the unit of each consumer, int64 (N,): its own number, its cluster or its region.
        bought: orders that each consumer had placed with the brand before, int64 (N,).
    """

    spec: TrialSpec
    brand: int
    treated: NDArray[np.bool_]
    unit: NDArray[np.int64]
    bought: NDArray[np.int64]


def check_trial(spec: TrialSpec, scenario: Scenario) -> None:
    """InputError when a name is unknown, or the scenario has no such units.

    A trial by cluster needs ties that are not simply all; one by region needs a region that is treated and one that
    is not, and days before the test.
    """
    check_change(without(*spec.channels, brand=spec.brand), scenario)
    if spec.unit == "cluster" and not scenario.social.layers:
        raise InputError(
            f"a trial by cluster needs a social graph, and scenario {scenario.name!r} has no social layers"
        )
    if spec.unit == "region":
        names = list(scenario.population.regions)
        for name in spec.regions:
            if name not in names:
                raise InputError(unknown("region", name, names))
        if len(names) < 2:
            raise InputError(
                f"a trial by region needs two regions or more, scenario {scenario.name!r} has one: {names[0]}"
            )
        if len(spec.regions) == len(names):
            raise InputError("every region is treated; a trial by region needs one that is not")
        if scenario.calendar.warmup < 1:
            raise InputError(
                "a trial by region compares with the days before it: calendar.warmup must be at least 1, got 0"
            )


# --- who is treated -------------------------------------------------------------------------------------------------


def treated_persons(spec: TrialSpec, seed: int, replicate: int, size: int) -> NDArray[np.bool_]:
    """Independent draws, bool (size,)."""
    draws: Array = uniforms(stream(seed, replicate), TREATMENT, size, stable_id("trial", "person"))
    return draws < spec.share


def treated_clusters(spec: TrialSpec, seed: int, replicate: int, sizes: Array) -> NDArray[np.bool_]:
    """Which clusters are treated, bool (clusters,), balanced by their sizes (largest with next largest, and so on)."""
    order = np.argsort(-np.asarray(sizes), kind="stable")
    draws = uniforms(stream(seed, replicate), TREATMENT, len(order), stable_id("trial", "cluster"))
    out = np.zeros(len(order), dtype=bool)
    out[order] = pivotal(spec.share, draws)
    return out


def treated_regions(spec: TrialSpec, scenario: Scenario, seed: int, replicate: int) -> NDArray[np.bool_]:
    """Which regions are treated, bool (regions,): the named ones, else drawn, balanced by their shares of people."""
    names = list(scenario.population.regions)
    if spec.regions:
        return np.array([name in spec.regions for name in names], dtype=bool)
    share = {name: region.share for name, region in scenario.population.regions.items()}
    # By share and name, because chances must not depend on the order of lines in a file.
    order = sorted(range(len(names)), key=lambda k: (-share[names[k]], names[k]))
    now = stream(seed, replicate)
    draws = np.array([uniforms(now, TREATMENT, 1, stable_id("trial", "region", names[k]))[0] for k in order])
    out = np.zeros(len(names), dtype=bool)
    out[order] = pivotal(spec.share, draws)
    return out


def pivotal(share: float, draws: Array) -> NDArray[np.bool_]:
    """Choose each of n units with probability `share`, neighbours in the list as differently as that allows.

    The ordered pivotal method (Deville & Tillé 1998, Unequal probability sampling without replacement through a
    splitting method, Biometrika 85): the first two units fight for their probabilities, the one that is left undecided
    meets the next. As many are chosen as expected, up to rounding; with a share of one half, one of each pair. Where
    0 < share < 1 and rounding left one side empty, one unit changes sides.

    Args:
        share: probability of each.
        draws: a uniform for each unit, (n,).

    Returns:
        bool (n,).
    """
    n = len(draws)
    if share in (0.0, 1.0) or n == 0:
        return np.full(n, share == 1.0)
    chance = np.full(n, share)
    holder = 0
    for k in range(1, n):
        a, b = chance[holder], chance[k]
        if a + b < 1.0:
            stays = draws[k] * (a + b) < a
            winner, loser = (holder, k) if stays else (k, holder)
            chance[winner], chance[loser] = a + b, 0.0
            holder = winner
        else:
            stays = draws[k] * (2.0 - a - b) < 1.0 - b
            winner, loser = (holder, k) if stays else (k, holder)
            chance[winner], chance[loser] = 1.0, a + b - 1.0
            holder = loser
    chance[holder] = float(draws[0] < chance[holder])
    chosen: NDArray[np.bool_] = chance > 0.5
    if n > 1 and chosen.all():
        chosen[int(np.argmax(draws))] = False
    elif n > 1 and not chosen.any():
        chosen[int(np.argmin(draws))] = True
    return chosen


# --- the test -------------------------------------------------------------------------------------------------------


def start_trial(world: World, spec: TrialSpec, clusters: Array | None = None) -> Trial:
    """Begin a trial in a world that stands at the end of its warm-up; it is kept as `world.trial`.

    What the kinds of the channels say that stops in a world without them (media, presence, messages) reaches only the
    treated from now on. Media are ordered as before and shown to each treated user as often; money is paid for what
    was shown, and at most the treated users' part of the plan. Fixed costs go on whoever is treated.

    Args:
        world: nothing else may be changed in it.
        spec: what is tested and how.
        clusters: the cluster of each consumer (N,), see `clusters_of`; found when a trial by cluster gets none.

    Raises:
        InputError: the spec does not fit the scenario, or the world stands on another day.
    """
    scenario = world.scenario
    check_trial(spec, scenario)
    if world.day != world.days.warmup:
        raise InputError(f"a trial begins at the end of warm-up, day {world.days.warmup}; the world is on {world.day}")
    treated, unit = _assigned(world, spec, clusters)
    b = list(scenario.brands).index(spec.brand)
    names = list(scenario.touchpoints)
    media = world.media
    media.trial, media.share = media.trial.copy(), media.share.copy()
    shut = set()
    for channel in spec.channels:
        t = names.index(channel)
        media.trial[b, t] = True
        users = world.w.use[t].astype(np.float64)
        # Of equal sums the share is exactly 1 or 0 when all or none are treated.
        media.share[b, t] = float(users[treated].sum() / users.sum()) if users.any() else 0.0
        if "presence" in KINDS[scenario.touchpoints[channel].kind].stops:
            shut.add(channel)
    for k, offer in enumerate(world.market.offers):
        if offer.brand == spec.brand and not shut.isdisjoint(offer.touchpoints):
            world.w.offers["trial"][k] = True
    world.w.brands["join_untreated"][b] = join_chance(scenario, spec.brand, shut)
    world.w.put(treated=treated.astype(np.uint8))
    world.expect_new_media()
    world.trial = Trial(spec, b, treated, unit, world.w.bought[:, b].astype(np.int64))
    return world.trial


def _assigned(world: World, spec: TrialSpec, clusters: Array | None) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Who is treated, and the unit of everybody."""
    seed, replicate = world.seed, world.replicate
    if spec.unit == "person":
        return treated_persons(spec, seed, replicate, world.size), np.arange(world.size, dtype=np.int64)
    if spec.unit == "region":
        unit = world.population.region.astype(np.int64)
        return treated_regions(spec, world.scenario, seed, replicate)[unit], unit
    unit = (clusters_of(world) if clusters is None else np.asarray(clusters)).astype(np.int64)
    return treated_clusters(spec, seed, replicate, np.bincount(unit))[unit], unit


def orders_since(trial: Trial, bought: Array) -> NDArray[np.int64]:
    """Orders that each consumer has placed with the tested brand since the trial began, (N,).

    `bought` (N, B): all orders so far, in the trial's world or another one that shares its warm-up.
    """
    return np.asarray(bought[:, trial.brand].astype(np.int64) - trial.bought)


def ends_of_trial(spec: TrialSpec) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Changes that make the worlds in which everybody, and nobody, is treated."""
    return (), (without(*spec.channels, brand=spec.brand),)
