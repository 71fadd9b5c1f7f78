"""Policies of brands as their organisation has them decide: one over all channels, or one a group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agorasim.brands.organisation import Organised, Terms, first_shares, part_of, planned
from agorasim.brands.registry import make_policy
from agorasim.errors import InputError
from agorasim.scenario.schema.organisation import Coordination

if TYPE_CHECKING:
    from agorasim.brands.policy import Policy
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.organisation import Group, Organisation


def policy_of_brand(scenario: Scenario, brand: str, name: str, settings: Mapping[str, Any]) -> Policy:
    """The policy by which a brand decides when it is to decide by the one of that name.

    Groups that have a policy of their own keep it while the brand follows the scenario's policy; a brand that adopts
    another one adopts it in all groups. InputError when its settings cannot be split over the groups.
    """
    model = scenario.brands[brand]
    organisation = model.organisation
    if organisation is None or organisation.structure == "central":
        return make_policy(name, settings)
    own = name == model.policy.name and dict(settings) == dict(model.policy.model_extra or {})
    touchpoints = frozenset(scenario.touchpoints)
    groups, every = [], []
    for key, group in organisation.groups.items():
        groups.append((key, frozenset(group.channels), _policy(brand, key, group, own, name, settings, touchpoints)))
        every.append(group.policy.every if own and group.policy is not None else 1)
    plans = [_planned(group, own, settings) for group in organisation.groups.values()]
    shares = first_shares([group.share for group in organisation.groups.values()], plans)
    names = list(organisation.groups)
    leading = names.index(organisation.leading) if organisation.leading is not None else 0
    return Organised(name, groups, shares, every, _terms(organisation), leading)


def _policy(
    brand: str, key: str, group: Group, own: bool, name: str, settings: Mapping[str, Any], touchpoints: frozenset[str]
) -> Policy:
    """The policy of one group."""
    if own and group.policy is not None:
        return make_policy(group.policy.name, group.policy.model_extra or {})
    try:
        return make_policy(name, part_of(settings, frozenset(group.channels), touchpoints))
    except InputError as error:
        raise InputError(
            f"brand {brand!r}: its policy cannot be split over the groups of its organisation; the part of group"
            f" {key!r} is not valid by itself ({error})"
        ) from None


def _planned(group: Group, own: bool, settings: Mapping[str, Any]) -> float:
    if own and group.policy is not None:
        settings = group.policy.model_extra or {}
    return planned(settings, frozenset(group.channels))


def _terms(organisation: Organisation) -> Terms:
    """How the groups' budgets move."""
    c = organisation.coordination or Coordination()
    names = list(organisation.groups)
    # By name, so that sums do not depend on the order in which links are listed.
    pairs = sorted(sorted(link) for link in organisation.links)
    links = tuple((names.index(g), names.index(h)) for g, h in pairs)
    return Terms(
        None if organisation.structure == "three_tier" else links,
        c.every, c.delay, c.window, c.step, c.sharpness, c.keep,
    )  # fmt: skip
