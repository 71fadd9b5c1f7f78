"""Which channels can be asked about, and the worlds in which some of them are on and the others off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from agorasim.brands.policy import Policy
from agorasim.brands.registry import make_policy
from agorasim.ecosystem.arms import Arm
from agorasim.ecosystem.interventions import Change, is_present, only
from agorasim.errors import InputError, unknown
from agorasim.measures.metrics import BY_NAME, METRICS, Metric
from agorasim.scenario.catalogue import KINDS

if TYPE_CHECKING:
    from agorasim.scenario.schema import Scenario

#: Up to here every coalition is run; above, permutations are sampled.
EXACT: Final = 10
FULL: Final = "full"
NONE: Final = "none"
_OWN: Final = ("name", "every")


# --- what can be asked ----------------------------------------------------------------------------------------------


def checked_brand(scenario: Scenario, brand: str) -> str:
    """The brand's name. InputError when the scenario has no such brand."""
    if brand not in scenario.brands:
        raise InputError(unknown("brand", brand, scenario.brands))
    return brand


def checked_outcome(name: str) -> Metric:
    """The metric of that name, if brands or the category have it. InputError otherwise."""
    usable = [m.name for m in METRICS if {"brand", "category"} & set(m.levels)]
    if name not in BY_NAME:
        raise InputError(unknown("outcome", name, usable))
    if name not in usable:
        levels = ", ".join(BY_NAME[name].levels)
        raise InputError(f"outcome {name!r} is known by {levels} only; choose one that a whole brand has")
    return BY_NAME[name]


def checked_channels(
    scenario: Scenario, brand: str, channels: Iterable[str], *, least: int = 2, idle: bool = False
) -> tuple[str, ...]:
    """The channels, sorted, if the brand uses every one of them.

    Args:
        scenario: where they must exist.
        brand: whose channels they are.
        channels: names of touchpoints.
        least: how many there must be.
        idle: let channels pass that the brand has no money for and does not run; they are worth exactly nothing.

    Raises:
        InputError: a name is unknown or given twice, there are too few, or a channel is not in use.
    """
    names = [str(name).strip() for name in channels]
    for name in names:
        if name not in scenario.touchpoints:
            raise InputError(unknown("channel", name, scenario.touchpoints))
        if names.count(name) > 1:
            raise InputError(f"channel {name!r} is named twice")
    if len(names) < least:
        also = [c for c in scenario.touchpoints if c not in names and in_use(scenario, brand, c)]
        more = f"; {brand} also uses {', '.join(also)}" if also else ""
        raise InputError(
            f"synergy is between channels: name at least {least}, got {len(names)} ({', '.join(names) or 'none'}){more}"
        )
    if not idle:
        for name in names:
            if not in_use(scenario, brand, name):
                raise InputError(_not_in_use(scenario, brand, name))
    return tuple(sorted(names))


def may_spend(scenario: Scenario, brand: str, channel: str) -> bool:
    """Whether the brand's policy may put media money on the channel, as far as its settings tell."""
    if not KINDS[scenario.touchpoints[channel].kind].buys_media or scenario.brands[brand].budget <= 0.0:
        return False
    choice = scenario.brands[brand].policy
    policy = make_policy(choice.name, settings_of(scenario, brand))
    if type(policy).touchpoints is Policy.touchpoints:
        return True  # it does not say where it spends
    if choice.name == "fixed_plan":
        plan: dict[str, float] = getattr(policy.settings, "plan", {})
        return plan.get(channel, 0.0) > 0.0
    return channel in policy.touchpoints()


def settings_of(scenario: Scenario, brand: str) -> dict[str, object]:
    """The settings of a brand's policy as plain data, without its name and rhythm."""
    return {k: v for k, v in scenario.brands[brand].policy.model_dump().items() if k not in _OWN}


def in_use(scenario: Scenario, brand: str, channel: str) -> bool:
    """Whether switching the channel off could change anything for the brand."""
    return is_present(scenario, brand, channel) or may_spend(scenario, brand, channel)


def scalable(scenario: Scenario, brand: str, channel: str) -> bool:
    """Whether the brand's money on the channel can be scaled: it buys media there and is not there itself besides."""
    return may_spend(scenario, brand, channel) and not is_present(scenario, brand, channel)


def _not_in_use(scenario: Scenario, brand: str, channel: str) -> str:
    touchpoint = scenario.touchpoints[channel]
    used = [c for c in scenario.touchpoints if in_use(scenario, brand, c)]
    if KINDS[touchpoint.kind].buys_media:
        budget = scenario.brands[brand].budget
        what = (
            f"zero budget: {brand} has no media money (brands.{brand}.budget is 0), so {channel!r}"
            if budget <= 0.0
            else f"zero budget: {brand} spends nothing on {channel!r}, which"
        )
        how = f"plan money with --set brands.{brand}.policy.plan.{channel}=AMOUNT"
    else:
        what = f"{brand} does not run {channel!r} (kind {touchpoint.kind}), which"
        how = f"give it to the brand under brands.{brand}.owns, brands.{brand}.sells or places"
    return (
        f"{what} is worth exactly nothing; {how}, ask for channels in use ({', '.join(used) or 'there are none'}), or"
        " count it all the same with --allow-idle. `agorasim explain` shows what each brand spends and runs"
    )


# --- coalitions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Game:
    """The worlds of a brand's channels: one a coalition, and those with messages of another one.

    Coalitions are bit masks over the channels in sorted order: bit k stands for channel k.
    """

    brand: str
    channels: tuple[str, ...]
    decisions: str = "held"

    @property
    def n(self) -> int:
        """Number of channels."""
        return len(self.channels)

    @property
    def size(self) -> int:
        """Number of coalitions, 2**n."""
        return 1 << self.n

    @property
    def all(self) -> int:
        """The mask of the grand coalition."""
        return self.size - 1

    def members(self, mask: int) -> tuple[str, ...]:
        """The channels of a coalition."""
        return tuple(c for k, c in enumerate(self.channels) if mask >> k & 1)

    def mask(self, channels: Iterable[str]) -> int:
        """The mask of some channels."""
        return sum(1 << self.channels.index(c) for c in channels)

    def name(self, mask: int) -> str:
        """The channels of a coalition joined by plus signs."""
        return "+".join(self.members(mask))

    def label(self, mask: int) -> str:
        """How the world of a coalition is called."""
        if mask == self.all:
            return FULL
        if mask == 0:
            return NONE
        name = self.name(mask)
        return f"only {name}" if name in (FULL, NONE) else name

    def arm(self, mask: int) -> Arm:
        """The world in which the coalition is on and the other named channels are off.

        The full world keeps rows of touchpoints and places, for those who want to know where today's figures arise.
        """
        changes: tuple[Change, ...] = ()
        if mask != self.all:
            changes = (only(self.members(mask), among=self.channels, brand=self.brand),)
        return Arm(self.label(mask), changes, decisions=self.decisions, detail=mask == self.all)

    def told(self, mask: int, by: int) -> Arm:
        """The coalition's world in which people hear what they heard in the world of coalition `by`."""
        arm = self.arm(mask)
        return replace(arm, label=f"{arm.label}, messages of {self.label(by)}", messages=self.arm(by), detail=False)

    @cached_property
    def coalitions(self) -> list[Arm]:
        """Every coalition's world; position = mask."""
        return [self.arm(mask) for mask in range(self.size)]

    @cached_property
    def direct(self) -> list[Arm]:
        """Every coalition's world with messages of the empty one; position = mask. The empty one is itself."""
        return [self.arm(0), *(self.told(mask, 0) for mask in range(1, self.size))]

    @cached_property
    def last_in(self) -> list[Arm]:
        """The full world with messages of the world without channel k, for each k."""
        return [self.told(self.all, self.all & ~(1 << k)) for k in range(self.n)]
