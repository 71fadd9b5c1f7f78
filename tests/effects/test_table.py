import numpy as np
import pytest

from agorasim.effects import table
from agorasim.effects.intervals import Interval, mean_interval
from agorasim.errors import InputError


def filled(reverse: bool) -> table.Rows:
    rng = np.random.default_rng(0)
    shares, curve = mean_interval(rng.normal(size=(2, 20))), mean_interval(rng.normal(size=(3, 20)))
    rows = table.Rows()
    about = {"brand": "lumo", "unit": "orders"}
    calls = [
        lambda: rows.extend(
            "shapley", ["search", "store"], "orders", shares, variance_reduction=[3.0, np.inf], **about
        ),
        lambda: rows.extend("response", "search", "orders", curve, at=[2.0, 0.0, 1.0], **about),
        lambda: rows.extend("shapley", ["search", "store"], "orders", shares, segment="young", **about),
        lambda: rows.add("roas", "store", "revenue", Interval(2.0, -np.inf, np.inf, 20), brand="lumo", unit="ratio"),
    ]
    for call in reversed(calls) if reverse else calls:
        call()
    return rows


def test_rows_have_one_order_and_missing_numbers_are_null():
    found = filled(reverse=False).table()
    assert found.equals(filled(reverse=True).table())
    assert found.schema == table.schema()
    assert found.schema.field("n_pairs").type == "int64"
    frame = table.frame(found, ["shapley", "response"])
    assert frame["at"].dropna().tolist() == [0.0, 1.0, 2.0]
    assert (frame["segment"] == "").all()
    assert frame["variance_reduction"].dropna().tolist() == [3.0]
    assert found.column("variance_reduction").null_count == found.num_rows - 1  # an infinite factor is null
    roas = table.frame(found, "roas").iloc[0]
    assert roas["estimate"] == 2.0 and np.isnan(roas["low"]) and np.isnan(roas["high"])
    assert table.frame(found, "shapley", by="segment")["segment"].tolist() == ["young", "young"]
    assert len(table.frame(found, metric="profit")) == 0
    assert table.Rows().table().num_rows == 0


def test_wrong_rows_are_refused():
    rows = filled(reverse=False)
    one = mean_interval([1.0, 2.0])
    with pytest.raises(InputError, match="did you mean 'shapley'"):
        rows.add("shaply", "a", "orders", one, brand="x", unit="orders")
    with pytest.raises(ValueError, match="already"):
        rows.add("roas", "store", "revenue", one, brand="lumo", unit="ratio")
    with pytest.raises(InputError, match="breakdown"):
        table.frame(rows.table(), by="place")


def test_every_estimand_is_explained(project):
    page = (project / "docs/statistics.md").read_text(encoding="utf-8")
    assert [name for name in table.ESTIMANDS if f"`{name}`" not in page] == []
