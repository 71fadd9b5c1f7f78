"""Checks across the parts of a scenario: names that must exist, kinds that must fit, rules that must go together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agorasim.brands.ledger import MOST
from agorasim.errors import InputError, unknown
from agorasim.scenario.catalogue import KINDS, KindTraits
from agorasim.scenario.files import file_problem
from agorasim.scenario.problems import KeyPath, Problem
from agorasim.scenario.shape import Shape
from agorasim.scenario.touchpoint_rules import touchpoint_problems

if TYPE_CHECKING:
    from agorasim.scenario.schema import Brand, Scenario

#: Kinds whose touchpoints have shops at places.
SHOP_KINDS: Final = ("store", "partner")
ADOPTION_RULES: Final = ("contact", "hazard", "threshold")


class Subject:
    """What is checked: a scenario, and which of its parts are stand-ins for something wrong.

    Args:
        scenario: a valid scenario, perhaps with wrong parts left out.
        data: the data as given, whose names count as defined even where what they name is wrong.
        folder: what relative files refer to.
        allow_outside: whether files may lie outside it.
        spoilt: paths whose values were left out; nothing is concluded from them.
    """

    def __init__(
        self,
        scenario: Scenario,
        data: Mapping[str, Any],
        folder: Path | None = None,
        allow_outside: bool = False,
        spoilt: Sequence[KeyPath] = (),
    ) -> None:
        self.scenario = scenario
        self.folder, self.allow_outside = folder, allow_outside
        self._data, self._spoilt = data, list(spoilt)
        self.problems: list[Problem] = []

    def names(self, *path: str) -> list[str]:
        """Names defined in the mapping at `path`."""
        node: Any = self._data
        for key in path:
            node = node.get(key) if isinstance(node, Mapping) else None
        if isinstance(node, Mapping):
            return [str(key) for key in node]
        value: Any = self.scenario
        for key in path:
            value = value.get(key, {}) if isinstance(value, Mapping) else getattr(value, key, {})
        return list(value)

    def trusted(self, *path: str) -> bool:
        """Whether the value at `path` is the user's own, or a default that they left in place."""
        return not any(path[: len(at)] == at or at[: len(path)] == path for at in self._spoilt)

    def listed(self, *path: str) -> bool:
        """Whether the names in the mapping at `path` are the user's own, whatever is wrong with what they name."""
        return not any(path[: len(at)] == at for at in self._spoilt)

    def report(self, path: KeyPath, message: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(path, message))

    def touchpoint(self, path: KeyPath, name: str, fits: Callable[[KindTraits], bool], what: str) -> None:
        """Note a problem unless a touchpoint of that name exists and its kind fits."""
        if not self.listed("touchpoints"):
            return
        if name not in self.names("touchpoints"):
            self.report(path, unknown("touchpoint", name, self.names("touchpoints")))
            return
        found = self.scenario.touchpoints.get(name)
        if found is not None and self.trusted("touchpoints", name, "kind") and not fits(KINDS[found.kind]):
            kinds = ", ".join(kind for kind, traits in KINDS.items() if fits(traits))
            self.report(
                path, f"touchpoint {name!r} is of kind {found.kind!r}, which {what}; expected a kind of: {kinds}"
            )


def check(subject: Subject) -> list[Problem]:
    """Every mistake that shows only when the parts are seen together."""
    from agorasim.scenario.bridge_checks import check_bridges
    from agorasim.scenario.calendar_checks import check_calendar
    from agorasim.scenario.data_checks import check_data
    from agorasim.scenario.funnel_checks import check_funnel, check_private_domain
    from agorasim.scenario.organisation_checks import check_organisations, check_partners
    from agorasim.scenario.people_checks import check_people
    from agorasim.scenario.price_checks import check_prices
    from agorasim.scenario.retail_checks import check_retail
    from agorasim.scenario.talk_checks import check_talk

    for look in (_population, _touchpoints, _places, _brands, _money, _layers, _word_of_mouth, _outcomes):
        look(subject)
    check_calendar(subject)
    check_organisations(subject)
    check_partners(subject)
    check_prices(subject)
    check_funnel(subject)
    check_private_domain(subject)
    check_people(subject)
    check_talk(subject)
    check_data(subject)
    check_retail(subject)
    check_bridges(subject)
    return subject.problems


def _population(s: Subject) -> None:
    people = s.scenario.population
    if s.trusted("population", "regions") and sum(region.share for region in people.regions.values()) <= 0.0:
        s.report(("population", "regions"), "the shares add up to 0; expected at least one region with a share above 0")
    for name, segment in people.segments.items():
        at = ("population", "segments", name)
        for region in segment.regions:
            if region not in s.names("population", "regions"):
                s.report((*at, "regions", region), unknown("region", region, s.names("population", "regions")))
        if segment.regions and sum(segment.regions.values()) <= 0.0 and s.trusted(*at, "regions"):
            s.report((*at, "regions"), "the weights add up to 0; expected at least one above 0")
        for touchpoint in segment.use:
            s.touchpoint((*at, "use", touchpoint), touchpoint, lambda kind: True, "")


def _touchpoints(s: Subject) -> None:
    for name, touchpoint in s.scenario.touchpoints.items():
        if s.trusted("touchpoints", name):
            for key, message in touchpoint_problems(touchpoint):
                s.report(("touchpoints", name, *key.split(".")), message)
        if touchpoint.engine is not None:
            at = ("touchpoints", name, "engine")
            s.touchpoint(at, touchpoint.engine, lambda kind: kind.on_need and not kind.auction, "has no result pages")


def _places(s: Subject) -> None:
    online = {name for brand in s.scenario.brands.values() for name in brand.sells}
    for name, place in s.scenario.places.items():
        at = ("places", name)
        s.touchpoint((*at, "touchpoint"), place.touchpoint, _has_shops, "has no shops")
        if place.brand not in s.names("brands") and s.listed("brands"):
            s.report((*at, "brand"), unknown("brand", place.brand, s.names("brands")))
        if name in online and name in s.scenario.touchpoints and KINDS[s.scenario.touchpoints[name].kind].online:
            s.report(at, f"the online seller {name!r} is a place of that name already; rename the shop")


def _brands(s: Subject) -> None:
    for name, brand in s.scenario.brands.items():
        at = ("brands", name)
        for key, fits, what in (
            ("owns", _is_owned, "is bought media, not owned"),
            ("sells", _sells_online, "does not sell online (shops stand under 'places')"),
            ("fixed_costs", _is_owned, "is bought media and has no fixed cost"),
            ("avoidable", _is_owned, "is bought media and has no fixed cost"),
            ("bids", lambda kind: kind.auction, "sells no clicks by auction"),
        ):
            for touchpoint in getattr(brand, key):
                s.touchpoint((*at, key, touchpoint), touchpoint, fits, what)
        for touchpoint in brand.initial.members:
            s.touchpoint((*at, "initial", "members", touchpoint), touchpoint, _has_members, "has no members")
        if s.trusted(*at, "policy", "name"):
            _policy(s, name, brand)


def _policy(s: Subject, name: str, brand: Brand) -> None:
    """The policy exists, its settings are right, and the touchpoints in them take media money."""
    from pydantic import ValidationError

    from agorasim.brands.registry import policy_class, policy_names
    from agorasim.scenario.wording import problems_of

    at = ("brands", name, "policy")
    try:
        if brand.policy.name not in policy_names():
            s.report((*at, "name"), unknown("policy", brand.policy.name, policy_names()))
            return
        policy = policy_class(brand.policy.name)
    except InputError as error:
        # An installed package's policy that cannot be loaded.
        s.report((*at, "name"), str(error))
        return
    given = dict(brand.policy.model_extra or {})
    try:
        settings = policy.Settings.model_validate(given)
    except ValidationError as error:
        if s.trusted(*at):
            shape = Shape.of(policy.Settings.model_json_schema())
            s.problems.extend(problems_of(error, given, shape, at))
        return
    for touchpoint in sorted(policy(settings).touchpoints()):
        places = list(_mentions(given, touchpoint)) or [()]
        for path in places:
            s.touchpoint((*at, *path), touchpoint, lambda kind: kind.buys_media, "takes no media money")


def _money(s: Subject) -> None:
    """What one order moves, and what all orders of a day do, can be counted in whole minor units of 64 bits."""
    from agorasim.scenario.money_checks import mechanism_money

    scenario = s.scenario
    orders = scenario.population.size * (1 if scenario.category.kind == "durable" else scenario.category.need.most)
    most = min(MOST, 2**62 // orders) / scenario.currency.minor_units

    def look(path: KeyPath, what: str, amount: float) -> None:
        if amount > most and s.trusted(*map(str, path)):
            s.report(path, f"{what} of {amount:g} is too large to be counted; expected at most {most:g}")

    for name, brand in scenario.brands.items():
        at, price = ("brands", name), brand.product.price
        look((*at, "product", "price"), "a price", price)
        look((*at, "product", "unit_cost"), "a cost", brand.product.unit_cost)
        for seller, sells in brand.sells.items():
            look((*at, "sells", seller, "delivery_cost"), "a cost", sells.delivery_cost)
            if price <= most:
                look((*at, "sells", seller), "a price", price * sells.price_factor + sells.delivery_fee)
        for shop, place in scenario.places.items():
            if place.brand == name and price <= most:
                look(("places", shop, "price_factor"), "a price", price * place.price_factor)
    for path, amount in mechanism_money(scenario):
        look(path, "an amount", amount)


def _mentions(data: Any, name: str, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Where a name stands in policy settings, as a key or as a value."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            if key == name:
                yield (*path, str(key))
            yield from _mentions(value, name, (*path, str(key)))
    elif isinstance(data, list):
        for k, value in enumerate(data):
            yield from _mentions(value, name, (*path, k))
    elif data == name:
        yield path


def _layers(s: Subject) -> None:
    social = s.scenario.social
    rule = social.word_of_mouth.rule if social.word_of_mouth else None
    for name, layer in social.layers.items():
        at = ("social", "layers", name)
        if layer.file is not None:
            why = file_problem(layer.file, s.folder, s.allow_outside)
            if why is not None and s.trusted(*at, "file"):
                s.report((*at, "file"), why)
        if layer.generator is None or layer.generator.kind != "complete" or not s.trusted(*at, "generator"):
            continue
        if len(s.names("social", "layers")) > 1:
            s.report((*at, "generator"), "a complete graph stands alone; remove the other layers")
        if rule not in (None, *ADOPTION_RULES) and s.trusted("social", "word_of_mouth", "rule"):
            rules = ", ".join(ADOPTION_RULES)
            s.report(
                (*at, "generator"), f"a complete graph does not carry messages (rule {rule!r}); use a rule of: {rules}"
            )


def _word_of_mouth(s: Subject) -> None:
    talk = s.scenario.social.word_of_mouth
    at = ("social", "word_of_mouth")
    if talk is None or not s.trusted(*at, "rule"):
        return
    if talk.rule in ADOPTION_RULES and s.scenario.category.kind != "durable" and s.trusted("category", "kind"):
        s.report(
            (*at, "rule"), f"the rule {talk.rule!r} acts on durables; expected 'cascade', or category.kind: durable"
        )
    if talk.rule == "contact" and talk.q > 1.0 and s.trusted(*at, "q"):
        s.report((*at, "q"), f"out of range (got {talk.q:g}); with the rule 'contact' expected a number from 0 to 1")


def _outcomes(s: Subject) -> None:
    from agorasim.measures.metrics import BY_NAME

    primary = s.scenario.outcomes.primary
    if primary not in BY_NAME and s.trusted("outcomes", "primary"):
        s.report(("outcomes", "primary"), unknown("metric", primary, BY_NAME))


def _is_owned(kind: KindTraits) -> bool:
    return not kind.paid


def _has_members(kind: KindTraits) -> bool:
    return kind.members_only


def _sells_online(kind: KindTraits) -> bool:
    return kind.sells and kind.online


def _has_shops(kind: KindTraits) -> bool:
    return any(kind is KINDS[name] for name in SHOP_KINDS)


def sells_somewhere(scenario: Scenario, brand: str) -> bool:
    """Whether a brand can be bought at all."""
    shops: Iterable[str] = (place.brand for place in scenario.places.values())
    return bool(scenario.brands[brand].sells) or brand in shops
