"""What is allowed in a scenario and yet probably not meant."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agorasim.scenario.catalogue import KINDS
from agorasim.scenario.checks import ADOPTION_RULES, sells_somewhere
from agorasim.scenario.schema.shocks import Shock

if TYPE_CHECKING:
    from agorasim.scenario.schema import Brand, Scenario


def warnings(scenario: Scenario) -> list[str]:
    """One sentence for each oddity, with its path, in the order of the scenario's keys."""
    looks = (_calendar, _population, _social, _touchpoints, _places, _category, _brands)
    return [f"{path}: {words}" for look in looks for path, words in look(scenario)]


Oddities = Iterator[tuple[str, str]]


def _calendar(scenario: Scenario) -> Oddities:
    calendar = scenario.calendar
    first = calendar.first()
    last = first + datetime.timedelta(days=calendar.days - 1)
    for what, dated in (("festivals", calendar.festivals), ("shocks", calendar.shocks)):
        for name, event in dated.items():
            start = datetime.date.fromisoformat(event.start)
            length = event.days + (event.recovery if isinstance(event, Shock) else 0)
            if start > last or start + datetime.timedelta(days=length - 1) < first:
                yield f"calendar.{what}.{name}", f"never happens: the world runs from {first} to {last}"
    for brand, model in scenario.brands.items():
        for what, campaigns in (("coupons", model.coupons), ("promotions", model.promotions)):
            for name, one in campaigns.items():
                if one.start is None:
                    continue
                start = datetime.date.fromisoformat(one.start)
                runs = (one.days or 1) if what == "promotions" else 1
                gone = getattr(one, "every", None) is None and start + datetime.timedelta(days=runs - 1) < first
                if start > last or gone:
                    yield f"brands.{brand}.{what}.{name}", f"never happens: the world runs from {first} to {last}"
    if sum(calendar.weekday) <= 0.0:
        yield "calendar.weekday", "every multiplier is 0, so nobody ever has a need"


def _population(scenario: Scenario) -> Oddities:
    for name, segment in scenario.population.segments.items():
        if segment.need == 0.0:
            yield f"population.segments.{name}.need", "is 0, so nobody in this segment ever buys"


def _social(scenario: Scenario) -> Oddities:
    social, size = scenario.social, scenario.population.size
    from_file = any(layer.file is not None for layer in social.layers.values())
    for name, layer in social.layers.items():
        path = f"social.layers.{name}"
        if layer.nodes is not None and layer.file is None:
            yield f"{path}.nodes", "has no effect without a file"
        ties = getattr(layer.generator, "degree", getattr(layer.generator, "links", 0))
        if ties >= size and not from_file:
            yield f"{path}.generator", f"asks for {ties:g} ties a person among {size} people"
        if layer.strength == 0.0:
            yield f"{path}.strength", "is 0, so nothing crosses these ties"
    talk = social.word_of_mouth
    if social.statistics is not None and (talk is None or talk.rule != "cascade" or not social.layers):
        yield "social.statistics", "has no effect: nobody passes messages on"
    if talk is None:
        if social.layers:
            yield "social.word_of_mouth", "is absent, so nobody talks over the layers"
        return
    if not social.layers:
        yield "social.layers", "there are none, so word of mouth reaches nobody"
    if (
        talk.rule in ("contact", "hazard")
        and talk.p == 0.0
        and not any(b.initial.buyers for b in scenario.brands.values())
    ):
        yield "social.word_of_mouth.p", f"is 0 and nobody has bought before, so the rule {talk.rule!r} never starts"
    if talk.rule == "cascade" and talk.adopt == "direct":
        yield "social.word_of_mouth.adopt", "has no effect with the rule 'cascade'"


def _touchpoints(scenario: Scenario) -> Oddities:
    planned = {name for brand in scenario.brands.values() for name in _plan(brand)}
    for name, touchpoint in scenario.touchpoints.items():
        path, kind = f"touchpoints.{name}", KINDS[touchpoint.kind]
        segments = [s.use.get(name, touchpoint.use) for s in scenario.population.segments.values()]
        if name in planned and not any(segments):
            yield f"{path}.use", "is 0 for everybody, yet a brand plans media money here"
        if kind.buys_media and touchpoint.cost.model == "cpc" and touchpoint.click_rate == 0.0:
            yield f"{path}.click_rate", "is 0 where clicks are paid (cpc), so money buys nothing"
        if "cost" in touchpoint.model_fields_set and touchpoint.cost != type(touchpoint.cost)() and not kind.buys_media:
            yield f"{path}.cost", f"has no effect: a touchpoint of kind {touchpoint.kind!r} takes no media money"
    yield from _aimed(scenario)
    for segment, who in scenario.population.segments.items():
        for name in who.use:
            if KINDS[scenario.touchpoints[name].kind].members_only and who.use[name] > 0.9:
                yield f"population.segments.{segment}.use.{name}", "nearly every member uses it every day"


def _aimed(scenario: Scenario) -> Oddities:
    """Ads that follow people where nobody can be followed, or follow nobody where they could."""
    for brand, model in scenario.brands.items():
        audiences = {} if model.data_platform is None else model.data_platform.audiences
        for name, audience in audiences.items():
            found = scenario.touchpoints[name]
            if audience.who == "retarget" and found.targeting not in ("behaviour", "person"):
                path = f"brands.{brand}.data_platform.audiences.{name}"
                yield path, f"follows people where the finest thing that can be aimed at is {found.targeting!r}"
        for name in _plan(model):
            planned = scenario.touchpoints.get(name)
            if planned is not None and planned.kind == "retargeting" and name not in audiences:
                yield f"brands.{brand}.policy.plan.{name}", "retargets nobody in particular without an audience"


def _places(scenario: Scenario) -> Oddities:
    for name, place in scenario.places.items():
        if len(set(place.closed)) == 7:
            yield f"places.{name}.closed", "names all seven weekdays, so the shop never opens"
        if place.stock == 0:
            yield f"places.{name}.stock", "is 0, so nothing can be bought here"


def _category(scenario: Scenario) -> Oddities:
    need, talk = scenario.category.need, scenario.social.word_of_mouth
    if need.rate > 3.0:
        yield "category.need.rate", f"is {need.rate:g} needs a person and day; rates are per day, not per month"
    if scenario.category.over_marketing is not None and not any(t.irritation for t in scenario.touchpoints.values()):
        yield "category.over_marketing", "has no effect: no touchpoint has an irritation above 0"
    adopted = scenario.category.kind == "durable" and talk is not None and talk.rule in ADOPTION_RULES
    if need.rate == 0.0 and not adopted:
        yield "category.need.rate", "is 0, so nobody ever buys"


def _brands(scenario: Scenario) -> Oddities:
    talk = scenario.social.word_of_mouth
    adopts = scenario.category.kind == "durable" and talk is not None and talk.adopt == "direct"
    adopts = adopts and talk is not None and talk.rule in ADOPTION_RULES
    for name, brand in scenario.brands.items():
        path, product = f"brands.{name}", brand.product
        if not sells_somewhere(scenario, name) and not adopts:
            yield path, "is sold nowhere: it has no 'sells' and no shop under 'places'"
        if product.price == 0.0:
            yield f"{path}.product.price", "is 0"
        elif product.unit_cost > product.price:
            yield f"{path}.product.unit_cost", f"{product.unit_cost:g} is above the price of {product.price:g}"
        reference = scenario.category.reference_price
        if product.price and not 0.1 <= product.price / reference <= 10.0:
            yield f"{path}.product.price", f"{product.price:g} is far from category.reference_price, {reference:g}"
        plan = sum(_plan(brand).values())
        if plan > brand.budget * (1 + 1e-9):
            yield f"{path}.budget", f"is {brand.budget:g} a day, less than the plan's {plan:g}"
        for key, ad in brand.bids.items():
            posted = scenario.touchpoints[key]
            bid = posted.cost.price if ad.bid is None else ad.bid
            if bid * ad.quality < posted.auction.reserve:
                why = (
                    f"{bid:g} times quality is below the reserve of {posted.auction.reserve:g}, so no ad is ever shown"
                )
                yield f"{path}.bids.{key}.bid", why
        for key in brand.avoidable:
            if key not in brand.fixed_costs:
                yield f"{path}.avoidable.{key}", "has no effect without a fixed cost"


def _plan(brand: Brand) -> dict[str, float]:
    """Media money that the policy's settings plan a day; empty when the policy has no plan of that form."""
    plan: Any = (brand.policy.model_extra or {}).get("plan")
    if not isinstance(plan, dict):
        return {}
    return {name: money for name, money in plan.items() if isinstance(money, (int, float)) and money > 0}
