"""M4 Journeys: every touch of some consumers, kept as a log, and which of them each brand could see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.ecosystem.mechanisms.base import Mechanism
from agorasim.ecosystem.mechanisms.touches import (
    HEARD_BAD,
    HEARD_GOOD,
    LOST,
    NAMES,
    ORDER,
    identified,
    log_from_now_on,
    open_log,
    taken,
    touches,
)
from agorasim.randomness import PURPOSES, stream, uniforms

if TYPE_CHECKING:
    import pyarrow as pa

    from agorasim.ecosystem.world import World
    from agorasim.scenario.schema import Scenario
    from agorasim.scenario.schema.funnel import Journeys as Settings

Array = NDArray[Any]

CHOSEN = PURPOSES.declare("journeys.share", 102)
#: A touch: no touchpoint and no place are -1.
ROW: Final = np.dtype(
    [("day", "i4"), ("consumer", "i4"), ("brand", "i2"), ("touch", "i2"), ("place", "i2"), ("event", "u1"),
     ("seen", "u1"), ("count", "i4")]
)  # fmt: skip
_EVENTS: Final = 16


class Journeys(Mechanism):
    """Keeps the touches of consumers chosen by a draw of their own; more consumers never change who is kept."""

    name = "journeys"
    code = "M4"
    meaning = "a log of every touch of a share of consumers, with what brands could see of it"
    keys = ("data.journeys",)
    uses = frozenset({"journeys"})
    state = ("share",)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.settings = _settings(world.scenario)
        #: Share of consumers in the log: the scenario's, halved as often as the log was full.
        self.share = self.settings.share
        #: Rows so far, two arrays a day: codes, one number for all of a touch but its count, ascending; and counts.
        self.log: list[tuple[int, Array, Array]] = []
        self.columns["logged"] = self._chosen(world)
        self._today: list[tuple[Array, Array]] = []
        self._lost: list[tuple[Array, Array]] = []
        touchpoints = list(world.scenario.touchpoints)
        self._touch_of = np.array([touchpoints.index(o.touchpoint) for o in world.market.offers], dtype=np.int64)
        #: How many brands, touchpoints and none, places and none, and events a code tells apart.
        self._sizes = len(self.brands), len(touchpoints) + 1, len(world.market.places) + 1, _EVENTS
        log_from_now_on(world, self.columns["logged"])

    @staticmethod
    def wanted(scenario: Scenario) -> bool:
        """Whether a log is kept."""
        return scenario.data.journeys is not None

    def copy(self) -> Journeys:
        """The same log for a copy of its world; days that are over are shared."""
        twin = super().copy()
        assert isinstance(twin, Journeys)
        twin.log = list(self.log)
        return twin

    def _chosen(self, world: World) -> NDArray[np.uint8]:
        """Who is in the log, (N,): a draw for life, so that a smaller share is a part of a larger one."""
        now = stream(world.seed, world.replicate)
        return (uniforms(now, CHOSEN, world.size, 0) < self.share).astype(np.uint8)

    # --- a day ------------------------------------------------------------------------------------------------------

    def opened(self, world: World) -> None:
        """A new day's touches."""
        open_log(world)

    def carried(self, world: World) -> None:
        """What friends say is heard today."""
        w = world.w
        self._today, self._lost = [], []
        if len(w.says) == 0:
            return
        for event, inbox in ((HEARD_GOOD, w.hears_good), (HEARD_BAD, w.hears_bad)):
            codes = np.flatnonzero(inbox.reshape(-1) > 0)
            who = codes // len(self.brands)
            mine = self.columns["logged"][who] > 0
            codes, who = codes[mine], who[mine]
            b, nowhere = codes - who * len(self.brands), np.full(len(who), -1)
            self._today.append(self._rows(world, who, b, event, inbox.reshape(-1)[codes], nowhere))

    def rationed(self, world: World) -> None:
        """Orders that nobody could serve."""
        orders = world.orders
        self._lost = [self._bought(world, orders[orders["served"] == 0], LOST)]

    def settled(self, world: World, orders: Array) -> None:
        """Orders, each at its place."""
        self._today.append(self._bought(world, orders, ORDER))

    def closing(self, world: World) -> None:
        """Keep the day, and make the log smaller when it is full."""
        rows = touches(world)
        rows = taken(rows, np.flatnonzero(self.columns["logged"].view(bool)[rows["consumer"]]))
        met = self._rows(world, rows["consumer"], rows["brand"], rows["event"], rows["count"], rows["touch"])
        parts = [met, *self._today, *self._lost]
        codes, counts = (np.concatenate(each) for each in zip(*parts, strict=True))
        self._keep(world.day, codes, counts)
        while sum(len(codes) for _, codes, _ in self.log) > self.settings.most:
            self.share /= 2.0
            self.columns["logged"][...] = self._chosen(world)
            whole, self.log = self.log, []
            for day, codes, counts in whole:
                mine = self.columns["logged"][self._fields(codes)["consumer"]] > 0
                self._keep(day, codes[mine], counts[mine])

    def _keep(self, day: int, codes: Array, counts: Array) -> None:
        """Add a day, each different touch once."""
        order = np.argsort(codes)
        codes, counts = codes[order], counts[order]
        starts = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]])) if len(codes) else order
        counts = np.add.reduceat(counts, starts) if len(codes) else counts
        kind = np.uint8 if counts.max(initial=0) < 256 else np.int32
        self.log.append((day, codes[starts], counts.astype(kind)))

    def _bought(self, world: World, orders: Array, event: int) -> tuple[Array, Array]:
        orders = orders[self.columns["logged"][orders["consumer"]] > 0]
        offer = orders["offer"]
        b, place = world.w.offers["brand"][offer], world.w.offers["place"][offer]
        once = np.ones(len(orders), dtype=np.int64)
        return self._rows(world, orders["consumer"], b, event, once, self._touch_of[offer], place)

    def _rows(
        self, world: World, who: Array, b: Array, event: Any, count: Array, touch: Array, place: Any = -1
    ) -> tuple[Array, Array]:
        """Codes and counts of touches of today; a brand sees what it could tell apart from a stranger's."""
        code = who.astype(np.int64)
        for value, size in zip((b, touch + 1, place + 1, event), self._sizes, strict=True):
            code = code * size + value
        return code * 2 + identified(world, who, b, touch), count.astype(np.int64)

    def _fields(self, codes: Array) -> dict[str, Array]:
        """What codes (n,) stand for, by name."""
        out: dict[str, Array] = {}
        out["seen"], codes = codes % 2, codes // 2
        for name, size in zip(("event", "place", "touch", "brand"), reversed(self._sizes), strict=True):
            out[name], codes = codes % size, codes // size
        out["touch"], out["place"] = out["touch"] - 1, out["place"] - 1
        return {**out, "consumer": codes}

    # --- afterwards -------------------------------------------------------------------------------------------------

    def rows(self) -> Array:
        """The log as records `ROW`, by day."""
        out = np.zeros(sum(len(codes) for _, codes, _ in self.log), dtype=ROW)
        end = 0
        for day, codes, counts in self.log:
            here = out[end : end + len(codes)]
            here["day"], here["count"] = day, counts
            for name, values in self._fields(codes).items():
                here[name] = values
            end += len(codes)
        return out

    def table(self, world: World) -> pa.Table:
        """The log as a table: one row an event, consumer, day, brand, touchpoint and place."""
        import pyarrow as pa

        rows = self.rows()
        rows = rows[np.lexsort([rows[key] for key in ("event", "place", "touch", "brand", "consumer", "day")])]

        def words(names: list[str], values: Array) -> Any:
            table = pa.array([*names, ""], type=pa.string())  # -1 is the last
            return pa.DictionaryArray.from_arrays(np.where(values < 0, len(names), values).astype(np.int32), table)

        table = pa.table(
            {
                "replicate": pa.array(np.full(len(rows), world.replicate, dtype=np.int32)),
                "day": pa.array(rows["day"]),
                "consumer": pa.array(rows["consumer"]),
                "brand": words(self.brands, rows["brand"]).cast(pa.string()),
                "touchpoint": words(list(world.scenario.touchpoints), rows["touch"]).cast(pa.string()),
                "place": words(world.market.places, rows["place"]).cast(pa.string()),
                "event": words([NAMES.get(k, "") for k in range(max(NAMES) + 1)], rows["event"]).cast(pa.string()),
                "count": pa.array(rows["count"]),
                "seen": pa.array(rows["seen"].astype(bool)),
            }
        )
        order = ("replicate", "day", "consumer", "brand", "touchpoint", "place", "event")
        return table.sort_by([(key, "ascending") for key in order]).combine_chunks()


def _settings(scenario: Scenario) -> Settings:
    assert scenario.data.journeys is not None
    return scenario.data.journeys
