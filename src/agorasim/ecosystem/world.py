"""The world: columns of consumers, the market, the brands, and one day. Free of Mesa; `Ecosystem` holds one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour import day as passes
from agorasim.behaviour import experience
from agorasim.behaviour.columns import EXPERIENCED, NEEDS_ARISEN, Columns
from agorasim.behaviour.word_of_mouth import send
from agorasim.ecosystem.bounds import check_states
from agorasim.ecosystem.building import NO_AGENDA, build, order_space, speaker_space, tie_weights
from agorasim.ecosystem.copying import copied, find_speakers, fingerprint
from agorasim.ecosystem.mechanisms import HOOKS, mechanisms_of
from agorasim.ecosystem.population import need_zero
from agorasim.ecosystem.trade import Trade
from agorasim.errors import ActionError, InputError
from agorasim.measures.mechanisms import ACCOUNTS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from agorasim.ecosystem.agenda import Agenda
    from agorasim.ecosystem.mechanisms import Mechanism
    from agorasim.ecosystem.mechanisms.touches import Touched
    from agorasim.ecosystem.script import Script
    from agorasim.ecosystem.tapes import Tape
    from agorasim.ecosystem.trial import Trial
    from agorasim.scenario.schema import Scenario

Array = NDArray[Any]

#: A day, in order: (what happens, who does it). `World.step` runs exactly this list.
PHASES: Final = (
    ("open_day", "calendar: season, weekday and festival multipliers; shops open, deliveries arrive"),
    ("decide", "brands whose decision day it is read their view and act"),
    ("plan_media", "spend becomes impressions per expected user, under price pressure"),
    ("carry_messages", "yesterday's messages cross the ties of the social graph"),
    ("see", "consumers forget a little, use touchpoints and meet brands"),
    ("talk", "consumers hear what reached them; some pass it on tomorrow"),
    ("need", "needs arise"),
    ("search", "people with a need search; results and ads bring brands to mind"),
    ("choose", "nested logit over considered brands and places, or nothing"),
    ("fulfil", "scarce stock and capacity are rationed, orders settled, media charged"),
    ("receive", "goods arrive and are compared with expectation"),
    ("reflect", "buyers recommend, complain, join"),
    ("record", "the day's tallies are written down"),
)
#: Phases that belong to one consumer; a `Consumer` subclass may replace each.
CONSUMER_PHASES: Final = ("see", "talk", "need", "search", "choose", "receive", "reflect")


class World(Trade):
    """A world that can be stepped, copied and measured.

    Args:
        scenario: what the world is like.
        seed: 64-bit seed; the scenario's own when None.
        replicate: which of the seed's worlds, 0 to 2**32 - 1.
        graphs: graphs by layer name (NetworkX or `Graph`) that take the place of the scenario's.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int | None = None,
        replicate: int = 0,
        graphs: Mapping[str, Any] | None = None,
    ) -> None:
        self.scenario = scenario
        self.seed = scenario.seed if seed is None else seed
        self.replicate = replicate
        self.day = 0
        #: Phases done view by view instead of by a compiled pass: name to a function over all consumers.
        self.replaced: dict[str, Callable[[], None]] = {}
        built = build(scenario, self.seed, replicate, graphs)
        self.factor = built.factor
        self.population = built.population
        self.graphs = built.graphs
        self.market = built.market
        self.media = built.media
        self.strategies = built.strategies
        self.days = built.days
        self.history = built.history
        self.w: Columns = built.columns
        self._message_entities = built.message_entities
        self._strengths = built.strengths
        #: Fixed cost a day, (B, T) in minor units.
        self.fixed = built.fixed
        #: What a counterfactual world does otherwise, and what one writes down for others to replay.
        self.script: Script | None = None
        self.tape: Tape | None = None
        #: Meetings that worlds of one replicate draw once.
        self.agenda: Agenda | None = None
        self._spend = np.zeros_like(built.fixed)
        self._offer = np.zeros((len(self.market.offers), 8), dtype=np.int64)
        self._unit_cost = self.w.brands["unit_cost"][self.market.table["brand"]]
        #: Views of consumers exist, so columns may have been written to from outside: search them, trust no list.
        self.loose = False
        self._due: dict[int, list[Array]] = {}
        self._received: Array = np.empty(0, dtype=np.int64)
        self._owners = 0
        self._tie_weights = [tie_weights(scenario, graph) for graph in self.graphs.values()]
        experience.count_levels(self.w)
        self._need_factor = 1.0
        self._stale_media = self._stale_search = True
        #: Media money to spend today, (B, T) in minor units: what is ordered, less what a trial withholds.
        self.plan: Array = np.zeros_like(self.strategies.plan)
        self._ordered: Array = self.plan
        #: The experiment inside this world, when one was started.
        self.trial: Trial | None = None
        self._conditions: tuple[Any, ...] = ()
        #: Costs that mechanisms booked today, (B, accounts) in minor units.
        self.costs: Array = np.zeros((len(scenario.brands), len(ACCOUNTS)), dtype=np.int64)
        #: Whether today's media were planned anew.
        self.media_fresh = True
        #: Most touches of a day that can be kept.
        self.log_room = 0
        #: What mechanisms have read off today's log.
        self.touched: Touched | None = None
        self.mechanisms: list[Mechanism] = mechanisms_of(self)
        self.history.make_room(self.mechanisms)
        self._find_hooks()
        self._announce(np.flatnonzero(self.w.owner))

    def _find_hooks(self) -> None:
        """List, for each hook, the mechanisms that act in it."""
        self._hooks: dict[str, list[Callable[..., Any]]] = {
            hook: [getattr(m, hook) for m in self.mechanisms if hasattr(m, hook)] for hook in HOOKS
        }
        self._staged = any(self._hooks[hook] for hook in ("seen", "needed", "evaluate"))

    # --- time -------------------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Number of consumers."""
        return len(self.w.cell)

    @property
    def finished(self) -> bool:
        """Whether the calendar's last day is over."""
        return self.day >= self.days.count

    def run(self, days: int | None = None) -> World:
        """Step to the end of the calendar, or `days` days further; returns itself."""
        end = self.days.count if days is None else min(self.days.count, self.day + days)
        while self.day < end:
            self.step()
        return self

    def step(self) -> None:
        """One day, in the order of `PHASES`."""
        if self.finished:
            raise InputError(f"the calendar ends after {self.days.count} days; raise calendar.days to go on")
        self.open_day()
        self.decide()
        self.plan_media()
        self.carry_messages()
        if self.agenda is not None:
            self.agenda.prepare(self)
        self.live()
        self.fulfil()
        self.part("receive")
        self.part("reflect")
        self.record()
        self.day += 1

    # --- phases of a day --------------------------------------------------------------------------------------------

    def open_day(self) -> None:
        """Set today's address of draws, need multiplier, opening hours and deliveries."""
        self.w.now["day"] = self.day
        if self.script is not None:
            self.script.open_day(self)
        self.market.open_on(self.days, self.day)
        factor = float(self.days.need[self.day])
        if factor != self._need_factor:
            self._need_factor = factor
            self._stale_search = True
            self.w.params["need_factor"] = factor
            self.w.need_zero[:] = need_zero(self.w.need_rate, factor)
        if len(self.w.relevance):
            self.w.relevance[...] = 1.0  # every mechanism that makes contacts fitting multiplies it anew each day
        self._let_act("opened")

    def decide(self) -> None:
        """Brands whose day it is act; their prices are posted."""
        strategies = self.strategies
        for b in strategies.decide(self.days, self.day, self.history, self.script):
            try:
                self.market.set_prices(b, strategies.price[b], strategies.discount[b])
            except ValueError as error:
                name = strategies.brands[b]
                policy = strategies.policies[b].name
                price = strategies.price[b]
                raise ActionError(
                    f"brand {name!r}, policy {policy!r}, day {self.day}: price of {price:g}: {error}"
                ) from error
            self._stale_media = True
        if self.script is not None and self.script.order(self):
            self._stale_media = True
        if self.tape is not None and self.tape.decisions is not None:
            self.tape.decisions.note(self.day, strategies)
        self._let_act("decided")

    def expect_new_media(self) -> None:
        """Something that today's media follow from was changed from outside."""
        self._stale_media = True

    def plan_media(self) -> None:
        """Turn standing orders into what each user of a touchpoint gets; in the cool-down nobody buys media."""
        self._buy_media()
        self._let_act("planned")

    def _buy_media(self) -> None:
        day, media = self.day, self.media
        quiet = day >= self.days.quiet_from
        conditions = (quiet, float(self.days.media_price[day]), media.running(self.days, day))
        self.media_fresh = conditions != self._conditions or self._stale_media
        if not self.media_fresh:
            if self._stale_search:  # the weekday changes how many search, nothing else
                self.w.put(results=media.search_results(self._ordered, self._need_factor))
                self._stale_search = False
            return
        self._conditions = conditions
        self._stale_media = self._stale_search = False
        orders = self.strategies.plan if self.script is None else self.script.orders
        self._ordered = np.zeros_like(orders) if quiet else orders.copy()
        self.plan = media.payable(self._ordered)
        media.prices(self.plan, float(self.days.media_price[day]))
        touches, pairs, steps = media.meetings(self._ordered, self.strategies.posts, self.days, day)
        results = media.search_results(self._ordered, self._need_factor)
        self.w.put(touches=touches, pairs=pairs, steps=steps, results=results)

    def carry_messages(self) -> None:
        """Yesterday's messages cross today's ties into inboxes."""
        self._send_messages()
        self._let_act("carried")

    def _send_messages(self) -> None:
        w = self.w
        if len(w.says) == 0:
            return
        senders = np.flatnonzero(w.says.reshape(-1)) if self.loose else w.speakers[: w.spoken[0]].astype(np.int64)
        w.spoken[0] = 0
        if self.script is not None:
            senders = self.script.speakers(w, self.day, senders)
        if self.tape is not None:
            self.tape.messages.spoke(self.day, senders, w.says.reshape(-1)[senders])
        if len(senders) == 0:
            return
        for name, graph in self.graphs.items():
            if not graph.complete:
                strength = self.scenario.social.layers[name].strength
                strengths, entities = self._strengths[name], self._message_entities[name]
                send(w, senders, graph.indptr, graph.neighbours, strengths, strength, entities)
        w.says.reshape(-1)[senders] = 0

    def live(self) -> None:
        """Consumers see, talk, need, search and choose: one fused pass, unless a phase was replaced."""
        if not self.replaced and not self._staged:
            passes.morning(self.w)
            return
        self.part("see")
        self._let_act("seen")
        self.part("talk")
        self.part("need")
        if self._staged:
            self._think()
        self.part("search")
        if self._staged:
            who = np.flatnonzero(self.w.needs)
            if len(self.w.appeal):
                self.w.appeal[who] = 0.0  # mechanisms add to it
            self._let_act("evaluate", who)
        self.part("choose")

    def _think(self) -> None:
        """Mechanisms may postpone needs of today, or bring up others."""
        who = np.flatnonzero(self.w.needs)
        for act in self._hooks["needed"]:
            found = act(self, who)
            who = who if found is None else found

    def part(self, name: str) -> None:
        """One consumer phase for everybody: view by view where replaced, else the compiled pass."""
        if name in self.replaced:
            self.replaced[name]()
            if name == "receive":
                self._due.pop(self.day, None)
                if self._hooks["received"]:
                    self._let_act("received", np.flatnonzero(self.w.flags.reshape(-1) & np.uint8(EXPERIENCED)))
        elif name in ("receive", "reflect"):
            self._after_purchase(name)
        else:
            getattr(passes, f"{name}_all")(self.w)

    def record(self) -> None:
        """Sum states, write the day down and clear the tallies."""
        self._let_act("closing")
        if self.loose:
            check_states(self)
            experience.count_levels(self.w)
        if self.mechanisms:
            self.history.close_mechanisms(self.mechanisms, self.costs)
        experience.record_states(self.w)
        self.history.close_day(self.w, self.plan, self._spend, self.fixed, self._offer)

    # --- reading ----------------------------------------------------------------------------------------------------

    def tables(self) -> dict[str, pa.Table]:
        """The tables of the days so far: `kpis`, those of mechanisms, and for replicate 0 a sample of the graph."""
        from agorasim.ecosystem.tables import kpi_table, network_tables

        out = {"kpis": kpi_table(self)}
        out.update({m.name: m.table(self) for m in self.mechanisms if hasattr(m, "table")})
        if self.replicate == 0:
            out.update(network_tables(self))
        return out

    def kpis(self) -> pd.DataFrame:
        """The KPI table of the days so far as a frame; empty text in a key column means all."""
        frame: pd.DataFrame = self.tables()["kpis"].to_pandas()
        return frame

    def digest(self) -> str:
        """A fingerprint of every consumer's state and every day's tallies, for tests of bit-identity."""
        return fingerprint(self)

    # --- copies -----------------------------------------------------------------------------------------------------

    def copy(self) -> World:
        """An independent world that continues exactly as this one would; shares what never changes.

        Nothing is written down for others, and no phase is replaced, in the copy.
        """
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin.replaced, twin.tape, twin.touched = {}, None, None
        written = {name for m in self.mechanisms for name in (*m.writes, "pairs", "steps", "results")}
        twin.w = copied(self.w, frozenset(written))
        twin.market = self.market.copy(twin.w.offers)
        twin.media, twin.strategies, twin.history = self.media.copy(), self.strategies.copy(), self.history.copy()
        twin.script = None if self.script is None else self.script.copy()
        twin._offer, twin.costs = self._offer.copy(), self.costs.copy()
        twin.mechanisms = [mechanism.copy() for mechanism in self.mechanisms]
        twin._find_hooks()
        twin._due = {day: list(codes) for day, codes in self._due.items()}
        return twin

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state["replaced"], state["tape"], state["agenda"], state["_hooks"] = {}, None, None, {}
        state["touched"] = None
        # Scratch space for a day's orders is large and empty between days.
        state["w"] = Columns(
            **{
                **self.w.arrays(),
                "orders": self.w.orders[:0],
                "speakers": self.w.speakers[:0],
                **NO_AGENDA,
                "log": self.w.log[:0],
            }
        )
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.w.put(orders=order_space(self.scenario, self.size), speakers=speaker_space(self.w.says.size))
        self.keep_log(self.log_room)
        find_speakers(self.w)
        self._find_hooks()

    @property
    def needs_today(self) -> int:
        """Needs that arose in the phase `need` of the running day."""
        return int(self.w.counts[NEEDS_ARISEN])
