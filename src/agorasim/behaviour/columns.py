"""The columns of a world: arrays whose element types do not depend on how many brands or touchpoints there are.

Numbers of consumers (N), brands (B), touchpoints (T), regions x segments (G, cells) are array dimensions, so a new
scenario never recompiles. Columns that a scenario does not need have length 0.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim.randomness import STREAM

Array = NDArray[Any]


def _record(*fields: tuple[str, str]) -> np.dtype[Any]:
    return np.dtype(list(fields), align=True)


#: (N,) what every day reads. One array a field: passes over everybody then run at the speed of the memory.
PERSON: Final = {
    "need_rate": "f4",  # needs a day on an ordinary day
    "need_zero": "f4",  # exp(-need_rate x today's multiplier), rewritten when the multiplier changes
    "cell": "i4",  # segment x number of regions + region
    "adopted_ties": "i4",  # ties (weighted, fixed point for `threshold`) whose other end has adopted
    "needs": "u1",  # needs recognised today
    "owner": "u1",  # has adopted the durable
    "consent": "u1",  # lets brands identify them
    "direct": "u1",  # adopts today without choosing whether to buy
}
#: (N,) traits that only shopping and talking read, one record a consumer.
TRAITS: Final = _record(
    ("x", "f4"),
    ("y", "f4"),
    ("price", "f4"),
    ("deal", "f4"),
    ("talk", "f4"),
    ("ear", "f4"),
    ("phi", "f4"),
    ("ties", "i4"),
)
#: (N, B) what a consumer feels about a brand.
BOND: Final = {
    "awareness": "f4",
    "goodwill": "f4",
    "habit": "f4",
    "fatigue": "f4",
    "visited": "u4",  # today's visits, one bit a visiting touchpoint
    "flags": "u1",  # today's events: REACHED, CLICKED, FOUND, EXPERIENCED
}
#: (N, B) what passed between a consumer and a brand.
TRADE: Final = {
    "expectation": "f4",
    "surprise": "f4",  # experience above expectation, of today
    "bought": "i4",  # orders served so far
    "first_day": "i4",  # day of the first purchase seen; -1 none
    "arrives": "i4",  # day the order under way is received; -1 none
    "touch_day": "i4",  # day of the last touch the brand could identify; -1 none
    "last_touch": "i2",
    "member": "u1",
}
#: (N, B) messages; length 0 when nobody talks.
TALK: Final = {"hears_good": "u2", "hears_bad": "u2", "says": "u1"}
#: Columns that only some mechanisms need, by group: element type and shape in letters (N consumers, B brands; A
#: audiences and G groups of touchpoints under one frequency cap are set by the mechanism). Length 0 unless asked for.
OPTIONAL: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "appeal": {"appeal": ("f4", "NB")},  # added to the utility of buying the brand today
    "wallet": {
        "rebate": ("i4", "NB"),  # minor units off the next order
        "rebate_until": ("i2", "NB"),  # last day on which it can be used; -1 none
        "rebate_where": ("u1", "NB"),  # bits of `OFFER.channel`
        "rebate_source": ("u1", "NB"),
    },
    "modes": {"mode": ("u1", "N")},  # row of `modes`: how today's needs are answered
    "relevance": {"relevance": ("f4", "NB")},  # multiplies what a contact does
    "known": {"known": ("u4", "NB")},  # bits of touchpoints at which the brand has identified them
    "caps": {"shown": ("u1", "GN")},  # impressions of today, by group of touchpoints
    "audiences": {"audience": ("u1", "AN")},
    "told_by": {"told_by": ("i4", "NB"), "told_day": ("i2", "NB")},  # who recommended the brand last, and when
    "journeys": {"logged": ("u1", "N")},  # whose touches are kept
    "lean": {"lean": ("f4", "N")},  # utility of buying online, and lost offline
}
#: What a column starts with where it is not 0.
STARTS: Final = {"rebate_until": -1, "relevance": 1, "told_by": -1, "told_day": -1}

REACHED: Final = 1
CLICKED: Final = 2
FOUND: Final = 4
EXPERIENCED: Final = 8
GOOD: Final = 1
BAD: Final = 2

# Entities and spans are int64 like every index, so that no function is compiled twice for another integer type.

#: (T',) touchpoints where somebody can be met today, with the span of their pairs.
TOUCH: Final = _record(("touch", "i4"), ("entity", "i8"), ("first", "i8"), ("end", "i8"), ("everyone", "u1"))
#: (P',) brand x touchpoint pairs of today.
PAIR: Final = _record(
    ("brand", "i4"),
    ("touch", "i4"),
    ("entity", "i8"),
    ("mean", "f8"),  # impressions per user today (media, posts); chance of meeting (presence)
    ("zero", "f8"),  # exp(-mean)
    ("cap", "i4"),
    ("table", "i4"),  # row of `lift`
    ("near", "i4"),  # row of `near`, -1 everywhere the same
    ("bit", "i4"),  # bit of `visited`, -1 not a visit
    ("beside", "i4"),  # for ads beside the brand's own presence: the bit of that presence; else -1
    ("mode", "u1"),  # MEDIA or PRESENCE
    ("members", "u1"),  # bits of memberships, one of which it takes; 0 everybody
    ("clicks", "u1"),
    ("irritates", "u1"),
    ("trial", "u1"),  # only consumers who are treated in an experiment meet it
    ("audience", "i4"),  # row of `audience`: only they can be shown it; -1 everybody
    ("group", "i4"),  # row of `shown`: those known here have a cap over the whole group; -1 none
    ("most", "i4"),  # that cap
    ("intent", "f8"),  # share of meetings that come about only with the brand in mind
)
MEDIA: Final = 0
PRESENCE: Final = 1
ANY_MEMBERSHIP: Final = 255  # every bit of `member`

#: Columns of `lift`, by impressions of the day.
LIFT_AWARENESS, LIFT_GOODWILL, LIFT_FATIGUE, LIFT_CLICK = range(4)

#: (S,) brand x search touchpoint pairs of today.
RESULT: Final = _record(
    ("brand", "i4"),
    ("touch", "i4"),
    ("searching", "i8"),  # entity of the touchpoint: one draw whether a need is searched there
    ("entity", "i8"),
    ("paid", "f8"),  # chance that an ad is shown to a searcher
    ("organic", "f8"),
    ("branded", "f8"),  # chance that awareness makes the search one by name
    ("click", "f8"),
    ("awareness", "f8"),
    ("trial", "u1"),  # ads are shown to the treated only
)
#: (B,) brands.
BRAND: Final = _record(
    ("entity", "i8"),
    ("quality", "f8"),
    ("base", "f8"),  # intercept + weight x quality
    ("join", "f8"),
    ("join_untreated", "f8"),  # the same for consumers whom an experiment keeps from some touchpoints
    ("first", "i8"),  # span of its offers
    ("end", "i8"),
    ("unit_cost", "i8"),
)
#: (O,) offers of today: brand x place.
OFFER: Final = _record(
    ("brand", "i4"),
    ("place", "i4"),
    ("price", "i8"),  # what the buyer pays, minor units
    ("list_price", "i8"),  # without the promotion
    ("pain", "f8"),  # price coefficient x price / reference price
    ("signal", "f8"),  # promotion signal
    ("wait", "f8"),  # delivery coefficient x days
    ("x", "f4"),
    ("y", "f4"),
    ("bit", "i4"),
    ("days", "i4"),
    ("open", "u1"),
    ("located", "u1"),
    ("members", "u1"),  # bits of memberships, one of which it takes to buy here; 0 none
    ("trial", "u1"),  # only the treated can buy here
    ("channel", "u1"),  # ONLINE or OFFLINE
    ("far", "f8"),  # multiplies the utility lost with distance
    ("bonus", "f8"),  # what else speaks for buying here today (queues, effort)
)
OUT_OF_QUESTION: Final = -1e3  # an appeal below this: the consumer does not consider the brand at all
ONLINE: Final = 1
OFFLINE: Final = 2
ORDER: Final = _record(
    ("consumer", "i4"),
    ("sequence", "i4"),
    ("offer", "i4"),
    ("served", "u1"),
    ("source", "u1"),  # of the coupon that was used
    ("rebate", "i4"),  # minor units that it took off
    ("price", "i8"),  # minor units paid, once served
)
#: (M,) ways to choose: multipliers of the parts of utility, and who is considered.
MODE: Final = _record(
    ("price", "f8"),
    ("deal", "f8"),
    ("goodwill", "f8"),
    ("habit", "f8"),
    ("appeal", "f8"),
    ("distance", "f8"),
    ("widen", "f8"),  # recalled with chance 1 - (1 - awareness) ** widen
    ("reached_only", "u1"),  # only brands met today
    ("habit_only", "u1"),  # only brands bought before, if there are any
)
#: A touch of a consumer whose journey is kept.
LOG: Final = _record(("consumer", "i4"), ("brand", "i2"), ("touch", "i2"), ("event", "u1"), ("count", "u1"))
LOG_IMPRESSION, LOG_CLICK, LOG_VISIT, LOG_SEARCH = 1, 2, 3, 4

#: (1,) coefficients of the scenario and of the day.
PARAMS: Final = _record(
    ("keep_awareness", "f8"),
    ("keep_goodwill", "f8"),
    ("keep_habit", "f8"),
    ("keep_fatigue", "f8"),
    ("encoding", "f8"),
    ("need_factor", "f8"),
    ("needing", "u1"),  # any need rate above zero
    ("most", "i4"),
    ("durable", "u1"),
    ("rule", "i4"),
    ("p", "f8"),
    ("q", "f8"),
    ("phi_uniform", "u1"),
    ("innovation", "u1"),
    ("direct", "u1"),
    ("complete", "u1"),
    ("adopters", "i8"),
    ("consumers", "i8"),
    ("dissimilarity", "f8"),
    ("goodwill", "f8"),
    ("habit", "f8"),
    ("distance", "f8"),
    ("visit", "f8"),
    ("noise", "f8"),
    ("adaptation", "f8"),
    ("habit_gain", "f8"),
    ("goodwill_gain", "f8"),
    ("delight", "f8"),
    ("disappointment", "f8"),
    ("stockout", "f8"),
    ("talking", "u1"),
    ("transmit", "f8"),
    ("recommend", "f8"),
    ("complain", "f8"),
    ("pass_on", "f8"),
    ("wom_awareness", "f8"),
    ("wom_good", "f8"),
    ("wom_bad", "f8"),
    ("window", "i4"),
    ("tedium", "f8"),  # fatigue at which contacts begin to cost goodwill is 1 / tedium
    ("tires", "f8"),  # share of fatigue that weakens what is remembered, as it weakens what is felt
    ("pain", "f8"),  # utility lost with a minor unit of price
    ("promotion", "f8"),  # utility of a promotion of the whole price
)
NO_RULE: Final = 0
CASCADE: Final = 1
CONTACT: Final = 2
HAZARD: Final = 3
THRESHOLD: Final = 4
RULES: Final = {"cascade": CASCADE, "contact": CONTACT, "hazard": HAZARD, "threshold": THRESHOLD}

#: Columns of `at_touch` (B, T, .): what happened on a touchpoint today.
AT_IMPRESSIONS: Final = 0
AT_REACH: Final = 1
AT_CLICKS: Final = 2
AT_SEARCHES: Final = 3
AT_ADS: Final = 4  # paid impressions (search counts organic ones apart)
AT_AD_CLICKS: Final = 5
AT_CREDIT: Final = 6  # orders credited by the brand to its last identified touch
AT_CREDIT_MONEY: Final = 7
AT_TOUCH: Final = 8

#: Columns of `at_offer` (O, .).
OF_ORDERS, OF_LOST, OF_REBATE, OF_OFFER = range(4)

#: Columns of `by_cell` (B, G, .).
BY_REACH: Final = 0
BY_HEARD_GOOD: Final = 1
BY_HEARD_BAD: Final = 2
BY_RECOMMENDATIONS: Final = 3
BY_COMPLAINTS: Final = 4
BY_CONSIDERED: Final = 5
BY_ORDERS: Final = 6
BY_LOST: Final = 7
BY_REVENUE: Final = 8
BY_NEW: Final = 9
BY_EXPERIENCES: Final = 10
BY_SATISFACTION: Final = 11
BY_AWARENESS: Final = 12
BY_GOODWILL: Final = 13
BY_HABIT: Final = 14
BY_CELL: Final = 15

#: Columns of `levels` (B, G, .).
CUSTOMERS: Final = 0
MEMBERS: Final = 1
LEVELS: Final = 2

#: States are summed as integers in units of 2**-20.
FIXED: Final = 1048576.0
SHIFT: Final = 1048576


#: Every column: element type and number of dimensions. The order is that of the native table.
LAYOUT: Final[dict[str, tuple[Any, int]]] = {
    "now": (STREAM, 1),  # (1,): address of today's draws
    "params": (PARAMS, 1),  # (1,)
    **{name: (kind, 1) for name, kind in PERSON.items()},  # (N,)
    "traits": (TRAITS, 1),  # (N,)
    **{name: (kind, 2) for name, kind in (BOND | TRADE).items()},  # (N, B)
    **{name: (kind, 2) for name, kind in TALK.items()},  # (N, B) or (0, B)
    "treated": ("u1", 1),  # (N,) or (0,): treated in an experiment inside the world
    "use": ("f4", 2),  # (T, N): probability of using a touchpoint on a day
    "near": ("f4", 2),  # (K, N): closeness to the brand's nearest shop
    "touches": (TOUCH, 1),
    "pairs": (PAIR, 1),
    "steps": ("f8", 2),  # (P', largest cap): P(impressions <= n) of today's pairs
    "lift": ("f8", 3),  # (T, most impressions + 1, 4)
    "results": (RESULT, 1),
    "brands": (BRAND, 1),
    "offers": (OFFER, 1),
    "choice_ids": ("u4", 2),  # (K, L): entities of the k-th order of a day: offers, nothing, brands, filled up
    "choice_purposes": ("u4", 1),  # (L,): what each of them is drawn for
    "escapes": ("f8", 1),  # (1 - q) ** k for k adopted ties (contact)
    "orders": (ORDER, 1),  # room for today's orders
    "counts": ("i8", 1),  # (4,): orders written, needs arisen
    "at_touch": ("i8", 3),  # (B, T, AT_TOUCH)
    "at_offer": ("i8", 2),  # (O, OF_OFFER)
    "by_cell": ("i8", 3),  # (B, G, BY_CELL)
    "needs_by_cell": ("i8", 1),  # (G,)
    "uniform": ("f8", 2),  # (2, 256): a chunk's draws
    "listed": ("i8", 2),  # (2, 257): a chunk's lists of consumers
    "who": ("i4", 2),  # (2, 257): consumers of a chunk who meet a brand, and
    "what": ("u1", 2),  # (2, 257): how often
    "agenda_row": ("i8", 1),  # (P',): row of the agenda that holds a pair's meetings of today, -1 none; (0,): no agenda
    "agenda_first": ("i8", 2),  # (rows, chunks + 1): where a chunk's meetings begin
    "agenda_who": ("i4", 1),
    "agenda_what": ("u1", 1),
    "tossed": ("f8", 2),  # (3, L): draws of one choice
    "bounds": ("f8", 2),  # (2, BOUNDS): upper bounds of draws, by their uniform
    "levels": ("i8", 3),  # (B, G, 2): customers and members, carried from day to day
    "speakers": ("i4", 1),  # codes consumer * B + brand of those with something to say tomorrow
    "spoken": ("i8", 1),  # (1,): how many of them
    **{name: (kind, len(shape)) for group in OPTIONAL.values() for name, (kind, shape) in group.items()},
    "modes": (MODE, 1),
    "log": (LOG, 1),  # room for today's touches of those who are logged
    "log_end": ("i8", 1),  # (1,): how many of them
}


_POSITION: Final = {name: k for k, name in enumerate(LAYOUT)}


class Columns:
    """Everything a consumer's functions read and write: one array an attribute, as `LAYOUT` says.

    Compiled functions see the same attributes through a table of addresses (`native`), so an array is replaced only
    by `put`. The object keeps its arrays alive; compiled code borrows them.
    """

    __slots__ = (*LAYOUT, "address", "table")

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Array: ...

    def __init__(self, **arrays: Array) -> None:
        if arrays.keys() != LAYOUT.keys():
            raise TypeError(f"columns differ from the layout: {sorted(arrays.keys() ^ LAYOUT.keys())}")
        self.table = np.zeros((len(LAYOUT), 4), dtype=np.int64)
        self.address = self.table.ctypes.data
        self.put(**arrays)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in LAYOUT:
            raise AttributeError(
                f"write into column {name!r} with [...] = (compiled code knows its address), or use put"
            )
        object.__setattr__(self, name, value)

    def put(self, **arrays: Array) -> None:
        """Replace columns. TypeError when an element type, the dimensions or the memory order is not the layout's."""
        for name, array in arrays.items():
            dtype, ndim = LAYOUT[name]
            if array.dtype != np.dtype(dtype) or array.ndim != ndim or not array.flags.c_contiguous:
                raise TypeError(f"column {name!r} must be C-contiguous {np.dtype(dtype)} of {ndim} dimensions")
            object.__setattr__(self, name, array)
            self.table[_POSITION[name]] = [array.ctypes.data, *array.shape, *[0] * (3 - ndim)]

    def arrays(self) -> dict[str, Array]:
        """All columns by name."""
        return {name: getattr(self, name) for name in LAYOUT}

    def __reduce__(self) -> Any:
        return _rebuild, (self.arrays(),)

    def __deepcopy__(self, memo: dict[int, Any]) -> Columns:
        return Columns(**{name: copy.deepcopy(array, memo) for name, array in self.arrays().items()})


def _rebuild(arrays: dict[str, Array]) -> Columns:
    return Columns(**arrays)


ORDERS_WRITTEN: Final = 0
NEEDS_ARISEN: Final = 1
