import os
import signal
import sys
import threading
import time

import cheap_benches as cheap
import pytest

from agorasim.errors import InputError
from agorasim.experiment import backends, manifest
from agorasim.experiment.laboratory import Laboratory

distributed = pytest.importorskip("distributed")


def laboratory(out, address=None, worker=cheap.Good, scenario=None):
    backend = "dask" if address else "loky"
    return Laboratory(
        scenario or cheap.scenario(), kind="synergy", settings={}, out=out, worker=worker, progress=False,
        backend=backend, address=address,
    )  # fmt: skip


def experiment(out, *how, **options):
    with laboratory(out, *how, **options) as lab:
        lab.run(cheap.arms(), range(3))
        lab.finish(None, {})
    return (out / "tables" / "worlds.parquet").read_bytes(), lab.failed


@pytest.fixture(scope="module")
def cluster():
    import dask

    # A worker that comes back slowly, on a busy machine, is still wanted.
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "120s"}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as made,
    ):
        yield made


def test_a_lost_worker_costs_only_what_it_was_doing(tmp_path, cluster):
    begun = threading.Event()

    def kill():
        # In mid-run: some worlds are here, others are not.
        while not list(tmp_path.glob("dask/parts/worlds-*")):
            time.sleep(0.01)
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        begun.set()

    threading.Thread(target=kill, daemon=True).start()
    found, failed = experiment(tmp_path / "dask", cluster.scheduler_address, cheap.Slow)
    assert begun.is_set() and not failed
    assert found == experiment(tmp_path / "alone")[0]
    assert manifest.read(tmp_path / "dask")["timings"]["sessions"][0]["backend"] == "dask"


def test_worlds_do_not_run_in_the_leading_process(tmp_path, cluster):
    """Not even when the cluster has but one thread."""
    counted = cheap.scenario(description=str(tmp_path))
    cluster.scale(1)
    with laboratory(tmp_path / "run", cluster.scheduler_address, cheap.Counting, counted) as lab:
        lab.run(cheap.arms(), range(2))
        assert lab.estimate_seconds(1000) > 0
    pids = {line.split()[1] for line in (tmp_path / "benches").read_text().splitlines()}
    assert pids and str(os.getpid()) not in pids


def test_the_users_mistake_comes_back_from_the_cluster(tmp_path, cluster):
    with pytest.raises(InputError, match="unknown touchpoint 'tellyy'"):
        experiment(tmp_path / "new", cluster.scheduler_address, cheap.Invalid)
    assert not list(tmp_path.iterdir())


def test_a_worker_with_other_source_files_is_refused(tmp_path, cluster, monkeypatch):
    monkeypatch.setattr(manifest, "source_digest", lambda: "other")
    with pytest.raises(InputError, match="differs from the leading process in agorasim's source files"):
        experiment(tmp_path / "new", cluster.scheduler_address)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("address", ["127.0.0.1:9", "rubbish"])
def test_a_wrong_address_is_one_message_and_leaves_nothing(tmp_path, address, monkeypatch):
    monkeypatch.setattr(backends, "CONNECT_SECONDS", 1)
    with pytest.raises(InputError, match=f"no Dask scheduler answers at {address}"):
        experiment(tmp_path / "new", address)
    assert not list(tmp_path.iterdir())


def test_a_missing_package_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install 'agorasim\[dask\]'"):
        experiment(tmp_path / "new", "127.0.0.1:8786")
    assert not list(tmp_path.iterdir())
