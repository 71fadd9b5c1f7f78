"""`agorasim.spread`: the word-of-mouth rules of the simulator on any graph, many replications at a time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from agorasim.behaviour import spreading
from agorasim.ecosystem.social.accepting import any_graph, any_seeds, real, whole
from agorasim.ecosystem.social.csr import Graph
from agorasim.errors import InputError, unknown
from agorasim.randomness import CHUNK, MAX_DAY, MAX_WORD, stream

RULES: Final = {
    "cascade": spreading.CASCADE,
    "contact": spreading.CONTACT,
    "hazard": spreading.HAZARD,
    "threshold": spreading.THRESHOLD,
}
_NO_END: Final = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Spread:
    """What came out of R replications over n nodes."""

    sizes: NDArray[np.int64]
    """Adopters at the end, seeds included; shape (R,)."""
    curves: NDArray[np.int64]
    """Adopters after 0, 1, ... T steps; shape (R, T + 1)."""
    depths: NDArray[np.int64]
    """Step of the last adoption (for `cascade` the longest chain of ties); shape (R,)."""
    times: NDArray[np.int32] | None
    """Step of each node's adoption, -1 for never, 0 for seeds; shape (R, n). Only with `keep_times`."""
    nodes: list[Any] | None
    """The networkx nodes behind the columns of `times`; None when nodes are numbers."""
    n: int
    """Number of nodes."""
    dt: float
    """Length of a step."""

    @property
    def shares(self) -> NDArray[np.float64]:
        """Final sizes as shares of the nodes; shape (R,)."""
        return self.sizes.astype(np.float64) / self.n

    @property
    def clock(self) -> NDArray[np.float64]:
        """Time at each column of `curves`; shape (T + 1,)."""
        return np.arange(self.curves.shape[1], dtype=np.float64) * self.dt

    def mean(self) -> float:
        """Mean final size."""
        return float(self.sizes.mean())

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Student-t interval of the mean final size; (nan, nan) for a single replication."""
        if not 0.0 < level < 1.0:
            raise InputError(f"level must lie between 0 and 1, got {level}")
        count = len(self.sizes)
        if count < 2:
            return math.nan, math.nan
        from scipy.special import stdtrit

        half = float(stdtrit(count - 1, 0.5 + level / 2)) * float(self.sizes.std(ddof=1)) / math.sqrt(count)
        return self.mean() - half, self.mean() + half


def spread(
    graph: Any,
    rule: str = "cascade",
    p: float | Literal["weight"] = 0.01,
    q: float = 0.0,
    phi: float | Literal["uniform"] = "uniform",
    seeds: Sequence[Any] | int | Literal["degree", "random"] = (0,),
    steps: int | None = None,
    dt: float = 1.0,
    replications: int = 1000,
    seed: int = 0,
    jobs: int = 1,
    *,
    n: int | None = None,
    k: int = 1,
    directed: bool = False,
    coin: Literal["direction", "edge"] = "direction",
    influence: Literal["share", "weight"] = "share",
    keep_times: bool = False,
) -> Spread:
    """Let something spread over a graph; the same compiled rules move word of mouth in `Ecosystem`.

    Args:
        graph: a networkx graph of any kind, a `Graph`, a square scipy sparse matrix (row u holds whom u reaches), an
            integer edge array (m, 2) with `n` and `directed`, or "complete" with `n` (never written out).
        rule: `cascade`: who adopted last step tries each tie once, chance `p`, or `p="weight"` for the ties' weights
            (independent cascade; Kempe, Kleinberg & Tardos 2003). `contact`: each step 1-(1-p)(1-q)**k from k adopted
            neighbours. `hazard`: rate p + q x adopted share of ties, chance 1-exp(-rate dt) (Bass 1969).
            `threshold`: adopts when the adopted share of ties reaches `phi` (Granovetter 1978); "uniform" draws one a
            node (linear threshold).
        p: `cascade`: chance a tie. `contact`: chance of spontaneous adoption a time unit (compounded for another `dt`:
            1-(1-p)**dt). `hazard`: rate of spontaneous adoption a time unit.
        q: `contact`: chance a time unit that one adopted neighbour suffices. `hazard`: rate when all ties have adopted.
        phi: 0 to 1, or "uniform".
        seeds: nodes (networkx nodes, otherwise numbers) that have adopted at the start; a whole number of random nodes
            drawn anew for each replication; or "random" or "degree" (most ties first) with `k`.
        steps: at most so many steps. None runs to the end, which only `cascade` and `threshold` are sure to have.
        dt: length of a step.
        replications: R.
        seed: of all draws; replication r draws the same whatever R, `jobs`, `steps` or the other parameters.
        jobs: threads; -1 takes all cores.
        n: number of nodes, for edge arrays and "complete".
        k: number of seeds of a named choice.
        directed: whether an edge array's pairs go one way only.
        coin: `cascade` on undirected graphs: "direction" draws once for each direction of a tie, "edge" once for both.
            Results have one distribution; "edge" makes u reach v exactly when v reaches u.
        influence: what weights mean to `threshold`: "share" divides them by the node's incoming sum; "weight" takes
            them as they are (the linear threshold model's b; incoming sums at most 1).
        keep_times: keep every node's step of adoption.

    Weights count for `hazard` and `threshold` (and `cascade` with p="weight"), and not for `contact`.
    InputError: a wrong argument, in words.
    """
    if rule not in RULES:
        raise InputError(unknown("rule", rule, RULES))
    net, nodes = any_graph(graph, n, directed)
    _check(rule, p, q, phi, dt, steps, replications, net)
    if coin not in ("direction", "edge"):
        raise InputError(f"coin must be 'direction' or 'edge', got {coin!r}")
    if coin == "edge" and net.directed:
        raise InputError("coin='edge' needs an undirected graph: a directed tie has one direction")
    if influence not in ("share", "weight"):
        raise InputError(f"influence must be 'share' or 'weight', got {influence!r}")
    plan = _Plan.of(net, rule, p, q, phi, dt, steps, coin == "edge", influence == "weight", keep_times)
    start = any_seeds(seeds, k, net, nodes)
    stream(seed)  # refuses a seed out of range
    parts = _run(plan, start, replications, seed, jobs)
    waves = [wave for part in parts for wave in part[0]]
    width = steps if steps is not None and rule in ("contact", "hazard") else max(len(wave) for wave in waves) - 1
    curves = np.zeros((replications, width + 1), dtype=np.int64)
    for r, wave in enumerate(waves):
        curves[r, : len(wave)] = wave
    depths = np.array([len(wave) - 1 for wave in waves], dtype=np.int64)
    curves = np.cumsum(curves, axis=1)
    times = np.concatenate([part[1] for part in parts]) if keep_times else None
    return Spread(curves[:, -1].copy(), curves, depths, times, nodes, net.n, float(dt))


# --- arguments ------------------------------------------------------------------------------------------------------


def _check(rule: str, p: Any, q: Any, phi: Any, dt: Any, steps: Any, replications: Any, graph: Graph) -> None:
    most = math.inf if rule == "hazard" else 1.0
    if p == "weight" and isinstance(p, str):
        if rule != "cascade":
            raise InputError(f"p='weight' is for the rule 'cascade', not {rule!r}")
        if graph.weights is None:
            raise InputError("p='weight' needs a graph with weights")
        if len(graph.weights) and graph.weights.max() > 1:
            raise InputError(f"p='weight' needs weights from 0 to 1, the largest is {graph.weights.max()}")
    else:
        real("p", p, most)
    real("q", q, most)
    if not (isinstance(phi, str) and phi == "uniform"):
        real("phi", phi, 1.0)
    if real("dt", dt, math.inf) == 0.0:
        raise InputError("dt must be above 0")
    if steps is not None:
        whole("steps", steps, 0)
    elif rule in ("contact", "hazard"):
        raise InputError(f"the rule {rule!r} needs steps: it may have no end")
    if rule in ("contact", "hazard") and steps > MAX_DAY:
        raise InputError(f"steps must be at most {MAX_DAY}, got {steps}")
    if whole("replications", replications, 1) > MAX_WORD:
        raise InputError(f"replications must be at most {MAX_WORD}")


# --- replications ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Plan:
    """Everything a replication needs but its number and seeds."""

    graph: Graph
    rule: int
    p: float
    q: float
    phi: float
    dt: float
    steps: int
    shared_coin: bool
    weights: NDArray[np.float32]
    totals: NDArray[np.float64]
    escape: NDArray[np.float64]
    keep_times: bool

    @classmethod
    def of(
        cls, graph: Graph, rule: str, p: Any, q: float, phi: Any, dt: float, steps: int | None,
        shared_coin: bool, as_given: bool, keep_times: bool,
    ) -> _Plan:  # fmt: skip
        weights, totals, escape = np.empty(0, dtype=np.float32), np.empty(0), np.empty(0)
        weighted = graph.weights is not None and (p == "weight" or rule in ("hazard", "threshold"))
        if weighted and graph.weights is not None:
            weights = graph.weights
        if rule != "cascade" and not graph.complete:
            incoming = np.bincount(graph.neighbours, weights=weights if weighted else None, minlength=graph.n)
            totals = incoming.astype(np.float64)
            totals[totals == 0.0] = 1.0
        if rule == "contact":
            q = q if dt == 1.0 else -math.expm1(dt * math.log1p(-q)) if q < 1.0 else 1.0
            p = p if dt == 1.0 else -math.expm1(dt * math.log1p(-p)) if p < 1.0 else 1.0
            escape = np.power(1.0 - q, np.arange(int(totals.max(initial=0.0)) + 1, dtype=np.float64))
        if rule == "threshold" and as_given:
            if not weighted:
                raise InputError("influence='weight' needs a graph with weights")
            if totals.max(initial=0.0) > 1.0 + 1e-5:
                raise InputError(
                    f"influence='weight' needs incoming weights of at most 1 a node, got {totals.max():.6g}"
                )
            totals = np.ones(graph.n)
        return cls(
            graph, RULES[rule], 0.0 if p == "weight" else float(p), float(q), -1.0 if phi == "uniform" else float(phi),
            float(dt), _NO_END if steps is None else steps, shared_coin, weights, totals, escape, keep_times,
        )  # fmt: skip


def _run(plan: _Plan, seeds: NDArray[np.int32] | int, replications: int, seed: int, jobs: int) -> list[Any]:
    """Consecutive blocks of replications, on threads: the kernels hold no lock, and the graph is not copied."""
    if isinstance(jobs, bool) or not isinstance(jobs, (int, np.integer)) or jobs == 0:
        raise InputError(f"jobs must be a whole number of at least 1, or -1 for all cores, got {jobs!r}")
    if jobs == 1 or replications == 1:
        return [_block(plan, seeds, seed, 0, replications)]
    from joblib import Parallel, delayed, effective_n_jobs

    workers = effective_n_jobs(int(jobs))
    bounds = np.linspace(0, replications, min(replications, 4 * workers) + 1).astype(int).tolist()
    tasks = (delayed(_block)(plan, seeds, seed, a, b) for a, b in itertools.pairwise(bounds))
    return list(Parallel(n_jobs=workers, prefer="threads")(tasks))


def _block(
    plan: _Plan, seeds: NDArray[np.int32] | int, seed: int, first: int, last: int
) -> tuple[list[NDArray[np.int64]], NDArray[np.int32]]:
    """Replications first .. last - 1: new adopters by step of each, and times (last - first, n) if wanted."""
    n = plan.graph.n
    queue, times = np.empty(n, dtype=np.int32), np.full(n, -1, dtype=np.int32)
    heard = np.empty(0 if plan.rule == spreading.CASCADE or plan.graph.complete else n)
    touched = np.empty(n if plan.rule == spreading.THRESHOLD else 0, dtype=np.int32)
    buffer = np.empty(CHUNK)
    now = stream(seed)
    waves = []
    kept = np.empty((last - first if plan.keep_times else 0, n), dtype=np.int32)
    for r in range(first, last):
        now["replicate"][0], now["day"][0] = r, 0
        if isinstance(seeds, int):
            count = int(spreading.choose_seeds(now, n, seeds, queue, times))
        else:
            count = len(seeds)
            queue[:count] = seeds
            times[seeds] = 0
        count = _once(plan, now, queue, count, times, heard, touched, buffer)
        waves.append(np.bincount(times[queue[:count]], minlength=1))
        if plan.keep_times:
            kept[r - first] = times
        spreading.forget(queue, count, times)
    return waves, kept


def _once(plan: _Plan, now: Any, queue: Any, count: int, times: Any, heard: Any, touched: Any, buffer: Any) -> int:
    graph = plan.graph
    if graph.complete:
        return int(
            spreading.everybody(
                now, plan.rule, graph.n, plan.p, plan.q, plan.phi, plan.dt, plan.steps, queue, count, times, buffer
            )
        )
    heard[:] = 0.0
    if plan.rule == spreading.CASCADE:
        return int(
            spreading.cascade(
                now,
                graph.indptr,
                graph.neighbours,
                plan.weights,
                plan.p,
                plan.shared_coin,
                plan.steps,
                queue,
                count,
                times,
            )
        )
    if plan.rule == spreading.THRESHOLD:
        return int(
            spreading.threshold(
                now, graph.indptr, graph.neighbours, plan.weights, plan.totals, plan.phi, plan.steps,
                queue, count, times, heard, touched,
            )
        )  # fmt: skip
    return int(
        spreading.exposure(
            now, plan.rule, graph.indptr, graph.neighbours, plan.weights, plan.totals, plan.escape,
            plan.p, plan.q, plan.dt, plan.steps, queue, count, times, heard, buffer,
        )
    )  # fmt: skip
