"""Where tasks are run: worker processes of this machine, or a Dask cluster; always through joblib.

Results come back to the leading process in the order in which they finish; workers write nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeVar

from agorasim.errors import AgorasimError, InputError, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

J = TypeVar("J")
T = TypeVar("T")
R = TypeVar("R")

#: Names that `--backend` takes.
BACKENDS: Final = ("loky", "dask")
#: Seconds to wait for a Dask scheduler, and then for a first worker.
CONNECT_SECONDS: Final = 6
#: Seconds to wait for a Dask cluster that has lost all its workers.
RETURN_SECONDS: Final = 60
#: What a worker elsewhere must have in common with the leading process: source files, and libraries of arithmetic.
_SAME_EVERYWHERE: Final = ("source", "numpy", "numba")


class WorkerDied(AgorasimError):  # noqa: N818  (says what happened; it never reaches a user as an error)
    """A worker process ended without an answer; its pool is lost."""


class ClusterLost(AgorasimError):  # noqa: N818  (says what happened)
    """The Dask scheduler cannot be reached any more."""


# --- this machine ---------------------------------------------------------------------------------------------------


def processes(function: Callable[[J, T], R], job: J, tasks: Iterable[T], workers: int) -> Generator[R, None, None]:
    """`function(job, task)` for each task in worker processes, in the order in which they finish.

    Tasks are drawn as workers become free, two ahead for each. A later call with as many workers uses the same
    processes again. Closing the iterator early stops them at once.

    Args:
        function: what a worker calls; found by its module and name there.
        job: what all tasks share.
        tasks: drawn one by one, not always in this thread.
        workers: at least 2: joblib leaves a pool of one worker out and would run the tasks here, where a crash
            takes everything down.

    Raises:
        WorkerDied: a worker ended without an answer. A later call starts fresh workers.
    """
    import joblib
    from joblib.externals.loky.process_executor import BrokenProcessPool  # type: ignore[import-untyped]

    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        parallel = joblib.Parallel(
            n_jobs=max(2, workers), return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs"
        )
        # The stubs know lists only; with return_as it is a generator.
        with without_interrupts():
            results: Any = parallel(joblib.delayed(function)(job, task) for task in tasks)
    try:
        # Not "yield from", which would close joblib's generator before the warnings below are silenced.
        for result in results:  # noqa: UP028
            yield result
    except BrokenProcessPool as error:
        raise WorkerDied(str(error).strip() or type(error).__name__) from error
    finally:
        _close(results)


def _close(results: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joblib warns that work is cut short, which is what closing is for
        results.close()


@contextlib.contextmanager
def without_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C for the moment in which workers start: they inherit it, and stay quiet while they still import."""
    before = signal.getsignal(signal.SIGINT)
    # Only the main thread may set handlers, and one that was not set from Python could not be set again.
    if before is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


_enlisted = False


def enlist(leader: int) -> None:
    """Once a worker: leave Ctrl-C to the leading process, and do not outlive it. Does nothing when `leader` is 0."""
    global _enlisted
    if _enlisted or not leader or os.getpid() == leader:
        return
    _enlisted = True
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        # Compared with the leader's number, not with today's parent: the leader may be gone already.
        while os.getppid() == leader:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, name="agorasim-leader-watch", daemon=True).start()


def make_known(policies: Mapping[str, Any]) -> None:
    """Register the leading process's own policies where they are not known yet."""
    if policies:
        from agorasim.brands.registry import register, registered

        for name in policies.keys() - registered().keys():
            register(policies[name])


# --- a Dask cluster -------------------------------------------------------------------------------------------------


def check_backend(backend: str, address: str | None) -> None:
    """InputError for an unknown backend, or an address that is missing or too much."""
    if backend not in BACKENDS:
        raise InputError(unknown("backend", backend, BACKENDS))
    if backend == "dask" and not address:
        raise InputError("backend dask needs the address of a running scheduler: --address HOST:PORT")
    if backend != "dask" and address:
        raise InputError(f"an address ({address}) belongs to --backend dask; backend {backend} takes none")


class Cluster:
    """A running Dask cluster.

    Args:
        address: of its scheduler, such as "192.168.0.5:8786".

    Raises:
        InputError: the extra is not installed, or no scheduler answers there.
    """

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError as error:
            raise InputError(
                "backend dask needs a package that is not installed: pip install 'agorasim[dask]'"
            ) from error
        self.address = address
        _greet(address)
        make: Any = distributed.Client
        try:
            # Not the default client: whoever calls from a notebook may have one of his own.
            self._client = make(address, timeout=CONNECT_SECONDS, set_as_default=False, name="agorasim")
        except Exception as error:
            raise _silent(address) from error

    def workers(self) -> int:
        """Threads of all workers at present."""
        return int(sum(self._client.ncores().values()))

    def wait(self, seconds: float = CONNECT_SECONDS) -> bool:
        """Wait for a first worker; returns whether there is one."""
        try:
            self._client.wait_for_workers(1, timeout=seconds)
        except TimeoutError:
            return False
        return True

    def run(self, function: Callable[[J, T], R], job: J, tasks: Iterable[T]) -> Generator[R, None, None]:
        """As `processes`, on the cluster's workers; a task whose worker is lost is given to another one by Dask.

        `job` and tasks are ordinary objects, no large arrays: joblib would leave those with a single worker, and all
        tasks would go with it.

        Raises:
            WorkerDied: Dask gave a task up because it took several workers with it.
            ClusterLost: the scheduler is gone.
        """
        import joblib
        from distributed import KilledWorker

        if not self.wait(RETURN_SECONDS):
            raise ClusterLost(f"the Dask cluster at {self.address} has no workers any more")
        backend = _backend(self._client)
        with joblib.parallel_config(backend=backend):
            parallel = joblib.Parallel(
                n_jobs=-1, return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs"
            )
            results: Any = parallel(joblib.delayed(function)(job, task) for task in tasks)
        try:
            for result in results:  # noqa: UP028
                yield result
        except KilledWorker as error:
            raise WorkerDied(str(error)) from error
        except _GivenUp as error:
            raise ClusterLost(f"the Dask cluster at {self.address} gave work up: {error}") from error
        finally:
            backend.stopped.set()
            _close(results)

    def close(self) -> None:
        """Let go of the cluster, which goes on running."""
        with contextlib.suppress(Exception):
            self._client.close(timeout=2)


def _greet(address: str) -> None:
    """Ask a scheduler for its name; InputError when none answers in time.

    A client that does not get through goes on trying in the background and holds up the end of the process.
    """
    import asyncio

    from distributed import core

    async def ask() -> Any:
        make: Any = core.rpc
        scheduler = make(address, timeout=CONNECT_SECONDS)
        try:
            return await asyncio.wait_for(scheduler.identity(), CONNECT_SECONDS)
        finally:
            await scheduler.close_rpc()

    found: list[Any] = []

    def run() -> None:
        # Whatever comes back from a stranger at that address, it is no scheduler.
        with contextlib.suppress(Exception):
            found.append(asyncio.run(ask()))

    # In a thread: a notebook has a loop of its own running in this one.
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS + 1)
    if not found or not isinstance(found[0], dict) or found[0].get("type") != "Scheduler":
        raise _silent(address)


def _silent(address: str) -> InputError:
    return InputError(f"no Dask scheduler answers at {address}; start one there or correct --address")


class _GivenUp(Exception):  # noqa: N818
    """What Dask answers for a task that it cancelled."""


def _backend(client: Any) -> Any:
    """Dask by way of joblib, for a client, which also says when a task fails.

    What joblib has calls back for results alone: a task that Dask gives up, or that a scheduler took with it, would be
    waited for without end.
    """
    from joblib import _dask

    base: Any = _dask.DaskDistributedBackend

    class Backend(base):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.stopped = threading.Event()
            self._waiting: dict[Any, Any] = {}
            threading.Thread(target=self._watch, name="agorasim-cluster-watch", daemon=True).start()

        def effective_n_jobs(self, n_jobs: int) -> int:
            # With a single thread joblib would leave the cluster out and work in this process.
            return max(2, int(super().effective_n_jobs(n_jobs)))

        def _done(self, future: Any) -> None:
            callback = self._waiting.pop(future, None)
            if callback is not None and (error := future.exception()) is not None:
                callback(error)

        def _watch(self) -> None:
            while not self.stopped.wait(0.5):
                if self.client.status in ("closed", "closing"):
                    self.stopped.set()
                    for callback in list(self._waiting.values()):
                        callback(_GivenUp("the scheduler is gone"))

        def retrieve_result_callback(self, out: Any) -> Any:
            if isinstance(out, BaseException):
                raise _GivenUp(str(out) or type(out).__name__) if _cancelled(out) else out
            return super().retrieve_result_callback(out)

    # Before joblib 1.6 tasks are handed over by another name.
    name = "submit" if hasattr(base, "submit") else "apply_async"
    given: Any = getattr(base, name)

    def hand_over(self: Any, func: Any, callback: Any = None) -> Any:
        future = given(self, func, callback)
        self._waiting[future] = callback
        future.add_done_callback(self._done)
        return future

    setattr(Backend, name, hand_over)
    return Backend(client=client)


def _cancelled(error: BaseException) -> bool:
    from asyncio import CancelledError
    from concurrent.futures import CancelledError as Cancelled

    return isinstance(error, CancelledError | Cancelled)


def check_versions(identity: Mapping[str, Any]) -> None:
    """InputError when this process, a worker elsewhere, would not compute what the leading process does."""
    import platform

    from agorasim.experiment import manifest as manifests

    mine = manifests.own_identity()
    wrong = [key for key in _SAME_EVERYWHERE if mine.get(key) != identity.get(key)]
    if wrong:
        what = ", ".join("agorasim's source files" if key == "source" else f"{key} {mine[key]}" for key in wrong)
        raise InputError(
            f"the worker on {platform.node()} differs from the leading process in {what};"
            " install the same versions on every machine"
        )
