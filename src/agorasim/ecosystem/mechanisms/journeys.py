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
#: A row of the log: 20 bytes. -1 for no touchpoint and no place.
ROW: Final = np.dtype(
    [("day", "i4"), ("consumer", "i4"), ("brand", "i2"), ("touch", "i2"), ("place", "i2"), ("event", "u1"),
     ("seen", "u1"), ("count", "i4")]
)  # fmt: skip


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
        #: Rows so far, an array (ROW) a day.
        self.log: list[Array] = []
        self.columns["logged"] = self._chosen(world)
        self._heard: list[Array] = []
        self._lost: Array = np.empty(0, dtype=ROW)
        touchpoints = list(world.scenario.touchpoints)
        self._touch_of = np.array([touchpoints.index(o.touchpoint) for o in world.market.offers], dtype=np.int64)
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
        self._heard = []
        if len(w.says) == 0:
            return
        for event, inbox in ((HEARD_GOOD, w.hears_good), (HEARD_BAD, w.hears_bad)):
            codes = np.flatnonzero(inbox.reshape(-1))
            who, b = np.divmod(codes, len(self.brands))
            self._heard.append(self._rows(world, who, b, event, inbox.reshape(-1)[codes]))

    def rationed(self, world: World) -> None:
        """Orders that nobody could serve."""
        orders = world.orders
        self._lost = self._bought(world, orders[orders["served"] == 0], LOST)

    def settled(self, world: World, orders: Array) -> None:
        """Orders, each at its place."""
        self._heard.append(self._bought(world, orders, ORDER))

    def closing(self, world: World) -> None:
        """Keep the day, and make the log smaller when it is full."""
        rows = touches(world)
        met = self._rows(world, rows["consumer"], rows["brand"], rows["event"], rows["count"], rows["touch"])
        today = np.concatenate([met, *self._heard, self._lost])
        self.log.append(today[self.columns["logged"][today["consumer"]] > 0])
        while sum(map(len, self.log)) > self.settings.most:
            self.share /= 2.0
            self.columns["logged"][...] = self._chosen(world)
            self.log = [day[self.columns["logged"][day["consumer"]] > 0] for day in self.log]

    def _bought(self, world: World, orders: Array, event: int) -> Array:
        offers = world.w.offers[orders["offer"]]
        touch = self._touch_of[orders["offer"]]
        return self._rows(world, orders["consumer"], offers["brand"], event, 1, touch, offers["place"])

    def _rows(
        self, world: World, who: Array, b: Array, event: Any, count: Any, touch: Any = -1, place: Any = -1
    ) -> Array:
        """Rows of today; a brand sees what it could tell apart from a stranger's, and its own orders."""
        out = np.zeros(len(who), dtype=ROW)
        out["day"], out["consumer"], out["brand"] = world.day, who, b
        out["touch"], out["place"], out["event"], out["count"] = touch, place, event, count
        out["seen"] = identified(world, out["consumer"].astype(np.int64), out["brand"], out["touch"])
        return out

    # --- afterwards -------------------------------------------------------------------------------------------------

    def table(self, world: World) -> pa.Table:
        """The log as a table: one row an event, consumer, day, brand, touchpoint and place."""
        import pyarrow as pa

        rows = np.concatenate([np.empty(0, dtype=ROW), *self.log])
        keys = ("day", "consumer", "brand", "touch", "place", "event")
        rows = rows[np.lexsort([rows[key] for key in reversed(keys)])]
        first = np.ones(len(rows), dtype=bool)
        first[1:] = np.any([rows[key][1:] != rows[key][:-1] for key in keys], axis=0)
        starts = np.flatnonzero(first)
        count = np.add.reduceat(rows["count"], starts) if len(rows) else rows["count"]
        rows = rows[starts]

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
                "count": pa.array(count.astype(np.int32)),
                "seen": pa.array(rows["seen"].astype(bool)),
            }
        )
        order = ("replicate", "day", "consumer", "brand", "touchpoint", "place", "event")
        return table.sort_by([(key, "ascending") for key in order]).combine_chunks()


def _settings(scenario: Scenario) -> Settings:
    assert scenario.data.journeys is not None
    return scenario.data.journeys
