"""A brand whose channels are decided on by groups: each sees and spends on its own, and budgets move between them.

To the world an organised brand decides by one policy, as any brand does; inside, that policy asks the groups' own. So
held decisions, copies, and the adoption of another policy work as they do for everybody.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.brands.action import BrandAction, check
from agorasim.brands.policy import Policy
from agorasim.brands.view import _REPORTED, BrandView, SealedTable
from agorasim.errors import InputError

_BY_CHANNEL: Final = ("spend", "impressions", "clicks", "attributed_orders", "attributed_revenue")
#: Figures of the brand as a whole, and what a group is told instead: the part that its channels are credited with.
_CREDITED: Final = {"orders": "attributed_orders", "revenue": "attributed_revenue"}


@dataclass(frozen=True)
class Terms:
    """How budgets move between groups; see `scenario.schema.organisation.Coordination`.

    `links` are the pairs of groups that exchange money; None when headquarters sets all shares, () when nobody does.
    """

    links: tuple[tuple[int, int], ...] | None
    every: int = 30
    delay: int = 7
    window: int = 28
    step: float = 0.5
    sharpness: float = 1.0
    keep: float = 0.2


class Organised(Policy):
    """One brand's groups, each with a policy of its own, and the shares of the budget that they have now.

    A group's policy plans with its nominal budget (first share x the brand's budget); what it plans beyond that is cut
    in proportion. What it spends is the plan times its share today over its first share, so every kind of policy
    follows a larger or smaller budget, and the groups together never spend more than the brand may.

    Args:
        name: the policy that the brand is said to decide by, for messages.
        groups: for each group its name, its channels, and its policy.
        shares: each group's share of the budget at first; together at most 1.
        every: for each group the least days between its decisions.
        terms: how shares change.
        leading: number of the group that sets price, discount, messages and levers.
    """

    description = "Groups of channels decide by policies of their own, within budgets that may move between them."
    state = ("teams", "shares", "actions", "decided", "coordinated")

    def __init__(
        self,
        name: str,
        groups: Sequence[tuple[str, frozenset[str], Policy]],
        shares: Sequence[float],
        every: Sequence[int],
        terms: Terms,
        leading: int = 0,
    ) -> None:
        super().__init__(None)
        self.name = name  # type: ignore[misc]  # messages name the policy that the scenario chose
        self.groups = [group for group, _, _ in groups]
        self.channels = [channels for _, channels, _ in groups]
        self.every, self.terms, self.leading = tuple(every), terms, leading
        self.first = tuple(shares)
        #: The groups' policies.
        self.teams: list[Policy] = [policy for _, _, policy in groups]
        #: Share of the brand's budget that each group has now.
        self.shares: list[float] = list(shares)
        #: What each group does since its last decision, and the day of that.
        self.actions: list[BrandAction | None] = [None] * len(groups)
        self.decided: list[int] = [0] * len(groups)
        #: Day on which shares were last decided on; None before the first time.
        self.coordinated: int | None = None

    def attach(self, stream: NDArray[Any]) -> None:
        """Groups draw as brands of their own: their views name them, so no two share a number."""
        super().attach(stream)
        for team in self.teams:
            team.attach(stream)

    def touchpoints(self) -> set[str]:
        """Those of all groups' policies."""
        return set().union(*(team.touchpoints() for team in self.teams))

    def decide(self, view: BrandView) -> BrandAction:
        """The groups' actions taken together. ActionError when a group's action is not one that it can take."""
        self._coordinate(view)
        spend = dict.fromkeys(view.media, 0.0)
        for g, team in enumerate(self.teams):
            seen = group_view(view, self.groups[g], self.channels[g], self.first[g] * view.budget, self.every[g])
            if self.actions[g] is None or view.day - self.decided[g] >= self.every[g]:
                # Checked against the whole budget: a plan above it is a mistake, one above the group's part is cut.
                whole = group_view(view, self.groups[g], self.channels[g], view.budget, self.every[g])
                self.actions[g], self.decided[g] = check(team.decide(seen), whole, team.name), view.day
            action = self.actions[g]
            assert action is not None
            factor = self.shares[g] / self.first[g] if self.first[g] > 0.0 else 0.0
            total = action.total()
            if total > seen.budget:
                factor *= seen.budget / total
            for touchpoint, money in action.spend.items():
                spend[touchpoint] += money * factor
        lead = self.actions[self.leading]
        assert lead is not None
        return replace(lead, spend=spend)

    def snapshot(self) -> dict[str, Any]:
        """The declared state; of the groups' policies, theirs."""
        own = {name: copy.deepcopy(getattr(self, name)) for name in self.state if name != "teams"}
        return {**own, "teams": [team.snapshot() for team in self.teams]}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go back to a snapshot. ValueError when it is one of another kind of policy."""
        teams = [copy.copy(team) for team in self.teams]  # a shallow copy of this policy shares its groups' policies
        super().restore({**saved, "teams": []} if "teams" in saved else saved)
        for team, own in zip(teams, saved["teams"], strict=True):
            team.restore(own)
        self.teams = teams

    # --- budgets ----------------------------------------------------------------------------------------------------

    def _coordinate(self, view: BrandView) -> None:
        """Move shares when it is time, on returns as they were `delay` days before the last report."""
        terms = self.terms
        if self.coordinated is None:
            self.coordinated = view.day
            return
        if terms.links == () or view.day - self.coordinated < terms.every:
            return
        self.coordinated = view.day
        known = view.reported_days - terms.delay
        if known <= 0:
            return
        returns = {g: r for g in range(len(self.groups)) if (r := self._return(view, g, known)) is not None}
        if terms.links is None:
            self.shares = allotted(self.shares, self.first, returns, terms)
        else:
            self.shares = exchanged(self.shares, self.first, returns, terms)

    def _return(self, view: BrandView, g: int, known: int) -> float | None:
        """Credited revenue per unit of money of a group over the window; None when it spent nothing."""
        since = max(0, known - self.terms.window)
        own = sorted(self.channels[g] & set(view.spend))
        cost = math.fsum(float(view.spend[t][since:known].sum()) for t in own)
        if cost <= 0.0:
            return None
        return math.fsum(float(view.attributed_revenue[t][since:known].sum()) for t in own) / cost


def allotted(
    shares: Sequence[float], first: Sequence[float], returns: Mapping[int, float], terms: Terms
) -> list[float]:
    """Shares after headquarters has moved those of the groups in `returns` towards return ** sharpness.

    The sum stays, and no group falls below `keep` of its first share. Groups without a return keep theirs.
    """
    best = max(returns.values(), default=0.0)
    if best <= 0.0:
        return list(shares)
    weights = {g: (max(r, 0.0) / best) ** terms.sharpness for g, r in returns.items()}
    whole = math.fsum(weights.values())
    pool = math.fsum(shares[g] for g in returns)
    moved = {g: shares[g] + terms.step * (pool * weights[g] / whole - shares[g]) for g in returns}
    above = {g: max(moved[g] - terms.keep * first[g], 0.0) for g in returns}
    spare = math.fsum(above.values())
    free = max(0.0, pool - terms.keep * math.fsum(first[g] for g in returns))
    out = list(shares)
    for g in returns:
        out[g] = terms.keep * first[g] + (free * above[g] / spare if spare > 0.0 else 0.0)
    return out


def exchanged(
    shares: Sequence[float], first: Sequence[float], returns: Mapping[int, float], terms: Terms
) -> list[float]:
    """Shares after each pair of linked groups has moved money from the lower return to the higher.

    A link moves step x |difference| / sum of the two returns of what the poorer group has above `keep` of its first
    share, divided by the number of its links: proportional imitation (Schlag 1998) along the edges of a graph. The sum
    stays.
    """
    assert terms.links is not None
    degree = [sum(g in link for link in terms.links) for g in range(len(shares))]
    out = list(shares)
    for g, h in terms.links:
        if g not in returns or h not in returns or returns[g] + returns[h] <= 0.0:
            continue
        poor, rich = (g, h) if returns[g] < returns[h] else (h, g)
        gap = (returns[rich] - returns[poor]) / (returns[rich] + returns[poor])
        moved = terms.step * gap * max(0.0, shares[poor] - terms.keep * first[poor]) / degree[poor]
        out[poor] -= moved
        out[rich] += moved
    return out


# --- what a group sees ----------------------------------------------------------------------------------------------


def group_view(view: BrandView, group: str, channels: frozenset[str], budget: float, every: int = 1) -> BrandView:
    """What a group of a brand's channels is told of `view`.

    Media, owned touchpoints and figures are those of its channels. Of the brand's totals it knows the part that its
    channels are credited with: their orders and revenue, and of refused orders and new customers the same share as of
    orders. It knows rivals' media money and, when it answers for a members' channel (an owned one), the members. The
    view's `brand` is "brand.group".
    """

    def source(figure: str) -> Any:
        if figure in _CREDITED:
            return _credited(view, channels, _CREDITED[figure])
        if figure in ("lost_orders", "new_customers"):
            orders, own = view.orders, _credited(view, channels, "attributed_orders")
            part = np.divide(own, orders, out=np.zeros_like(own), where=orders > 0.0)
            return _sealed(np.minimum(part, 1.0) * getattr(view, figure))
        value = getattr(view, figure)
        return _own(value, channels) if figure in _BY_CHANNEL else value

    known: dict[str, Any] = {
        field.name: getattr(view, field.name) for field in fields(view) if field.name not in _REPORTED
    }
    known["brand"] = f"{view.brand}.{group}"
    known["budget"], known["every"] = budget, max(every, view.every)
    known["media"] = tuple(t for t in view.media if t in channels)
    known["owned"] = tuple(t for t in view.owned if t in channels)
    known["members"] = view.members if known["owned"] else 0.0
    return BrandView.late(source, **known)


def _own(table: Mapping[str, Any], channels: frozenset[str]) -> Any:
    names = tuple(name for name in table if name in channels)
    if isinstance(table, SealedTable):
        rows = table.values_by_row[[table.names.index(name) for name in names]]
        return SealedTable(names, _sealed(rows))
    return {name: table[name] for name in names}


def _credited(view: BrandView, channels: frozenset[str], figure: str) -> NDArray[np.float64]:
    total = np.zeros(view.reported_days)
    # By name, because the last bit must not depend on the order of lines in a file.
    for name, series in sorted(getattr(view, figure).items()):
        if name in channels:
            total += series
    return _sealed(total)


def _sealed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values.setflags(write=False)
    return values


# --- making one -----------------------------------------------------------------------------------------------------


def part_of(settings: Mapping[str, Any], channels: frozenset[str], touchpoints: frozenset[str]) -> dict[str, Any]:
    """The part of a policy's settings that concerns some channels: what names other touchpoints, as keys of a mapping
    or entries of a list, is left out."""
    others = touchpoints - channels

    def part(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: part(inner) for key, inner in value.items() if key not in others}
        if isinstance(value, list | tuple):
            return [part(inner) for inner in value if not (isinstance(inner, str) and inner in others)]
        return value

    return {key: part(value) for key, value in settings.items()}


def planned(settings: Mapping[str, Any], channels: frozenset[str]) -> float:
    """Money that settings plan for some channels: their amounts in `plan`, 0 without one."""
    plan = settings.get("plan")
    amounts = plan.items() if isinstance(plan, Mapping) else ()
    return math.fsum(float(money) for name, money in amounts if name in channels and isinstance(money, int | float))


def first_shares(given: Sequence[float | None], plans: Sequence[float]) -> list[float]:
    """Shares of the budget at first: as given, else in proportion to what is planned, else equal."""
    if all(share is not None for share in given):
        return [float(share or 0.0) for share in given]
    if any(share is not None for share in given):
        raise InputError("give every group of the organisation a share, or none")
    total = math.fsum(plans)
    return [plan / total if total > 0.0 else 1.0 / len(plans) for plan in plans]


__all__ = ["Organised", "Terms", "allotted", "exchanged", "first_shares", "group_view", "part_of", "planned"]
