"""What `agorasim list` shows, one function a subject: column titles and rows of text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

Rows = tuple[list[str], list[list[str]]]

#: Mechanism, the scenario key that sets it, what it is and where it comes from.
MECHANISMS: Final = (
    ("media exposure", "touchpoints.*.use", "Poisson frequency per user, capped (GRP = reach x frequency)"),
    ("diminishing returns", "touchpoints.*.saturation", "each further impression of a day works less"),
    ("price pressure", "touchpoints.*.cost.pressure", "media prices rise once demand exceeds inventory"),
    ("fatigue", "touchpoints.*.irritation", "impressions tire; recovers by category.memory.fatigue_decay"),
    ("memory", "category.memory", "awareness, goodwill and habit fade geometrically (Nerlove & Arrow 1962)"),
    ("owned contact", "brands.*.owns", "users of a brand's own places meet it there"),
    ("membership", "touchpoints.*.join", "buyers join communities, apps and lists; brands post to members"),
    ("cascade", "social.word_of_mouth.rule", "messages try each tie once (Goldenberg, Libai & Muller 2001)"),
    ("contact", "social.word_of_mouth.rule", "adoption by 1-(1-p)(1-q)^k from k adopted neighbours"),
    ("hazard", "social.word_of_mouth.rule", "adoption at rate p + q x adopted share (Bass 1969)"),
    ("threshold", "social.word_of_mouth.rule", "adoption once a share of ties has adopted (Granovetter 1978)"),
    ("needs", "category.need", "Poisson in time, gamma over people: NBD counts (Ehrenberg 1959)"),
    ("calendar", "calendar.weekday", "weekdays, seasons and festivals multiply needs"),
    ("choice", "category.choice", "nested logit: brand or nothing above, place below (McFadden 1978)"),
    ("search", "brands.*.organic_search", "a searched need meets brands organically and through ads"),
    ("stock and capacity", "places.*.stock", "contested units go by a draw per consumer and place, not by order"),
    ("experience", "category.experience", "satisfaction by expectation and disconfirmation (Oliver 1980)"),
    ("search auction", "touchpoints.*.auction", "clicks by second price over bid x quality (Varian 2007)"),
    ("hours on air", "touchpoints.*.windows", "broadcasts meet those who watch at their hours"),
    ("festivals", "calendar.festivals", "needs wait for them, and people stock up (Mace & Neslin 2004)"),
    ("segments from data", "population.segments_from", "M2: segments read from a CSV of shares and moments"),
    ("competition", "brands", "M15: any number of brands, and not buying; double jeopardy appears by itself"),
    ("organisation", "brands.*.organisation", "M17: which channels may decide together, how often, how late informed"),
    ("reports", "data.report_delay", "M17: brands learn late; M7: noisy, by what their data platform can join"),
    ("encoding variability", "category.memory.encoding_variability", "optional gain of a second touchpoint; 0 is off"),
)


def scenarios() -> Rows:
    """Bundled scenarios."""
    from agorasim.scenario.reading import bundled
    from agorasim.scenario.schema import Scenario

    rows = []
    for name in bundled():
        scenario = Scenario.load(name)
        size = f"{scenario.population.size:,} consumers, {scenario.calendar.days} days"
        rows.append([name, size, ", ".join(scenario.brands), " ".join(scenario.description.split())])
    return ["scenario", "size", "brands", "what it is for"], rows


def policies() -> Rows:
    """Strategies that a brand can run, built in and installed."""
    from agorasim.brands.registry import describe

    return ["policy", "what it does"], [[name, text] for name, text in describe()]


def touchpoints() -> Rows:
    """Kinds of touchpoint: what each is, can do and knows, in which terms it is paid, and its default numbers."""
    from agorasim.scenario.catalogue import KINDS
    from agorasim.scenario.schema import Touchpoint

    rows = []
    for name, kind in KINDS.items():
        plain = Touchpoint.model_validate({"kind": name})
        abilities = (
            ("buys media", kind.buys_media and not kind.auction), ("auctions clicks", kind.auction),
            ("sells", kind.sells), ("messages", kind.messages), ("on air at hours", kind.timed),
            ("tiers", kind.tiered),
        )  # fmt: skip
        can = [word for word, yes in abilities if yes]
        if kind.buys_media:
            can.append(f"{plain.cost.model} {plain.cost.price:g}")
        where = f"{'online' if kind.online else 'offline'}, {'paid' if kind.paid else 'owned'}"
        knows = f"by {plain.identity}, aims at {plain.targeting}"
        hidden = ("identity", "targeting", "cost", "windows")
        numbers = ", ".join(f"{key}={value}" for key, value in kind.defaults.items() if key not in hidden)
        rows.append([name, where, ", ".join(can), kind.meaning, knows, numbers])
    return ["kind", "where", "can", "what it is", "knows people", "defaults"], rows


def metrics() -> Rows:
    """Columns of the KPI table; those of a mechanism are there when it is on."""
    from agorasim.measures.mechanisms import OF_MECHANISM
    from agorasim.measures.metrics import METRICS

    only = {m.name: name for name, block in OF_MECHANISM.items() for m in block}
    rows = [
        [m.name, m.unit, "ratio" if m.ratio else m.kind, ", ".join(m.levels), m.meaning, only.get(m.name, "")]
        for m in METRICS
    ]
    return ["metric", "unit", "kind", "known per", "what it is", "with the mechanism"], rows


def mechanisms() -> Rows:
    """What the model always has, with the scenario key that sets it, and the mechanisms that a key switches on."""
    from agorasim.ecosystem.mechanisms import MECHANISMS as OPTIONAL

    rows = [["", name, key, meaning] for name, key, meaning in MECHANISMS]
    switched = sorted(OPTIONAL, key=lambda kind: (int(kind.code[1:]), kind.name))
    rows += [[kind.code, kind.name.replace("_", " "), ", ".join(kind.keys), kind.meaning] for kind in switched]
    return ["code", "mechanism", "scenario key", "what it is"], rows


SUBJECTS: Final[dict[str, Callable[[], Rows]]] = {
    "scenarios": scenarios,
    "policies": policies,
    "touchpoints": touchpoints,
    "metrics": metrics,
    "mechanisms": mechanisms,
}
