"""Every kind of broken mechanism gives one clear message at the right line, and nothing that only follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agorasim.scenario import ScenarioError, loads, warnings

EVERYTHING = Path(__file__).parents[2] / "benchmarks" / "scenarios" / "everything.yaml"
TEXT = EVERYTHING.read_text(encoding="utf-8")

#: name: (what stands in the scenario with every mechanism, what to put there, parts of the one message). The message
#: must name the first line that differs.
CASES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    # coupons and discounts
    "coupon from nowhere": (
        "to: everybody}", "to: everybody, touchpoint: comunity}", ("unknown touchpoint", "'community'?"),
    ),
    "coupon for strangers": ("to: everybody}", "to: everybody, segments: [yung]}", ("segments.0", "'young'?")),
    "coupon worth nothing clear": ("to: everybody}", "to: everybody, share: 0.3}", ("exactly one of 'amount'",)),
    "coupon beyond certainty": ("chance: 0.2, to", "chance: 1.0001, to", ("got 1.0001", "from 0 to 1")),
    "promotion at no festival": ("discount: 0.1, weekdays: [5, 6]", "discount: 0.1, festival: fare", ("'fair'?",)),
    "promotion at two times": ("weekdays: [5, 6]}}", "weekdays: [5, 6], festival: fair}}", ("exactly one of 'start'",)),
    "tiers that fall": (
        "tiers: {silver: {points: 200", "tiers: {gold: {points: 300}, silver: {points: 200",
        ("must rise", "[300, 200]"),
    ),
    "points beyond counting": ("point_value: 0.03", "point_value: 1.0e+12", ("point_value", "too large to be counted")),
    "certain churn": ("mean: 0.08", "mean: 1", ("category.churn.mean", "above 0 below 1")),
    # people
    "stage that leads nowhere": ("next: parent", "next: parnt", ("unknown stage", "'parent'?")),
    "stage that ends in nothing": ("days: 500, next: out", "days: 500", ("leads nowhere", "'out'")),
    "stage that never ends": ("free: {days: 500, next: out", "free: {next: out", ("never ends", "'days'")),
    "stage fits no brand": ("fit: {lumo: 0.2}", "fit: {lumu: 0.2}", ("unknown brand", "'lumo'?")),
    "entry at no stage": ("entry: single", "entry: singel", ("unknown stage", "'single'?")),
    "mode that is none": ("modes: {habitual:", "modes: {habitul:", ("unknown key", "'habitual'?")),
    # touchpoints
    "extends itself": ("feed: {kind: social", "feed: {extends: feed", ("touchpoints.feed.extends", "extends itself")),
    "extends nobody": ("feed: {kind: social", "feed: {extends: vidos", ("'videos'?",)),
    "air time past midnight": ("start: 20, end: 23", "start: 22, end: 20", ("windows.0", "split it at midnight")),
    "air time on no day": ("weekdays: [4, 5, 6], start", "weekdays: [], start", ("empty", "a list of at least 1")),
    "ads on its own results": ("engine: results", "engine: search_ads", ("no result pages", "organic_search")),
    "auction of posts": ("feed: {kind: social", "feed: {kind: social, auction: {slots: 2}", ("only paid search",)),
    "festival of no days": ("days: 3, need: 1.5", "days: 0, need: 1.5", ("festivals.fair.days", "from 1 to 366")),
    "footprint beyond counting": (
        "posts: {kind: content", "posts: {footprint: 1.0e+12, kind: content", ("from 0 to 10000",),
    ),
    # shops
    "pick-up of what is not sold": (
        "pickup: {via: site", "pickup: {via: tv", ("online seller of brand 'lumo'", "'tv'"),
    ),
    "showroom with goods": ("showroom: true", "showroom: true, stock: 5", ("lumo_window.stock", "sells nothing")),
    "pool of another brand": (
        "    returns:", "    inventory: {pools: {all: [rivo_centre, lumo_centre]}}\n    returns:",
        ("pools.all.0", "did you mean 'lumo_centre'?"),
    ),
    "pool of one": (
        "    returns:", "    inventory: {pools: {all: [lumo_centre]}}\n    returns:",
        ("pools.all", "a list of 1", "a list of at least 2"),
    ),
    "pool of a showroom": (
        "    returns:", "    inventory: {pools: {all: [lumo_centre, lumo_window]}}\n    returns:",
        ("all.1", "lumo_window"),
    ),
    "resellers without places": ("  rivo:\n", "  rivo:\n    partners: {}\n", ("rivo.partners", "no reseller")),
    "cart in a showroom": (
        "distraction: 0.05,", "distraction: 0.05, places: {lumo_window: 0.4},", ("places.lumo_window", "showroom"),
    ),
    "cart in no shop": ("distraction: 0.05,", "distraction: 0.05, places: {lumo_cente: 0.4},", ("'lumo_centre'?",)),
    # data and organisation
    "groups that overlap": (
        "rest: {channels: [search_ads", "rest: {channels: [feed, search_ads", ("group 'feeds' already",),
    ),
    "channel of no group": ("rest: {channels: [search_ads, ", "rest: {channels: [", ("'search_ads'", "no group")),
    "structure that is none": ("three_tier", "three-tier", ("did you mean 'three_tier'?",)),
    "audience where nobody is known": ("audiences: {banners", "audiences: {tv", ("cannot aim", "targeting")),
    "personal without data": (
        "  rivo:\n", "  rivo:\n    personalisation: {}\n", ("rivo.personalisation", "data_platform"),
    ),
    "shock of no brand": ("brands: [lumo]}", "brands: [lumoo]}", ("shocks.rumour.brands.0", "'lumo'?")),
    # what only follows from a mistake is not told
    "owns in words": (
        "    owns: {results: 0.3, marketplace: 0.4, site", "    owns: everything #", ("lumo.owns", "a mapping"),
    ),
    "returns in words": ("    returns: {", "    returns: often #", ("lumo.returns", "'often'", "a mapping")),
    "members of nothing": (
        "members: {app: 0.05,", "members: {ap: 0.05,", ("initial.members.ap", "unknown touchpoint", "'app'?"),
    ),
}  # fmt: skip


#: How many lines above the first that differs a message rightly stands.
ABOVE = {"tiers that fall": 6, "channel of no group": 0}


@pytest.mark.parametrize("name", CASES)
def test_one_message_at_the_right_line(name: str) -> None:
    old, new, parts = CASES[name]
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    pairs = zip(text.splitlines(), TEXT.splitlines(), strict=False)
    line = next(k for k, (a, b) in enumerate(pairs, 1) if a != b)
    with pytest.raises(ScenarioError) as caught:
        loads(text, source="team.yaml")
    message = str(caught.value)
    assert len(caught.value.problems) == 1, message
    first = message.splitlines()[0]
    # What concerns entries together is told where their holder begins.
    assert first.startswith((f"team.yaml:{line}: ", f"team.yaml:{line - ABOVE.get(name, 0)}: ")), message
    for part in parts:
        assert part in first, message


SHORT = """\
name: short
population: {size: 10}
touchpoints: {shop: {kind: store}, site: {kind: own_site}, club: {kind: community}, fair: {kind: event}}
places: {corner: {touchpoint: shop, brand: lumo}}
brands:
  lumo: {}
"""


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("brand: lumo}", "brand: lumo, pickup: {via: site}}", ("pickup.via", "online seller", "(none are defined)")),
        ("lumo: {}", "lumo: {bridges: {join_in_store: {into: club}}}", ("join_in_store.into", "owned touchpoint")),
        ("lumo: {}", "lumo: {private_domain: {touchpoints: {club: {}}}}", ("does not run 'club'", "brands.lumo.owns")),
        ("lumo: {}", "lumo: {coupons: {a: {amount: 1, to: members}}}", ("coupons.a.to", "has no members")),
        ("lumo: {}", "lumo: {owns: {shop: 1}, coupons: {a: {amount: 1, touchpoint: club}}}", ("is for members",)),
        ("lumo: {}", "lumo: {unseen: {}}", ("unseen", "sells nothing online")),
        ("brand: lumo}", "brand: lumo, showroom: true}", ("showroom", "sells nothing online")),
        ("lumo: {}", "lumo: {win_back: {where: online}}", ("win_back.where", "sells nowhere online")),
        ("lumo: {}", "lumo: {referral: {reward: 1}}", ("referral", "word_of_mouth")),
        ("lumo: {}", "lumo: {partners: {}}", ("partners", "no reseller")),
    ],
)
def test_a_brand_with_next_to_nothing(old: str, new: str, parts: tuple[str, ...]) -> None:
    """A brand that says neither what it owns nor where it sells is told what its mechanism needs."""
    loads(SHORT)
    with pytest.raises(ScenarioError) as caught:
        loads(SHORT.replace(old, new), source="team.yaml")
    message = str(caught.value)
    assert len(caught.value.problems) == 1, message
    for part in parts:
        assert part in message.splitlines()[0], message


@pytest.mark.parametrize(
    ("part", "value"), [("touchpoints", "zzz"), ("brands", "[]"), ("social", ".nan"), ("places", "-1")]
)
def test_a_part_that_is_no_mapping_is_told_once(part: str, value: str) -> None:
    """Names that would stand there are not called unknown."""
    lines = TEXT.splitlines()
    start = lines.index(f"{part}:")
    end = next(k for k in range(start + 1, len(lines)) if lines[k] and not lines[k].startswith(" "))
    text = "\n".join([*lines[:start], f"{part}: {value}", *lines[end:]])
    with pytest.raises(ScenarioError) as caught:
        loads(text)
    assert [problem.path for problem in caught.value.problems] == [(part,)], str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("to: everybody}", 'to: everybody, start: "2031-01-01"}', "brands.lumo.coupons.monthly: never happens"),
        ("weekdays: [5, 6]}}", 'start: "2020-01-01"}}', "brands.lumo.promotions.weekend: never happens"),
        ("{bid: 1.5}", "{bid: 0.01}", "brands.lumo.bids.search_ads.bid: 0.01 times quality is below the reserve"),
    ],
)
def test_what_never_happens_is_a_warning(old: str, new: str, told: str) -> None:
    assert any(line.startswith(told) for line in warnings(loads(TEXT.replace(old, new, 1))))


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("nam,share\na,1", "s.csv:1: population.segments_from: unknown column 'nam'; did you mean 'name'?"),
        ("name,share\na,x", "s.csv:2: population.segments_from: not a number in column 'share' (got 'x')"),
        ("name,share\na,nan", "s.csv:2: population.segments_from: not a finite number in column 'share' (got 'nan')"),
        ("name,share,consent\na,1,1.0001", "s.csv:2: population.segments.a.consent: out of range"),
        ("name,share\na", "s.csv:2: population.segments_from: 1 fields; expected 2"),
    ],
)
def test_a_wrong_table_of_segments(table: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(table, encoding="utf-8")
    text = "name: x\npopulation: {size: 10, segments_from: {file: s.csv}}\nbrands: {lumo: {}}\n"
    with pytest.raises(ScenarioError) as caught:
        loads(text, folder=tmp_path)
    assert len(caught.value.problems) == 1
    assert told in str(caught.value)
