"""A watched consumer's days in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agorasim.ecosystem.trace import Day, Purchase, Receipt, State, Watched

_INDENT = " " * 10


def told(world: Watched) -> str:
    """The whole story: who, then day by day with quiet stretches in one line, states at months' ends."""
    from agorasim.ecosystem.trace import month_ends

    ends = month_ends(world)
    lines = [*_who(world), ""]
    quiet: list[Day] = []
    for day in world.life:
        if day.quiet:
            quiet.append(day)
        else:
            lines += _stretch(world, quiet) + _eventful(world, day)
            quiet = []
        if day.day in ends:
            lines += _stretch(world, quiet) + _month(world, day)
            quiet = []
    return "\n".join([*lines, "", *_summary(world)])


def _who(world: Watched) -> list[str]:
    i, w, people, scenario = world.consumer, world.w, world.population, world.scenario
    traits = w.traits[i]
    segment, region = people.segments[int(people.segment[i])], people.regions[int(people.region[i])]
    uses = [
        f"{name} {float(w.use[t, i]):.2f}" for t, name in enumerate(world.touchpoint_names) if float(w.use[t, i]) > 0.0
    ]
    ties = [f"{len(graph.neighbours_of(i))} {name}" for name, graph in world.graphs.items()]
    rows = [
        ("who", f"{_label(scenario.population.segments[segment].label, segment)}, lives in {region} at"
                f" ({float(traits['x']):.1f}, {float(traits['y']):.1f}) km"),
        ("needs", f"{float(w.need_rate[i]):.3g} a day on an ordinary day"),
        ("money", f"price sensitivity {float(traits['price']):.2f}, deal proneness {float(traits['deal']):.2f}"),
        ("talk", f"talks {float(traits['talk']):.2f}, listens {float(traits['ear']):.2f}; reaches "
                 + (" and ".join(ties) if ties else "nobody")),
        ("data", "lets brands identify them" if w.consent[i] else "does not let brands identify them"),
        ("uses", (", ".join(uses) or "no touchpoint") + " (chance a day)"),
    ]  # fmt: skip
    title = f"Consumer {i} of {scenario.name}, seed {world.seed}, replicate {world.replicate}"
    start = [f"{'at first':<10}{_state(state)}" for state in world.start]
    return [title, *(f"{name:<10}{text}" for name, text in rows), *start]


def _label(label: str, key: str) -> str:
    return f"{label} ({key})" if label and label != key else key


def _when(world: Watched, first: int, last: int) -> str:
    date = world.days.date(first)
    if first == last:
        return f"day {first}, {date:%a} {date}"
    return f"days {first}-{last}, {date} to {world.days.date(last)}"


def _stretch(world: Watched, quiet: list[Day]) -> list[str]:
    """Days without need, talk or goods, in one line."""
    if not quiet:
        return []
    seen: Counter[tuple[str, str]] = Counter()
    clicks: Counter[tuple[str, str]] = Counter()
    for day in quiet:
        for m in day.met:
            seen[m.brand, m.touchpoint] += m.impressions
            clicks[m.brand, m.touchpoint] += m.clicked
    head = f"{_when(world, quiet[0].day, quiet[-1].day)}: quiet"
    return [head + "; " + ("met nobody" if not seen else "met " + _meetings(world, seen, clicks))]


def _meetings(world: Watched, seen: Counter[tuple[str, str]], clicks: Counter[tuple[str, str]]) -> str:
    texts = []
    for brand in world.names:
        places = []
        for (who, where), n in seen.items():
            if who == brand:
                times = "" if n == 1 else f" x{n}"
                clicked = clicks[who, where]
                places.append(where + times + (f" ({_times(clicked)} clicked)" if clicked else ""))
        if places:
            texts.append(f"{brand} on {', '.join(places)}")
    return "; ".join(texts)


def _times(n: int) -> str:
    return "once" if n == 1 else "twice" if n == 2 else f"{n} times"


def _eventful(world: Watched, day: Day) -> list[str]:
    lines = []
    if day.met:
        seen = Counter({(m.brand, m.touchpoint): m.impressions for m in day.met})
        clicks = Counter({(m.brand, m.touchpoint): int(m.clicked) for m in day.met})
        lines.append("met " + _meetings(world, seen, clicks))
    for brand, good, bad in day.heard:
        said = [f"good from {good}"] * (good > 0) + [f"bad from {bad}"] * (bad > 0)
        lines.append(f"heard of {brand}: {', '.join(said)}")
    for brand, word in day.passes_on:
        lines.append(f"passes on {word} word of {brand}")
    if day.needs:
        lines.append("had a need" if day.needs == 1 else f"had {day.needs} needs")
    for found in day.found:
        how = "an ad" if found.paid else "a result"
        lines.append(f"searched on {found.touchpoint}: {how} of {found.brand}" + ", clicked" * found.clicked)
    lines += [_purchase(world, day.day, p) for p in day.purchases]
    lines += [_receipt(r) for r in day.received]
    for brand, word in day.says:
        lines.append(f"will {'recommend' if word == 'good' else 'complain about'} {brand}")
    lines += [f"became a member of {brand}" for brand in day.joined]
    return [_when(world, day.day, day.day), *(_INDENT + line for line in lines)]


def _purchase(world: Watched, day: int, purchase: Purchase) -> str:
    thought = f"considered {', '.join(purchase.considered)}" if purchase.considered else "no brand came to mind"
    if not purchase.brand:
        return f"{thought}: bought nothing"
    money = f"{purchase.price:,.2f} {world.scenario.currency.code}"
    text = f"{thought}: chose {purchase.brand} at {purchase.place} for {money}"
    if not purchase.served:
        return text + ", was refused (sold out)"
    wait = purchase.arrives - day
    return text if wait == 0 else f"{text}, to arrive on day {purchase.arrives}"


def _receipt(receipt: Receipt) -> str:
    gap = receipt.experienced - receipt.expected
    return (
        f"received {receipt.brand}: quality {receipt.experienced:.2f}, expected {receipt.expected:.2f}"
        f" ({gap:+.2f}), satisfaction {receipt.score} of 5"
    )


def _state(state: State) -> str:
    tired = f", fatigue {state.fatigue:.2f}" if state.fatigue >= 0.005 else ""
    return (
        f"{state.brand}: awareness {state.awareness:.2f}, goodwill {state.goodwill:+.2f}, habit {state.habit:.2f}"
        f"{tired}, {_count(state.orders, 'order')}{', member' if state.member else ''}"
    )


def _month(world: Watched, day: Day) -> list[str]:
    date = world.days.date(day.day)
    return [f"  -- end of {date:%B %Y} --", *(_INDENT + _state(state) for state in day.states)]


def _count(n: int, word: str) -> str:
    return f"{n} {word}{'' if n == 1 else 's'}"


def _summary(world: Watched) -> list[str]:
    life = world.life
    bought = [p for day in life for p in day.purchases if p.served]
    paid = sum(p.price for p in bought)
    chose = Counter(f"{p.brand} at {p.place}" for p in bought)
    heard = _sums((good, bad) for day in life for _, good, bad in day.heard)
    rows = [
        f"In {_count(len(life), 'day')}: {_count(sum(day.needs for day in life), 'need')},"
        f" {_count(len(bought), 'order')} for {paid:,.2f} {world.scenario.currency.code},"
        f" {sum(1 for day in life for p in day.purchases if p.brand and not p.served)} refused;"
        f" {_count(sum(m.impressions for day in life for m in day.met), 'impression')},"
        f" heard {heard[0]} good and {heard[1]} bad, said {sum(len(d.says) + len(d.passes_on) for d in life)}."
    ]
    if chose:
        rows.append("Bought: " + ", ".join(f"{place} {_times(n)}" for place, n in chose.most_common()) + ".")
    return rows


def _sums(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    good = bad = 0
    for a, b in pairs:
        good, bad = good + a, bad + b
    return good, bad
