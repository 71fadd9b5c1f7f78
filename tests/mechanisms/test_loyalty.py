"""Points and tiers, churn and win-back, the survey, the table of customers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generated import differing, kpis

from agorasim import Ecosystem, Results, Scenario
from agorasim.ecosystem import World
from agorasim.experiment.runner import run_replications
from agorasim.measures.lifetime import SBG, fit_bg_nbd, fit_sbg, retention_by_tenure
from agorasim.scenario import ScenarioError

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "mechanisms"


def scenario(name: str, size: int = 400, days: int = 60, **overrides: Any) -> Scenario:
    """A small world of one of the mechanisms' scenarios."""
    given = {key.replace("__", "."): value for key, value in overrides.items()}
    small = {"population.size": size, "calendar.days": days, "calendar.warmup": 0}
    return Scenario.load(FOLDER / f"{name}.yaml").with_overrides({**small, **given})


def ran(name: str, size: int = 400, days: int = 60, **overrides: Any) -> World:
    return World(scenario(name, size, days, **overrides)).run()


def totals(world: World, metric: str) -> Any:
    return world.history.extra[metric].sum(axis=0)


# --- points and tiers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [True, False])
def test_points_are_earned_redeemed_expired_or_there(shared: bool) -> None:
    world = ran("loyalty", brands__lumo__loyalty__shared=shared, brands__lumo__loyalty__expire_after=10)
    earned, redeemed, expired = (totals(world, f"points_{what}")[0] for what in ("earned", "redeemed", "expired"))
    assert min(earned, redeemed, expired) > 0
    assert earned == redeemed + expired + world.history.extra["points_balance"][-1, 0]
    assert world.history.extra["points_liability"][-1, 0] == 5 * world.history.extra["points_balance"][-1, 0]
    assert redeemed == 100 * totals(world, "points_orders")[0]
    columns = world.mechanism("loyalty").columns
    assert columns["points"].shape[2] == (1 if shared else 2)
    assert columns["points"].shape[1] == columns["card"].shape[1] == 1  # the other brand has no programme


def test_accounts_kept_apart_are_one_where_there_is_one_channel() -> None:
    online = {"places": {}, "touchpoints.shops": None, "brands.lumo.owns": {"mini_program": 0.8},
              "brands.rivo.owns": {"mini_program": 0.8}}  # fmt: skip
    tables = [
        kpis(World(scenario("loyalty", **{**online, "brands.lumo.loyalty.shared": shared})).run())
        for shared in (True, False)
    ]
    assert differing(*tables) == []


def test_accounts_kept_apart_earn_less() -> None:
    shared, apart = (ran("loyalty", days=80, brands__lumo__loyalty__shared=shared) for shared in (True, False))
    assert totals(shared, "points_orders")[0] > 1.05 * totals(apart, "points_orders")[0]
    holders = [world.history.extra["tier_holders"][-1, 0] for world in (shared, apart)]
    assert holders[0] > 1.2 * holders[1]


def test_points_are_those_of_the_orders_with_a_card() -> None:
    """With everybody's card from the start, no ranks and nothing to redeem, points are what was paid, rounded down."""
    terms = {"points_rate": 0.7, "point_value": 0.0, "join": 1.0}
    world = ran("loyalty", days=20, brands__lumo__loyalty=terms)
    offers = np.flatnonzero(world.market.table["brand"] == 0)
    orders = world.history.offer[:, offers, 0].sum(axis=0)
    each = np.floor(world.market.table["price"][offers] / 100 * 0.7).astype(int)
    assert totals(world, "points_earned")[0] == orders @ each
    assert totals(world, "points_redeemed")[0] == 0


def test_ranks_follow_thresholds_and_end_with_their_time() -> None:
    world = World(scenario("loyalty", days=62, brands__lumo__loyalty__qualify_days=30)).run(30)
    columns = world.mechanism("loyalty").columns
    points, tier = columns["qualifying"][:, 0, 0].copy(), columns["tier"][:, 0, 0]
    assert np.array_equal(tier, np.searchsorted([150, 400], points, side="right"))
    assert (tier == 2).any() and (tier == 1).any()
    world.run(30)  # nobody falls before the time is over
    assert (columns["tier"][:, 0, 0] >= np.searchsorted([150, 400], points, side="right")).all()
    before = columns["qualifying"][:, 0, 0].copy()
    world.open_day()
    assert np.array_equal(columns["tier"][:, 0, 0], np.searchsorted([150, 400], before, side="right"))


def test_a_lever_moves_the_rate_of_points() -> None:
    world = World(scenario("loyalty", days=30))
    world.strategies.levers[0]["loyalty.points_rate"] = 0.0
    assert totals(world.run(), "points_earned")[0] == 0


NOTHING: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "points worth nothing": ("loyalty", {"brands.lumo.loyalty": {"point_value": 0.0}}, {"brands.lumo.loyalty": None}),
    "nobody takes a card": ("loyalty", {"brands.lumo.loyalty": {"join": 0.0}}, {"brands.lumo.loyalty": None}),
    "nobody leaves": ("loyalty", {"category.churn": {"factor": 0.0}}, {}),
    "offers of nothing": ("loyalty", {"brands.lumo.win_back": {"value": 0.0, "after": 5}}, {}),
    "questions": ("loyalty", {"category.nps": {"answer": 1.0}}, {}),
    "a table": ("loyalty", {"outcomes.lifetime": {}}, {}),
}


@pytest.mark.parametrize("setting", NOTHING)
def test_null_settings_change_nothing(setting: str) -> None:
    name, null, absent = NOTHING[setting]
    plain, table = (kpis(World(scenario(name, 300, 30, **given)).run()) for given in (absent, {**absent, **null}))
    extra = [column for column in table.column_names if column not in plain.column_names]
    assert extra
    assert differing(table.drop_columns(extra), plain) == []


# --- churn ------------------------------------------------------------------------------------------------------------

CONSTANT = {"mean": 0.1, "spread": 0.0, "satisfaction": 0.0}
ALONE = {"brands.lumo.win_back": None, "category.nps": None}


def test_people_who_are_alike_leave_at_one_rate_whatever_their_tenure() -> None:
    world = ran("churn", 800, 80, **{**ALONE, "category.churn": {"after": "purchase", **CONSTANT}})
    left, occasions = totals(world, "churned").sum(), totals(world, "churn_occasions").sum()
    assert left / occasions == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / occasions))
    assert totals(world, "won_back").sum() == 0
    # Who left has bought nothing since.
    table = world.mechanism("customers").table(world).to_pandas()
    gone = table[table["left_day"].notna()]
    assert len(gone) > 100
    assert (gone["last_day"] <= gone["left_day"]).all()


def test_daily_hazards_give_back_the_sbg_that_they_are() -> None:
    """a + b = 1 / spread - 1; everybody starts on the first day, so that survivors are a cohort's."""
    settings = {"after": "day", "mean": 0.1, "spread": 0.2, "satisfaction": 0.0}
    world = ran("churn", 1500, 31, **{**ALONE, "category.churn": settings, "brands.lumo.initial.buyers": 1.0})
    left = world.mechanism("churn").columns["left"][:, 0]
    # A customer of the first morning may leave on the mornings of day 0, 1, ...
    count = [1500.0] + [float(((left < 0) | (left > day)).sum()) for day in range(30)]
    found = fit_sbg(count)
    assert found.a == pytest.approx(0.4, rel=0.15)
    assert found.b == pytest.approx(3.6, rel=0.2)


def test_retention_rises_with_tenure_though_nobody_becomes_more_loyal() -> None:
    def retention(spread: float) -> list[float]:
        settings = {"after": "day", "mean": 0.04, "spread": spread, "satisfaction": 0.0}
        world = ran("churn", 1000, 100, **{**ALONE, "category.churn": settings})
        table = world.mechanism("customers").table(world).to_pandas()
        ended = table["left_day"].notna()
        tenure = np.where(ended, table["left_day"] - table["first_day"] - 0.5, table["days"] - 1.0).astype(float)
        return [row["retention"] for row in retention_by_tenure(tenure, ended, 20.0, 4)]

    mixed, alike = retention(0.3), retention(0.0)
    expected = SBG(0.04 * 7 / 3, 0.96 * 7 / 3).survival(80)[::20]
    assert mixed == pytest.approx(list(expected[1:] / expected[:-1]), abs=0.03)
    assert mixed[3] > mixed[1] > mixed[0] + 0.05
    assert alike == pytest.approx([0.96**20] * 4, abs=0.08)


def test_satisfaction_and_rank_keep_customers() -> None:
    base = {**ALONE, "category.churn.mean": 0.3, "category.churn.spread": 0.0}
    indifferent, happy = (
        ran("churn", 400, 50, **{**base, "category.churn.satisfaction": value, "category.experience.adaptation": 0.0})
        for value in (0.0, 1.5)
    )
    # Surprises vary around 0: their exponential has a mean above 1, and who is happy stays to be counted again.
    moods = [world.w.surprise[world.mechanism("churn").columns["left"] >= 0].mean() for world in (indifferent, happy)]
    assert abs(moods[0]) < 0.1
    assert moods[1] < -0.2
    settings = {"after": "purchase", "mean": 0.2, "spread": 0.0, "satisfaction": 0.0}
    tiers = {"first": {"points": 1, "churn": 0.0}}
    world = ran("loyalty", 300, 40, category__churn=settings, brands__lumo__loyalty={"join": 1.0, "tiers": tiers})
    assert totals(world, "churned")[0] == 0 < totals(world, "churned")[1]


def test_only_an_offer_brings_back_who_left() -> None:
    terms = {"after": 10, "value": 25.0, "days": 10, "again": 20, "contact_cost": 0.25}
    world = ran("churn", 600, 70, **{"brands.lumo.win_back": terms, "category.churn.mean": 0.3})
    offers, used = totals(world, "win_back_offers")[0], totals(world, "win_back_orders")[0]
    back = totals(world, "won_back")
    assert offers >= used >= back[0] > 20
    assert back[1] == 0
    costs = world.kpis().query(
        "brand == 'lumo' and touchpoint == '' and place == '' and segment == '' and region == ''"
    )
    assert costs["cost_service"].sum() == pytest.approx(0.25 * offers)
    assert totals(world, "churned")[0] - back[0] == (world.mechanism("churn").columns["left"][:, 0] >= 0).sum()


# --- survey and table of customers ------------------------------------------------------------------------------------


def test_the_score_follows_its_formula() -> None:
    settings = {"centre": 8.0, "experience": 2.0, "goodwill": 0.0, "answer": 1.0}
    world = ran("churn", 600, 40, **{"category.nps": settings, "category.churn": None, "category.experience.noise": 0.5,
                                     "category.experience.adaptation": 0.0, "brands.lumo.win_back": None})  # fmt: skip
    answers, up, down = (totals(world, name).sum() for name in ("nps_answers", "promoters", "detractors"))
    # 8 + 2 x normal(0, 0.5): a promoter from 9 on, a detractor below 7, one standard deviation each.
    for share in (up / answers, down / answers):
        assert share == pytest.approx(0.1587, abs=4 * np.sqrt(0.1587 * 0.8413 / answers))
    asked = world.history.by_segment[:, :, :, 10].sum()
    assert answers == asked  # everybody who experienced something answered


def test_the_table_of_customers_ties_to_the_kpis_and_can_be_fitted(tmp_path: Path) -> None:
    spec = scenario("churn", 600, 100, **{**ALONE, "category.need.rate": 0.3, "outcomes.lifetime.discount": 0.0})
    run_replications(spec, replications=1, out=tmp_path / "out", progress=False)
    results = Results.load(tmp_path / "out")
    table, world = results.customers("lumo"), World(spec).run()
    own = world.mechanism("customers").table(world).to_pandas().query("brand == 'lumo'").reset_index(drop=True)
    assert table.equals(own)
    rows = world.kpis().query("brand == 'lumo' and touchpoint == '' and place == '' and segment == '' and region == ''")
    assert table["orders"].sum() == rows["orders"].sum()
    assert table["revenue"].sum() == pytest.approx(rows["revenue"].sum())
    # No media, fixed or other costs here: margins of all customers are the profit; discounted at 0 they stay.
    assert table["margin"].sum() == pytest.approx(rows["profit"].sum()) == pytest.approx(rows["lifetime_margin"].sum())
    assert rows["repeat_orders"].sum() == rows["orders"].sum() - rows["new_customers"].sum()
    model = fit_bg_nbd(table["repeats"], table["recency"], table["days"])
    there = model.alive(table["repeats"], table["recency"], table["days"])
    gone = table["left_day"].notna()
    assert there[gone].mean() < there[~gone].mean() - 0.2
    assert model.expected_so_far(60.0) == pytest.approx(
        table[table["days"] >= 60]["repeats"].mean() * 60.0 / table[table["days"] >= 60]["days"].mean(), rel=0.35
    )


def test_the_first_half_tells_the_second() -> None:
    """Like the authors of the BG/NBD: fitted to one period, held against what the same customers then do."""
    settings = {**ALONE, "category.churn.satisfaction": 0.0}
    world = World(scenario("churn", 700, 240, **settings)).run(120)
    early = world.mechanism("customers").table(world).to_pandas().query("brand == 'lumo'").set_index("consumer")
    model = fit_bg_nbd(early["repeats"], early["recency"], early["days"])
    expected = model.expected(120.0, early["repeats"], early["recency"], early["days"])
    world.run()
    late = world.mechanism("customers").table(world).to_pandas().query("brand == 'lumo'").set_index("consumer")
    came = late.loc[early.index, "repeats"] - early["repeats"]
    assert expected.sum() == pytest.approx(came.sum(), rel=0.12)
    assert np.corrcoef(expected, came)[0, 1] > 0.6


def test_both_drivers_agree() -> None:
    for name in ("loyalty", "churn"):
        spec = scenario(name, 150, 20, **({} if name == "loyalty" else {"brands.lumo.win_back.after": 5}))
        assert Ecosystem(spec, driver="agents").run().world.digest() == World(spec).run().digest()


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("brands.lumo.loyalty.tiers", {"a": {"points": 9}, "b": {"points": 9}}, ("must rise", "[9, 9]")),
        ("brands.lumo.loyalty", {"point_rate": 1.0}, ("did you mean 'points_rate'",)),
        ("category.churn", {"after": "purchases"}, ("did you mean 'purchase'",)),
        ("category.churn", {"mean": 1.0}, ("category.churn.mean", "out of range")),
    ],
)
def test_what_cannot_be_is_said(path: str, value: Any, words: tuple[str, ...]) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario("loyalty", **{path: value})
    for word in words:
        assert word in str(caught.value)


def test_durables_have_nobody_who_could_leave() -> None:
    with pytest.raises(ScenarioError, match=r"category\.churn.*bought once"):
        scenario("loyalty", **{"category.kind": "durable", "category.churn": {}})
