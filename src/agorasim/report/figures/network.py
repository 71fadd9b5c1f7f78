"""The social graph with who bought: a sample with links between friends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agorasim.report import style, words
from agorasim.report.figures.base import Key, Picture, Sheet, Space
from agorasim.report.figures.layout import spread_out

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from agorasim.report.data import ReportData

    Floats = NDArray[np.float64]
    Pairs = NDArray[np.int64]

#: More nodes than this are a hairball on a page; the sample is then the first of them in consumer order.
MOST_NODES: Final = 1500
#: Markers of one area do not look it: triangles seem small; those who bought nothing stand back.
_FILL: Final = {"": 0.5, "^": 1.5, "v": 1.5, "s": 0.9, "D": 0.8, "P": 1.3, "X": 1.3}


def network(data: ReportData) -> Picture | None:
    """Sampled consumers and their links in replication 0, coloured by the brand each bought most often."""
    if data.network is None or data.network[0].empty:
        return None
    everybody, links = data.network
    nodes = everybody.sort_values("node", kind="stable").head(MOST_NODES).reset_index(drop=True)
    place = {int(node): i for i, node in enumerate(nodes["node"])}
    ends = links[["source", "target"]].drop_duplicates()
    ends = ends[ends["source"].isin(place.keys()) & ends["target"].isin(place.keys())]
    found = [ends[end].map(place).to_numpy(np.int64) for end in ("source", "target")]
    ordered = np.sort(np.stack(found, axis=1), axis=1)
    pairs: Pairs = np.unique(ordered[ordered[:, 0] != ordered[:, 1]], axis=0).astype(np.int64)
    linked = np.bincount(pairs.ravel(), minlength=len(nodes)) > 0
    where = spread_out(len(nodes), pairs)
    bought = nodes["brand"].fillna("").astype(str).to_numpy()
    table = nodes.assign(layout_x=where[:, 0], layout_y=where[:, 1], drawn=linked | (len(pairs) == 0))
    sampled = data.consumers > len(nodes)
    title = "Who bought what, on the social graph" + (" (sample)" if sampled else "")
    shown = linked if len(pairs) else np.ones(len(nodes), dtype=bool)
    counts = {b.key: int(((bought == b.key) & shown).sum()) for b in data.brands}
    total = int(shown.sum())
    nobody = total - sum(counts.values())

    def draw(space: Space) -> Figure:
        share = {key: words.percent(count / max(total, 1)) for key, count in counts.items()}
        names = {b.key: style.shorten(b.label, 1.8, 8.0) for b in data.brands}
        key = [Key("dot", f"{names[b.key]} {share[b.key]}", b.colour, b.marker) for b in data.brands if counts[b.key]]
        key.append(Key("dot", f"bought nothing {words.percent(nobody / max(total, 1))}", style.NOBODY, "."))
        side = space.room
        high = side * (0.72 if not space.narrow else 0.95)
        foot = f"n = 1 replication (the first) · seed {data.seed} · {style.shorten(data.name, 2.0, 7.0)}"
        sheet = Sheet(space, title, foot, high, key)
        axes = sheet.axes(0.0, 0.0, side, high)
        axes.set_axis_off()
        _links(axes, where, pairs, space)
        size = _sizes(nodes, space)
        for i, brand in [(-1, None), *enumerate(data.brands)]:
            mine = shown & ((bought == brand.key) if brand else ~np.isin(bought, [b.key for b in data.brands]))
            area = size[mine] * _FILL.get(brand.marker if brand else "", 1.0)
            axes.scatter(
                where[mine, 0], where[mine, 1], s=area, zorder=3 + i,
                marker=brand.marker if brand else "o", color=brand.colour if brand else style.NOBODY, linewidths=0.25,
                edgecolors="white",
            )  # fmt: skip
        drawn = where[shown]
        pad = 0.03 * np.ptp(drawn, axis=0) + 1e-9
        axes.set_xlim(drawn[:, 0].min() - pad[0], drawn[:, 0].max() + pad[0])
        axes.set_ylim(drawn[:, 1].min() - pad[1], drawn[:, 1].max() + pad[1])
        return sheet.figure

    hidden = int((~shown).sum())
    caption = (
        f"n = 1 replication (the first of {data.n}); {words.count(total, 'consumer')} drawn"
        + (f" of {data.consumers:,}, a sample" if sampled else "")
        + f", with {words.count(len(pairs), 'link')} between them"
        + (f"; {hidden:,} sampled consumers without a link to another are left out" if hidden else "")
        + ". Colour: the brand bought most often; size: number of friends in the whole graph; position shows who knows "
        "whom, not where anybody lives."
    )
    return Picture("network", title, _reading(bought, pairs, total, counts), caption, table, draw)


def _links(axes: Axes, where: Floats, pairs: Pairs, space: Space) -> None:
    from matplotlib.collections import LineCollection

    # Many links are one grey cloud; fainter ones keep the nodes readable.
    alpha = float(np.clip(900.0 / max(len(pairs), 1), 0.06, 0.5))
    width = 0.4 if space.narrow else 0.5
    axes.add_collection(LineCollection(list(where[pairs]), colors="#7d858e", linewidths=width, alpha=alpha, zorder=1))


def _sizes(nodes: pd.DataFrame, space: Space) -> Floats:
    degree = nodes["degree"].fillna(0).to_numpy(np.float64)
    relative = np.sqrt(np.maximum(degree, 1.0) / max(float(np.median(degree)), 1.0))
    base = 7000.0 / max(len(nodes), 150) + 4.0
    return np.asarray(np.clip(relative, 0.6, 4.0) * base * (0.45 if space.narrow else 1.0), dtype=np.float64)


def _reading(bought: NDArray[Any], pairs: Pairs, total: int, counts: dict[str, int]) -> str:
    buyers = sum(counts.values())
    text = f"{words.percent(buyers / max(total, 1))} of the consumers drawn have bought"
    a, b = bought[pairs[:, 0]], bought[pairs[:, 1]]
    both = (a != "") & (b != "")
    if both.sum() < 20 or sum(1 for c in counts.values() if c) < 2:
        return text + "."
    same = float((a[both] == b[both]).mean())
    # Chance: both ends drawn at random from the buyers who appear at the ends of these links.
    _, ends = np.unique(np.concatenate([a[both], b[both]]), return_counts=True)
    chance = float(((ends / ends.sum()) ** 2).sum())
    return (
        f"{text}; two linked buyers favour the same brand in {words.percent(same)} of cases, {words.percent(chance)} "
        "would be chance (one replication, so read it as an illustration)."
    )
