"""Building a world's columns from a scenario."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour import columns as c
from agorasim.behaviour.need import TIE_UNIT
from agorasim.brands.ledger import to_minor
from agorasim.ecosystem.calendar import Days
from agorasim.ecosystem.market import Market
from agorasim.ecosystem.mechanisms import active
from agorasim.ecosystem.media import Media
from agorasim.ecosystem.population import Population, need_zero
from agorasim.ecosystem.records import History
from agorasim.ecosystem.social.building import build_layers, size_from_files, tie_strengths
from agorasim.ecosystem.strategy import Strategies
from agorasim.errors import InputError
from agorasim.randomness import (
    BRAND_CHOICE,
    CHUNK,
    INITIAL,
    PLACE_CHOICE,
    Identities,
    draw_bounds,
    stable_id,
    stream,
    uniforms,
)

if TYPE_CHECKING:
    from agorasim.ecosystem.social.csr import Graph
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]
MOST_VISITS = 32  # bits of `visited`
#: Columns of a world that shares its meetings with no other.
NO_AGENDA: dict[str, Array] = {
    "agenda_row": np.empty(0, dtype=np.int64),
    "agenda_first": np.empty((0, 0), dtype=np.int64),
    "agenda_who": np.empty(0, dtype=np.int32),
    "agenda_what": np.empty(0, dtype=np.uint8),
}
_LANES = 8  # 64-bit numbers in a vector of the processor, at most


@dataclass
class Built:
    """The parts of a new world."""

    factor: float
    population: Population
    graphs: dict[str, Graph]
    market: Market
    media: Media
    strategies: Strategies
    days: Days
    history: History
    columns: c.Columns
    message_entities: dict[str, Array]
    strengths: dict[str, Array]
    fixed: Array


def build(scenario: Scenario, seed: int, replicate: int, graphs: Mapping[str, Any] | None) -> Built:
    """Everything a world starts with. InputError when graph files or names cannot be used."""
    size = size_from_files(scenario, graphs) or scenario.population.size
    factor = size / scenario.population.size if scenario.population.scale else 1.0
    people = Population(scenario, seed, replicate, size)
    layers = build_layers(
        scenario, seed, replicate, size, people.segment, people.traits["x"], people.traits["y"], graphs
    )
    names = list(scenario.touchpoints)
    for t, touchpoint in enumerate(scenario.touchpoints.values()):
        if touchpoint.engine is not None:
            people.use[t] = people.use[names.index(touchpoint.engine)]  # one search shows both
    ids = Identities()
    media = Media(scenario, people.use, people.need_rate, ids, factor)
    if len(media.bits) > MOST_VISITS:
        raise InputError(f"at most {MOST_VISITS} touchpoints can be visited, the scenario has {len(media.bits)}")
    near = media.nearness(people.traits["x"], people.traits["y"])
    market = Market(scenario, factor, media.bits)
    strategies = Strategies(scenario, seed, replicate, factor)
    for b in range(len(scenario.brands)):
        market.set_prices(b, strategies.price[b], 0.0)
    history = History(scenario, market, len(people.segments), len(people.regions))
    columns = _columns(scenario, seed, replicate, people, layers, media, market, near, ids)
    minor = scenario.currency.minor_units
    fixed = np.zeros((len(scenario.brands), len(scenario.touchpoints)), dtype=np.int64)
    for b, brand in enumerate(scenario.brands.values()):
        for t, name in enumerate(scenario.touchpoints):
            fixed[b, t] = to_minor(brand.fixed_costs.get(name, 0.0) * factor, minor)
    entities = {
        layer: np.array([ids.of("message", layer, brand) for brand in scenario.brands], dtype=np.uint32)
        for layer in layers
    }
    strengths = {
        name: tie_strengths(graph, scenario.social.layers[name].strength_cv, name, people.now)
        for name, graph in layers.items()
    }
    return Built(factor, people, layers, market, media, strategies, Days(scenario.calendar), history, columns,
                 entities, strengths, fixed)  # fmt: skip


def order_space(scenario: Scenario, size: int) -> Array:
    """Room for every order that could be placed on a day; pages that are never written cost no memory."""
    most = 1 if scenario.category.kind == "durable" else scenario.category.need.most
    return np.empty(size * most, dtype=c.ORDER)


def speaker_space(codes: int) -> Array:
    """Room for everybody to speak about every brand; like `order_space`, it costs only what is used."""
    return np.empty(codes, dtype=np.int32)


def tie_weights(scenario: Scenario, graph: Graph) -> Array:
    """Whole-number weights of ties for the threshold rule; empty where every tie counts one."""
    rule = scenario.social.word_of_mouth
    if rule is None or rule.rule != "threshold" or graph.weights is None:
        return np.empty(0, dtype=np.int32)
    return np.rint(graph.weights * TIE_UNIT).astype(np.int32)


def _columns(
    scenario: Scenario, seed: int, replicate: int, people: Population, layers: dict[str, Graph],
    media: Media, market: Market, near: Array, ids: Identities,
) -> c.Columns:  # fmt: skip
    size, brands = people.size, len(scenario.brands)
    word_of_mouth = scenario.social.word_of_mouth
    talking = word_of_mouth is not None and word_of_mouth.rule == "cascade" and bool(layers)
    sequences = 1 if scenario.category.kind == "durable" else scenario.category.need.most
    people.traits["ties"] = _ties(scenario, layers, size)
    cells = len(people.segments) * len(people.regions)
    choice_ids, choice_purposes = _choice_draws(scenario, market, ids, sequences)
    trades, owner = _trades(scenario, seed, replicate, people)
    groups = frozenset(group for mechanism in active(scenario) for group in mechanism.uses)
    return c.Columns(
        now=stream(seed, replicate),
        params=_params(scenario, layers, size, bool((people.need_rate > 0).any()), talking),
        **_persons(people, owner),
        traits=people.traits,
        **_bonds(scenario, size),
        **trades,
        **_empty(c.TALK, size if talking else 0, brands),
        treated=np.empty(0, dtype=np.uint8),
        use=people.use,
        near=near,
        touches=np.empty(0, dtype=c.TOUCH),
        pairs=np.empty(0, dtype=c.PAIR),
        steps=np.empty((0, 1)),
        lift=media.lift,
        results=np.empty(0, dtype=c.RESULT),
        brands=_brands(scenario, media, market, ids),
        offers=market.table,
        choice_ids=choice_ids,
        choice_purposes=choice_purposes,
        escapes=_escapes(scenario, layers, people),
        orders=order_space(scenario, size),
        counts=np.zeros(4, dtype=np.int64),
        at_touch=np.zeros((brands, len(scenario.touchpoints), c.AT_TOUCH), dtype=np.int64),
        at_offer=np.zeros((len(market.offers), c.OF_OFFER), dtype=np.int64),
        by_cell=np.zeros((brands, cells, c.BY_CELL), dtype=np.int64),
        needs_by_cell=np.zeros(cells, dtype=np.int64),
        uniform=np.empty((2, CHUNK)),
        listed=np.empty((2, CHUNK + 1), dtype=np.int64),
        who=np.empty((2, CHUNK + 1), dtype=np.int32),
        what=np.empty((2, CHUNK + 1), dtype=np.uint8),
        **NO_AGENDA,
        tossed=np.empty((3, len(choice_purposes))),
        bounds=draw_bounds(),
        levels=np.zeros((brands, cells, c.LEVELS), dtype=np.int64),
        speakers=speaker_space(size * brands if talking else 0),
        spoken=np.zeros(1, dtype=np.int64),
        **_optional(groups, size, brands),
        modes=np.empty(0, dtype=c.MODE),
        log=np.empty(0, dtype=c.LOG),
        log_end=np.zeros(1, dtype=np.int64),
    )


def _optional(groups: Collection[str], size: int, brands: int) -> dict[str, Array]:
    """Columns that only mechanisms need; those of groups that nobody asked for have length 0."""
    letters = {"N": size, "B": brands, "A": 0, "G": 0}
    out = {}
    for group, names in c.OPTIONAL.items():
        for name, (kind, shape) in names.items():
            lengths = [letters[k] for k in shape] if group in groups else [0] * len(shape)
            out[name] = np.full(lengths, c.STARTS.get(name, 0), dtype=kind)
    return out


def _choice_draws(scenario: Scenario, market: Market, ids: Identities, sequences: int) -> tuple[Array, Array]:
    """Entities (K, L) of the draws of the k-th order of a day, and what each is drawn for (L,).

    L is filled up to whole vectors of the processor; what is drawn for nobody is not looked at.
    """
    names: list[tuple[str, ...]] = [("choice", "offer", o.brand, o.place) for o in market.offers]
    names += [("choice", "nothing"), *(("choice", "brand", b) for b in scenario.brands)]
    width = -(-len(names) // _LANES) * _LANES
    table = np.zeros((sequences, width), dtype=np.uint32)
    for k in range(sequences):
        table[k, : len(names)] = [ids.of(*name, k) for name in names]
    purposes = np.full(width, PLACE_CHOICE, dtype=np.uint32)
    purposes[len(market.offers) + 1 : len(names)] = BRAND_CHOICE
    return table, purposes


def _empty(kinds: Mapping[str, str], *shape: int) -> dict[str, Array]:
    return {name: np.zeros(shape, dtype=kind) for name, kind in kinds.items()}


def _persons(people: Population, owner: Array) -> dict[str, Array]:
    drawn: dict[str, Array] = {
        "need_rate": people.need_rate,
        "need_zero": need_zero(people.need_rate, 1.0),
        "cell": people.cell,
        "consent": people.consent,
        "owner": owner,
    }
    return _empty(c.PERSON, people.size) | drawn


def _bonds(scenario: Scenario, size: int) -> dict[str, Array]:
    bond = _empty(c.BOND, size, len(scenario.brands))
    for b, brand in enumerate(scenario.brands.values()):
        bond["awareness"][:, b] = brand.initial.awareness
        bond["goodwill"][:, b] = brand.initial.goodwill
        bond["habit"][:, b] = brand.initial.habit
    return bond


def _trades(scenario: Scenario, seed: int, replicate: int, people: Population) -> tuple[dict[str, Array], Array]:
    """What passed between people and brands before the first day, and who owns one."""
    trade = _empty(c.TRADE, people.size, len(scenario.brands))
    owner = np.zeros(people.size, dtype=np.uint8)
    for name in ("arrives", "first_day", "touch_day"):
        trade[name].fill(-1)
    now = stream(seed, replicate)
    for b, (name, brand) in enumerate(scenario.brands.items()):
        trade["expectation"][:, b] = brand.product.quality
        if brand.initial.buyers > 0.0:
            bought = uniforms(now, INITIAL, people.size, stable_id("buyer", name)) < brand.initial.buyers
            trade["bought"][bought, b] = 1
            owner[bought] = 1
        for touchpoint in brand.owns:
            share = brand.initial.members.get(touchpoint, 0.0)
            if share > 0.0:
                joined = uniforms(now, INITIAL, people.size, stable_id("member", name, touchpoint)) < share
                trade["member"][joined, b] = 1
    return trade, owner


def _ties(scenario: Scenario, layers: dict[str, Graph], size: int) -> Array:
    """Ties of each consumer over all layers (weighted, in whole units, under the threshold rule)."""
    ties = np.zeros(size, dtype=np.int64)
    for graph in layers.values():
        if graph.complete:
            ties += size - 1
            continue
        weights = tie_weights(scenario, graph)
        count = np.bincount(graph.neighbours, weights=weights if len(weights) else None, minlength=size)
        ties += count.astype(np.int64)
    return ties


def _escapes(scenario: Scenario, layers: dict[str, Graph], people: Population) -> NDArray[np.float64]:
    """(1 - q) ** k for every number k of adopted ties that can occur."""
    rule = scenario.social.word_of_mouth
    if rule is None or rule.rule != "contact":
        return np.ones(1)
    most = people.size if any(g.complete for g in layers.values()) else int(people.traits["ties"].max(initial=0))
    out = np.ones(most + 1)
    for k in range(1, most + 1):
        out[k] = out[k - 1] * (1.0 - rule.q)
    return out


def join_chance(scenario: Scenario, brand: str, shut: Collection[str] = ()) -> float:
    """Probability that a buyer becomes a member through any touchpoint that the brand runs and has not shut."""
    stay_out = 1.0
    for touchpoint in scenario.brands[brand].owns:
        if touchpoint not in shut:
            stay_out *= 1.0 - scenario.touchpoints[touchpoint].join
    return 1.0 - stay_out


def _brands(scenario: Scenario, media: Media, market: Market, ids: Identities) -> Array:
    table = np.zeros(len(scenario.brands), dtype=c.BRAND)
    choice = scenario.category.choice
    for b, (name, brand) in enumerate(scenario.brands.items()):
        row = table[b]
        row["entity"] = ids.of("brand", name)
        row["quality"] = brand.product.quality
        row["base"] = choice.intercept + choice.quality * brand.product.quality
        row["join"] = row["join_untreated"] = join_chance(scenario, name)
        row["unit_cost"] = to_minor(brand.product.unit_cost, scenario.currency.minor_units)
        row["first"], row["end"] = market.spans(len(scenario.brands))[b]
    return table


def _params(scenario: Scenario, layers: dict[str, Graph], size: int, needing: bool, talking: bool) -> Array:
    out = np.zeros(1, dtype=c.PARAMS)
    p = out[0]
    category = scenario.category
    memory, choice, after = category.memory, category.choice, category.experience
    p["keep_awareness"], p["keep_goodwill"] = 1.0 - memory.awareness_decay, 1.0 - memory.goodwill_decay
    p["keep_habit"], p["keep_fatigue"] = 1.0 - memory.habit_decay, 1.0 - memory.fatigue_decay
    p["encoding"] = memory.encoding_variability
    p["need_factor"], p["needing"] = 1.0, needing
    p["durable"] = category.kind == "durable"
    p["most"] = 1 if category.kind == "durable" else category.need.most
    p["consumers"] = size
    p["complete"] = any(g.complete for g in layers.values())
    p["dissimilarity"], p["goodwill"], p["habit"] = choice.dissimilarity, choice.goodwill, choice.habit
    p["distance"], p["visit"] = choice.distance, choice.visit
    p["noise"], p["adaptation"] = after.noise, after.adaptation
    p["habit_gain"], p["goodwill_gain"] = after.habit, after.goodwill
    p["delight"], p["disappointment"], p["stockout"] = after.delight, after.disappointment, after.stockout
    p["window"] = scenario.data.attribution_window
    p["tires"] = 1.0
    p["pain"] = choice.price / (category.reference_price * scenario.currency.minor_units)
    p["promotion"] = choice.promotion
    rule = scenario.social.word_of_mouth
    if rule is not None:
        p["rule"] = c.RULES[rule.rule]
        p["p"], p["q"] = rule.p, rule.q
        p["innovation"], p["direct"] = rule.innovation == "awareness", rule.adopt == "direct"
        p["talking"] = talking
        p["transmit"], p["pass_on"] = rule.transmit, rule.pass_on
        p["recommend"], p["complain"] = rule.recommend, rule.complain
        p["wom_awareness"], p["wom_good"], p["wom_bad"] = rule.awareness, rule.good, rule.bad
    return out
