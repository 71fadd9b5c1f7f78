"""Omnichannel shoppers: what they spend more, and how much of that the second channel made."""

from __future__ import annotations

from typing import Any

import estimators as e
import numpy as np
from results import EMERGES, Finding, Regularity, Result
from worlds import Array, Ledger, replicates, scenario

WORLDS, WARMUP, DAYS = 6, 28, 140
#: Lumo without its online shops: neither sold nor met there.
CLOSED: dict[str, Any] = {
    "brands.lumo.sells": {}, "brands.lumo.owns": {"community": 0.9, "store": 0.8, "event": 0.7},
    "brands.lumo.initial.members": {"community": 0.06}, "brands.lumo.fixed_costs.app": None,
}  # fmt: skip
CALENDAR: dict[str, Any] = {"calendar.days": DAYS, "calendar.festivals": {}, "calendar.seasons": {}}


def spent(replicate: int, overrides: dict[str, Any]) -> tuple[Array, Array]:
    """Money that everybody spent in the brand's shops and online, and orders there; (people, 2) each."""
    world = Ledger(scenario("coffee_o2o", {**CALENDAR, **overrides}), replicate=replicate)
    world.run()
    day, who, offer, price = world.bought()
    brand, online = world.market.table["brand"][offer], world.market.table["channel"][offer] == 1
    ours = (day >= WARMUP) & (brand == list(world.scenario.brands).index("lumo"))
    money, orders = np.zeros((world.size, 2)), np.zeros((world.size, 2), dtype=np.int64)
    np.add.at(money, (who[ours], online[ours].astype(int)), price[ours] / 100.0)
    np.add.at(orders, (who[ours], online[ours].astype(int)), 1)
    return money, orders


def pair(replicate: int) -> Array:
    """What one pair of worlds says (GAP, CAUSAL, per occasion, ...): see `measure`."""
    money, orders = spent(replicate, {})
    before, _ = spent(replicate, CLOSED)
    total, old = money.sum(axis=1), before.sum(axis=1)
    shop, web = orders.T > 0
    both, shop_only, web_only = shop & web, shop & ~web, web & ~shop
    gap = total[both].mean() / total[shop_only].mean() - 1.0
    # The same people in the world without the second channel, and what it changed for them.
    before_gap = old[both].mean() / old[shop_only].mean() - 1.0
    selected = np.log1p(before_gap) / np.log1p(gap)
    made = total[both].mean() / old[both].mean() - 1.0
    each = money.sum(axis=0) / np.maximum(orders.sum(axis=0), 1)
    in_shop = (
        money[both, 0].sum() / orders[both, 0].sum() / (money[shop_only, 0].sum() / orders[shop_only, 0].sum()) - 1.0
    )
    trips = orders[both].sum(axis=1).mean() / orders[shop_only].sum(axis=1).mean() - 1.0
    everybody = total.mean() / old.mean() - 1.0
    share = both.mean() / (both | shop_only | web_only).mean()
    return np.array([gap, made, before_gap, selected, in_shop, trips, everybody, share, each[1] / each[0] - 1.0])


def measure(jobs: int) -> Result:
    found = np.stack(replicates(pair, WORLDS, jobs)).T
    gap, made, earlier, selected, in_shop, trips, everybody, share, dearer = (
        e.over_replicates(100.0 * x) for x in found
    )

    def draw(figure: Any) -> None:
        axes = figure.subplots(1, 1)
        names = ["observed: both against shops only", "the same people, second channel never opened",
                 "causal: what the second channel did for them", "causal: for everybody"]  # fmt: skip
        colours = ("#D55E00", "#E69F00", "#009E73", "#009E73")
        for at, x, colour in zip((3, 2, 1, 0), (gap, earlier, made, everybody), colours, strict=True):
            axes.barh(at, x.value, color=colour, height=0.55)
            axes.errorbar(x.value, at, xerr=[[x.value - x.low], [x.high - x.value]], color="0.2", capsize=3)
            axes.annotate(f"{x.value:+.0f} %", (x.high, at), (6, -4), textcoords="offset points", fontsize=9)
        axes.set_yticks((3, 2, 1, 0), names, fontsize=8)
        axes.set_xlim(0.0, 1.2 * gap.high)
        axes.set_xlabel("spend at the brand, %")

    return Result(
        [
            Finding(
                "spend of those who use both channels, observed, %", "more", gap, 0.0, np.inf, EMERGES, OBSERVED, "+.1f"
            ),
            Finding(
                "share of that (in logs) that is selection, %",
                "not known",
                selected,
                -np.inf,
                np.inf,
                EMERGES,
                SELECTED,
                ".1f",
            ),
            Finding(
                "spend an order in shops, both against shops only, %", "+4", in_shop, 2.0, 8.0, EMERGES, BASKET, "+.1f"
            ),
            Finding("trips, both against shops only, %", "+23", trips, 10.0, 40.0, EMERGES, TRIPS, "+.1f"),
        ],
        draw,
        f"Those who use both channels would have spent {words(earlier)} % more than the others even if the second one "
        f"had never been opened. Of the brand's buyers {words(share)} % use both (the study: 73 %). Opening the second "
        f"channel raises what everybody together spends at the brand by {words(everybody)} %, and what those who come "
        f"to use both spend by {words(made)} %; an order online is {words(dearer)} % dearer than "
        "one in a shop, by the delivery fee alone.",
    )


def words(x: e.Estimate) -> str:
    """An estimate in a sentence."""
    return f"{x.value:.1f} [{x.low:.1f}, {x.high:.1f}]"


OBSERVED = "who needs much buys often, and who buys often is soon seen in both channels"
SELECTED = "the same people differed before; the channel itself adds the rest (below)"
BASKET = "an order is one unit here: baskets, which the study is about, do not exist"
TRIPS = "sorted by purchases, not by survey: one purchase cannot be in two channels"

OMNICHANNEL = Regularity("omnichannel", measure, {"WORLDS": WORLDS, "DAYS": DAYS, "WARMUP": WARMUP})
