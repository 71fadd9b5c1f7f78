"""Counter-based random numbers: every draw has an address, so no draw can shift another.

The generator is Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3").
The key is the seed (64 bits). The counter is an address of four 32-bit words:

====  ===========================================================================
word  holds
====  ===========================================================================
0     the consumer: its number for a *deep* purpose; the number of a block shared by four for a *wide* one
1     the entity: a stable id from its name (brand, touchpoint, place), or the consumer at an edge's other end
2     the replicate
3     day (24 bits) and purpose (8 bits)
====  ===========================================================================

A wide purpose needs one number a consumer: the four words of a block serve four consumers 64 apart (of each 256), so a
vectorised pass over a chunk of 256 costs a quarter of a block each. A deep purpose needs up to four numbers for one
consumer. The scenario is not part of the address: two scenarios with one seed share every draw that both make (common
random numbers).
"""

from __future__ import annotations

import hashlib
import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agorasim._compile import inlined, kernel
from agorasim.errors import InputError
from agorasim.purposes import Purposes

MAX_DAY: Final = 2**24 - 1
MAX_WORD: Final = 2**32 - 1
CHUNK: Final = 256  #: consumers a vectorised pass handles at a time

#: What a draw needs besides its consumer and entity; a one-element array travels through every kernel.
STREAM = np.dtype([("key0", "u4"), ("key1", "u4"), ("replicate", "u4"), ("day", "u4")], align=True)


# --- purposes -------------------------------------------------------------------------------------------------------


PURPOSES = Purposes()

# Wide: one number a consumer.
SEGMENT = PURPOSES.declare("population.segment", 0)
HOME_REGION = PURPOSES.declare("population.region", 1)
HOME_X = PURPOSES.declare("population.x", 2)
HOME_Y = PURPOSES.declare("population.y", 3)
TRAIT = PURPOSES.declare("population.trait", 4)
INITIAL = PURPOSES.declare("population.initial", 5)
USE = PURPOSES.declare("media.use", 6)
FREQUENCY = PURPOSES.declare("media.frequency", 7)
NEED = PURPOSES.declare("need.count", 8)
ADOPT = PURPOSES.declare("need.adopt", 9)
CLICK = PURPOSES.declare("media.click", 10)
TREATMENT = PURPOSES.declare("experiment.treatment", 11)
INTENT = PURPOSES.declare("media.intent", 12)
# Deep: up to four numbers for one consumer and entity.
TELL = PURPOSES.declare("word_of_mouth.edge", 33)
PASS_ON = PURPOSES.declare("word_of_mouth.pass_on", 34)
SEARCH = PURPOSES.declare("search.results", 35)
BRAND_CHOICE = PURPOSES.declare("choice.brand", 36)
PLACE_CHOICE = PURPOSES.declare("choice.place", 37)
RATION = PURPOSES.declare("fulfilment.ration", 38)
EXPERIENCE = PURPOSES.declare("experience.outcome", 39)
REPORT = PURPOSES.declare("brand.report_noise", 40)
GRAPH = PURPOSES.declare("graph.generator", 41)
SPREAD = PURPOSES.declare("spread.draw", 42)
LAYOUT = PURPOSES.declare("report.sample", 43)
TIE = PURPOSES.declare("graph.tie_strength", 44)
TELLER = PURPOSES.declare("word_of_mouth.teller", 45)
#: The entity of draws that belong to the consumer alone.
NOBODY: Any = np.int64(0)


# --- addresses ------------------------------------------------------------------------------------------------------


def stable_id(*parts: str | int) -> int:
    """A 32-bit id that depends on the parts' text alone, never on a list position."""
    text = "\x1f".join(str(p) for p in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little")


class Identities:
    """Hands out stable ids and refuses two names that share one (odds about n*n / 2**33 for n names)."""

    def __init__(self) -> None:
        self._owner: dict[int, tuple[str, ...]] = {}

    def of(self, *parts: str | int) -> int:
        """The id of an entity; InputError when another name already has it."""
        name = tuple(str(p) for p in parts)
        number = stable_id(*parts)
        if self._owner.setdefault(number, name) != name:
            first = " ".join(self._owner[number])
            raise InputError(f"the names {first!r} and {' '.join(name)!r} collide in 32 bits; rename one of them")
        return number


def stream(seed: int, replicate: int = 0, day: int = 0) -> NDArray[Any]:
    """The one-element array that addresses a day's draws. ValueError when a part is out of range."""
    if not 0 <= seed < 2**64:
        raise InputError(f"seed must be an integer from 0 to 2**64 - 1, got {seed}")
    if not 0 <= replicate <= MAX_WORD:
        raise InputError(f"replicate must be an integer from 0 to 2**32 - 1, got {replicate}")
    if not 0 <= day <= MAX_DAY:
        raise InputError(f"day must be an integer from 0 to {MAX_DAY}, got {day}")
    out = np.zeros(1, dtype=STREAM)
    out["key0"], out["key1"] = seed & MAX_WORD, seed >> 32
    out["replicate"], out["day"] = replicate, day
    return out


# --- the generator --------------------------------------------------------------------------------------------------

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_S32 = np.uint64(32)
#: Weyl steps of the key words, one a round.
_W0 = tuple(np.uint64(k * 0x9E3779B9 & MAX_WORD) for k in range(10))
_W1 = tuple(np.uint64(k * 0xBB67AE85 & MAX_WORD) for k in range(10))


@inlined
def _key(key: Any, step: np.uint64) -> Any:
    """A key word advanced by a Weyl step; added in 64 bits, so that plain NumPy scalars do not warn of overflow."""
    return np.uint32(np.uint64(key) + step)


@inlined
def _round(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    p0 = _M0 * np.uint64(c0)
    p1 = _M1 * np.uint64(c2)
    return np.uint32(p1 >> _S32) ^ c1 ^ k0, np.uint32(p1), np.uint32(p0 >> _S32) ^ c3 ^ k1, np.uint32(p0)


def _philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """Philox4x32-10: four 32-bit words from a counter of four words and a key of two.

    The ten rounds are written out because LLVM vectorises a loop over blocks only when there is no loop inside.
    `philox` is compiled once and called; `philox_here` is compiled into its caller, for loops that shall be vectorised.
    """
    c0, c1, c2, c3 = np.uint32(c0), np.uint32(c1), np.uint32(c2), np.uint32(c3)
    k0, k1 = np.uint32(k0), np.uint32(k1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, _key(k0, _W0[1]), _key(k1, _W1[1]))
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, _key(k0, _W0[2]), _key(k1, _W1[2]))
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, _key(k0, _W0[3]), _key(k1, _W1[3]))
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, _key(k0, _W0[4]), _key(k1, _W1[4]))
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, _key(k0, _W0[5]), _key(k1, _W1[5]))
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, _key(k0, _W0[6]), _key(k1, _W1[6]))
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, _key(k0, _W0[7]), _key(k1, _W1[7]))
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, _key(k0, _W0[8]), _key(k1, _W1[8]))
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, _key(k0, _W0[9]), _key(k1, _W1[9]))
    return c0, c1, c2, c3


philox = kernel(_philox)
philox_here = inlined(_philox)


@inlined
def to_uniform(word: Any) -> Any:
    """A word as a float64 strictly between 0 and 1. Keep it float64: cast to float32 it can become 1."""
    return (np.float64(word) + 0.5) * 2.3283064365386963e-10


@kernel
def block(now: Any, purpose: int, consumer: int, entity: int) -> Any:
    """Four uniforms for one consumer and entity today (deep purposes)."""
    at = now[0]
    when = (np.uint64(at["day"]) << np.uint64(8)) | np.uint64(purpose)
    a, b, c, d = philox(
        np.uint64(consumer), np.uint64(entity), np.uint64(at["replicate"]), when, at["key0"], at["key1"]
    )
    return to_uniform(a), to_uniform(b), to_uniform(c), to_uniform(d)


@kernel
def pair_uniforms(now: Any, purpose: int, consumers: Any, other: int, entity: int, out: Any) -> None:
    """A uniform for each edge (one of `consumers`, other) and an entity into `out`.

    (Receiver, sender, brand) do not fit one counter, so the first block's words address a second one (a chance
    collision has odds of 2**-96). A loop over a sender's edges is vectorised.
    """
    at = now[0]
    when = np.uint32((np.uint64(at["day"]) << np.uint64(8)) | np.uint64(purpose))
    replicate, key0, key1 = np.uint32(at["replicate"]), np.uint32(at["key0"]), np.uint32(at["key1"])
    sender, whose = np.uint32(other), np.uint32(entity)
    for k in range(consumers.shape[0]):
        a, b, c, _ = philox_here(np.uint32(consumers[k]), sender, replicate, when, key0, key1)
        e, _, _, _ = philox_here(a, b, c, whose, key0, key1)
        out[k] = to_uniform(e)


@kernel
def draw(now: Any, purpose: int, consumer: int, entity: int) -> float:
    """The uniform of one consumer for a wide purpose: one word of the block it shares with three others."""
    at = now[0]
    when = (np.uint64(at["day"]) << np.uint64(8)) | np.uint64(purpose)
    number = np.uint64(consumer)
    shared = ((number >> np.uint64(8)) << np.uint64(6)) | (number & np.uint64(63))
    a, b, c, d = philox(shared, np.uint64(entity), at["replicate"], when, at["key0"], at["key1"])
    lane = (number >> np.uint64(6)) & np.uint64(3)
    if lane == np.uint64(0):
        return float(to_uniform(a))
    if lane == np.uint64(1):
        return float(to_uniform(b))
    if lane == np.uint64(2):
        return float(to_uniform(c))
    return float(to_uniform(d))


@kernel
def fill(now: Any, purpose: int, chunk: int, entity: int, out: Any) -> None:
    """Uniforms of the 256 consumers of one chunk (numbers 256 * chunk onwards) for a wide purpose into `out`.

    The same bits as `draw`, at a quarter of a block each: `out` is float64 of at least 256.
    """
    at = now[0]
    when = np.uint32((np.uint64(at["day"]) << np.uint64(8)) | np.uint64(purpose))
    base = np.uint32(np.uint64(chunk) << np.uint64(6))
    replicate, key0, key1, who = (
        np.uint32(at["replicate"]),
        np.uint32(at["key0"]),
        np.uint32(at["key1"]),
        np.uint32(entity),
    )
    for k in range(64):
        a, b, c, d = philox_here(base + np.uint32(k), who, replicate, when, key0, key1)
        out[k] = to_uniform(a)
        out[64 + k] = to_uniform(b)
        out[128 + k] = to_uniform(c)
        out[192 + k] = to_uniform(d)


def uniforms(now: NDArray[Any], purpose: int, count: int, entity: int = 0) -> NDArray[np.float64]:
    """Uniforms of consumers 0 .. count - 1 for a wide purpose, shape (count,)."""
    out = np.empty((count + CHUNK - 1) // CHUNK * CHUNK, dtype=np.float64)
    _fill_all(now, np.int64(purpose), np.int64(entity), out)
    return out[:count]


@kernel
def _fill_all(now: Any, purpose: int, entity: int, out: Any) -> None:
    for chunk in range(out.shape[0] // CHUNK):
        fill(now, purpose, chunk, entity, out[CHUNK * chunk : CHUNK * (chunk + 1)])


def deep_uniforms(now: NDArray[Any], purpose: int, who: NDArray[Any], entity: Any) -> NDArray[np.float64]:
    """The four uniforms of a deep purpose for each of some consumers, shape (len(who), 4).

    Args:
        now: the day's address, as `stream` makes it.
        purpose: a number of `PURPOSES`.
        who: numbers of consumers, shape (n,).
        entity: one stable id for all of them, or one for each, shape (n,).
    """
    rows = np.ascontiguousarray(who, dtype=np.int64)
    out = np.empty((len(rows), 4), dtype=np.float64)
    entities = np.empty(len(rows), dtype=np.int64)
    entities[:] = entity
    _blocks(now, np.int64(purpose), rows, entities, out)
    return out


@kernel
def _blocks(now: Any, purpose: int, who: Any, entities: Any, out: Any) -> None:
    at = now[0]
    when = np.uint32((np.uint64(at["day"]) << np.uint64(8)) | np.uint64(purpose))
    replicate, key0, key1 = np.uint32(at["replicate"]), np.uint32(at["key0"]), np.uint32(at["key1"])
    # Nothing but Philox blocks in the loop, so that it is vectorised.
    for k in range(who.shape[0]):
        a, b, c, d = philox_here(np.uint32(who[k]), np.uint32(entities[k]), replicate, when, key0, key1)
        out[k, 0] = to_uniform(a)
        out[k, 1] = to_uniform(b)
        out[k, 2] = to_uniform(c)
        out[k, 3] = to_uniform(d)


# --- inversions -----------------------------------------------------------------------------------------------------


@kernel
def poisson(u: float, zero: float, mean: float, most: int) -> int:
    """Poisson count by inversion, at most `most`; `zero` is exp(-mean), computed once by the caller. Monotone in u."""
    if u < zero:
        return 0
    if zero <= 0.0:  # a mean beyond 745, far above any `most`, has no exp(-mean) to start from
        return int(most)
    term = zero
    total = zero
    k = 0
    while k < most and u >= total:
        k += 1
        term = term * mean / k
        if term <= 0.0:
            break
        total += term
    return k


@kernel
def gumbel(u: float) -> float:
    """Standard Gumbel by inversion: added to each alternative's utility, the largest wins as in a logit."""
    return -math.log(-math.log(u))


#: Intervals of the unit line for which `draw_bounds` gives upper bounds, and its rows.
BOUNDS: Final = 1024
GUMBEL: Final = 0
_ANGLE: Final = 1


def draw_bounds() -> NDArray[np.float64]:
    """Upper bounds of draws that rise with their uniform, for u in [k, k + 1) / BOUNDS, shape (2, BOUNDS).

    Row 0: `gumbel(u)`; row 1: the part of the Levy draw that its angle gives, -2 log(2 cos(pi u / 2)). A little more
    for safety; the last interval has none (inf).
    """
    edges = [(k + 1) / BOUNDS for k in range(BOUNDS - 1)]
    gumbels = [-math.log(-math.log(u)) + 1e-9 for u in edges]
    angles = [-2.0 * math.log(2.0 * math.cos(0.5 * math.pi * u)) + 1e-9 for u in edges]
    return np.array([[*gumbels, math.inf], [*angles, math.inf]])


@kernel
def log_positive_stable(u: float, v: float, alpha: float) -> float:
    """Logarithm of a positive stable variable with Laplace transform exp(-t**alpha), 0 < alpha <= 1 (Kanter 1975).

    alpha * (gumbel + this) shared by a nest's alternatives makes Gumbel-max an exact nested logit with dissimilarity
    alpha (the positive stable mixture of Hougaard 1986), so that removing an alternative moves only its own buyers.
    """
    if alpha >= 1.0:
        return 0.0
    if alpha == 0.5:  # Levy: the general expression with sin(2a) = 2 sin(a) cos(a)
        half = 2.0 * math.cos(0.5 * math.pi * u)
        return math.log(1.0 / (half * half * -math.log(v)))
    angle = math.pi * u
    waiting = -math.log(v)
    return (
        math.log(math.sin(alpha * angle))
        - math.log(math.sin(angle)) / alpha
        + (1.0 - alpha) / alpha * (math.log(math.sin((1.0 - alpha) * angle)) - math.log(waiting))
    )


@kernel
def log_positive_stable_bound(u: float, v: float, alpha: float, bounds: Any) -> float:
    """What `log_positive_stable` cannot exceed, from `draw_bounds`, without a logarithm where alpha is 0.5."""
    if alpha == 0.5:
        return float(bounds[GUMBEL, int(v * BOUNDS)] + bounds[_ANGLE, int(u * BOUNDS)])
    return math.inf


@kernel
def normal(u: float) -> float:
    """Standard normal by inversion: algorithm AS 241, PPND16 (Wichura 1988), relative accuracy about 1e-16."""
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        top = (((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
            + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
            + 133.14166789178437745) * r + 3.387132872796366608)  # fmt: skip
        low = (((((((5226.495278852545925 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
            + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
            + 42.313330701600911252) * r + 1.0)  # fmt: skip
        return q * top / low
    r = u if q < 0.0 else 1.0 - u
    r = math.sqrt(-math.log(r))
    if r <= 5.0:
        r -= 1.6
        top = (((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
            + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
            + 4.6303378461565452959) * r + 1.42343711074968357734)  # fmt: skip
        low = (((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
            + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r
            + 2.05319162663775882187) * r + 1.0)  # fmt: skip
    else:
        r -= 5.0
        top = (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
            + 0.026532189526576123093) * r + 0.29656057182850489123) * r + 1.7848265399172913358) * r
            + 5.4637849111641143699) * r + 6.6579046435011037772)  # fmt: skip
        low = (((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
            + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
            + 0.59983220655588793769) * r + 1.0)  # fmt: skip
    value = top / low
    return -value if q < 0.0 else value
