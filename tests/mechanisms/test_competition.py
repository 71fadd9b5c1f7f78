"""Many brands that differ in size alone: double jeopardy and share of voice appear by themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agorasim.ecosystem import World
from agorasim.scenario.schema import Scenario

FILE = Path(__file__).parents[2] / "scenarios" / "mechanisms" / "competition.yaml"


@pytest.fixture(scope="module")
def brands() -> pd.DataFrame:
    """Orders, buyers and money of each brand over the whole time, largest first."""
    world = World(Scenario.load(FILE)).run()
    kpis = world.kpis()
    whole = (kpis[["touchpoint", "place", "segment", "region"]] == "").all(axis=1) & (kpis["brand"] != "")
    groups = kpis[whole].groupby("brand")
    out = pd.DataFrame(
        {"orders": groups["orders"].sum(), "buyers": groups["customers"].last(), "spend": groups["spend"].sum()}
    )
    out["penetration"] = out["buyers"] / world.size
    out["frequency"] = out["orders"] / out["buyers"]
    return out.sort_values("orders", ascending=False)


def test_small_brands_have_fewer_buyers_who_also_buy_less_often(brands: pd.DataFrame) -> None:
    """Ehrenberg (1972): purchases per buyer rise with penetration, and w (1 - b) is nearly constant."""
    b, w = brands["penetration"].to_numpy(), brands["frequency"].to_numpy()
    assert len(brands) == 12 and b.max() > 1.8 * b.min()
    assert np.corrcoef(b, w)[0, 1] > 0.9
    assert w.max() / w.min() < b.max() / b.min(), "buyers differ more than how often they buy"
    constant = w * (1.0 - b)
    assert constant.std() / constant.mean() < 0.06 < w.std() / w.mean()


def test_share_of_market_follows_share_of_voice(brands: pd.DataFrame) -> None:
    """Jones (1990): nearly in line, small brands getting more than their share of voice and large ones less."""
    market = (brands["orders"] / brands["orders"].sum()).to_numpy()
    voice = (brands["spend"] / brands["spend"].sum()).to_numpy()
    assert np.corrcoef(market, voice)[0, 1] > 0.95
    ratio = market / voice
    assert ratio[:3].mean() < 1.0 < ratio[-3:].mean()


def test_the_order_of_brands_does_not_matter() -> None:
    small = Scenario.load(FILE).with_overrides({"calendar.days": 12, "population.size": 200})
    data = small.to_dict()
    data["brands"] = dict(reversed(data["brands"].items()))
    one, other = World(small).run(), World(Scenario.from_dict(data)).run()
    orders = [world.history.offer[:, :, 0].sum(axis=0) for world in (one, other)]
    assert orders[0].tolist() == orders[1][::-1].tolist()
