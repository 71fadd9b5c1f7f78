import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cheap_benches as cheap
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from agorasim.ecosystem.arms import Arm
from agorasim.ecosystem.interventions import scaled, without
from agorasim.errors import ActionError, AgorasimError, InputError, StorageError
from agorasim.experiment import manifest, shift, world_store
from agorasim.experiment.batches import Done
from agorasim.experiment.laboratory import Laboratory
from agorasim.experiment.planning import LONGEST, Pace, Planner
from agorasim.experiment.worlds import WorldsTable

HERE = Path(__file__).parent


def laboratory(out, worker=cheap.Good, scenario=None, **options):
    given = {"kind": "synergy", "settings": {"brand": "lumo"}, "progress": False, **options}
    return Laboratory(scenario or cheap.scenario(), out=out, worker=worker, **given)


def experiment(out, worker=cheap.Good, arms=None, replicates=range(3), **options):
    """Everything in one call; returns the laboratory."""
    with laboratory(out, worker, **options) as lab:
        lab.run(arms or cheap.arms(), replicates)
        lab.finish(None, {})
    return lab


def table_bytes(folder):
    return (Path(folder) / "tables" / "worlds.parquet").read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The table of an undisturbed experiment in one process."""
    out = tmp_path_factory.mktemp("whole") / "run"
    experiment(out)
    return table_bytes(out)


# --- results --------------------------------------------------------------------------------------------------------


def test_the_table_does_not_depend_on_jobs_order_batches_or_calls(tmp_path, whole, monkeypatch):
    experiment(tmp_path / "two", cheap.Slow, jobs=2)
    with laboratory(tmp_path / "apart") as lab:
        for replicate in (2, 0, 1):
            for arm in cheap.arms()[::-1]:
                lab.run([arm], [replicate])
        assert len(list((tmp_path / "apart" / "parts").iterdir())) == 27
        lab.finish(None, {})
    assert table_bytes(tmp_path / "two") == table_bytes(tmp_path / "apart") == whole
    found = json.loads((tmp_path / "two" / "manifest.json").read_text())
    assert found["status"] == "finished" and found["kind"] == "synergy" and found["settings"] == {"brand": "lumo"}
    assert found["arms"] == {arm.label: arm.spec() for arm in cheap.arms()}
    assert found["tables"]["worlds"]["sha256"] and not (tmp_path / "two" / "parts").exists()


def test_row_groups_end_where_the_worlds_say(tmp_path, monkeypatch):
    monkeypatch.setattr(world_store, "ROWS", 100)
    experiment(tmp_path / "whole")
    with laboratory(tmp_path / "apart") as lab:
        for arm in cheap.arms():
            lab.run([arm], range(3))
        lab.finish(None, {})
    # Going on with a finished folder sorts new worlds in among the old ones.
    experiment(tmp_path / "grown", arms=cheap.arms()[3:], replicates=[2])
    experiment(tmp_path / "grown", resume=True)
    assert table_bytes(tmp_path / "whole") == table_bytes(tmp_path / "apart") == table_bytes(tmp_path / "grown")
    with pq.ParquetFile(tmp_path / "whole" / "tables" / "worlds.parquet") as file:
        assert file.num_row_groups > 3
        rows = file.read().to_pandas()
    keys = ["replicate", "arm", "period", "brand", "touchpoint", "place", "segment", "region"]
    assert rows[keys].equals(rows[keys].sort_values(keys, ignore_index=True)) and not rows.duplicated(keys).any()
    assert len(WorldsTable.load(tmp_path / "grown").values(cheap.arms(), range(3), "orders", brand="lumo")) == 9


def test_values_are_those_of_the_worlds(tmp_path):
    arms = [*cheap.arms()[:3], Arm("closer", detail=True)]
    with laboratory(tmp_path) as lab:
        lab.run(arms, range(3))
        found = lab.values(arms[::-1], [2, 0], "orders", brand="lumo", segment="old", period="week 00")
        worlds = [[cheap.totals(11, r, arm) for r in (2, 0)] for arm in arms[::-1]]
        expected = [[t.value("orders", period="week 00", brand="lumo", segment="old") for t in row] for row in worlds]
        assert found.shape == (4, 2) and found.tolist() == expected
        price = lab.values(arms, [1], "price_paid", brand="")
        sums = {m: lab.values(arms, [1], m, brand="rivo") + lab.values(arms, [1], m, brand="lumo")
                for m in ("revenue", "orders")}  # fmt: skip
        np.testing.assert_array_equal(price, sums["revenue"] / sums["orders"])
        assert lab.values(["full"], [0], "needs", brand="", period="end")[0, 0] > 0
        assert np.isfinite(lab.values(["closer"], [0], "spend", brand="lumo", touchpoint="search")).all()
        assert np.isnan(lab.values(["full"], [0], "spend", brand="lumo", touchpoint="search")).all()
        assert np.isnan(lab.values(["full"], [9], "orders", brand="lumo")).all(), "not run"
        lab.finish(None, {})
        again = lab.values(arms[::-1], [2, 0], "orders", brand="lumo", segment="old", period="week 00")
    table = WorldsTable.load(tmp_path)
    assert (
        table.labels == [arm.label for arm in arms] and table.replicates == [0, 1, 2] and table.arm("full") == arms[0]
    )
    np.testing.assert_array_equal(again, found)
    read = table.values([a.label for a in arms[::-1]], [2, 0], "orders", brand="lumo", segment="old", period="week 00")
    np.testing.assert_array_equal(read, found)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"metric": "profits"}, "did you mean 'profit'"),
        ({"brand": "lumos"}, "did you mean 'lumo'"),
        ({"arms": ["ful"]}, "did you mean 'full'"),
        ({"segment": "older"}, "no world has totals for .*segment 'older'"),
        ({"period": "month"}, "no world has totals for period 'month'"),
        ({"metric": "spend", "segment": "old"}, "does not exist by segment; it does by brand, touchpoint"),
        ({"metric": "needs"}, "belongs to the category"),
        ({"metric": "awareness", "brand": ""}, "does not add up over brands"),
        ({"segment": "old", "region": "city"}, "by segment and by region, not by both"),
    ],
)
def test_wrong_questions_are_answered_in_words(tmp_path, wrong, words):
    asked = {"arms": ["full"], "metric": "orders", "brand": "lumo", **wrong}
    with laboratory(None) as lab, pytest.raises(InputError, match=words):
        lab.run([Arm("full")], [0])
        lab.values(asked.pop("arms"), [0], asked.pop("metric"), **asked)


def test_values_of_many_parts_make_the_table_early(tmp_path, whole, monkeypatch):
    with laboratory(tmp_path) as lab:
        for replicate in range(3):
            lab.run(cheap.arms(), [replicate])
            before = lab.values(cheap.arms(), range(replicate + 1), "profit", brand="lumo")
            lab._store.reading = 1e9
            np.testing.assert_array_equal(
                lab.values(cheap.arms(), range(replicate + 1), "profit", brand="lumo"), before
            )
            assert not list(tmp_path.glob("parts/*")) and np.isfinite(before).all()
        lab.finish(None, {})
    assert table_bytes(tmp_path) == whole


def test_finish_writes_effects_and_what_else_there_is_to_say(tmp_path):
    effects = pa.table({"estimand": ["shapley"], "estimate": [1.5]})
    with laboratory(tmp_path) as lab:
        lab.run([Arm("full")], [0])
        with pytest.raises(ValueError, match="has these entries already: arms"):
            lab.finish(effects, {"arms": {}})
        lab.finish(effects, {"precision": {"reached": 0.08}})
    found = manifest.read(tmp_path)
    assert found["precision"] == {"reached": 0.08} and set(found["tables"]) == {"effects", "worlds"}
    assert pq.read_table(tmp_path / "tables" / "effects.parquet").to_pylist() == effects.to_pylist()


# --- never twice ----------------------------------------------------------------------------------------------------


def log(folder, name):
    path = folder / name
    return path.read_text().splitlines() if path.exists() else []


def test_no_world_runs_twice_and_a_replicate_has_one_bench(tmp_path):
    counted = cheap.scenario(description=str(tmp_path))
    out = tmp_path / "run"
    experiment(out, cheap.Counting, cheap.arms()[:4], range(2), scenario=counted)
    assert len(log(tmp_path, "benches")) == 2 and len(log(tmp_path, "worlds")) == 8
    # More arms, more replicates, another precision; and an arm that is another but for its label.
    more = [*cheap.arms(), Arm("everything")]
    with laboratory(out, cheap.Counting, scenario=counted, resume=True, settings={"precision": 0.01}) as lab:
        lab.run(more, range(3))
        lab.run(more[2:], [1, 2])
        twins = lab.values(["full", "everything"], range(3), "orders", brand="lumo")
        lab.finish(None, {})
    assert sorted(log(tmp_path, "worlds")) == sorted(f"{r} {arm.label}" for arm in cheap.arms() for r in range(3))
    np.testing.assert_array_equal(twins[0], twins[1])
    assert manifest.read(out)["worlds"] == {"finished": 27, "asked": 27, "reused": 8, "failed": {}}
    assert manifest.read(out)["settings"] == {"precision": 0.01}


def test_all_calls_share_one_pool_and_workers_keep_their_bench(tmp_path):
    counted = cheap.scenario(description=str(tmp_path))
    with laboratory(tmp_path / "run", cheap.Counting, scenario=counted, jobs=2) as lab:
        for last in (2, 4, 6):
            lab.run(cheap.arms(), range(last))
        assert lab.estimate_seconds(100) < 100
    benches = log(tmp_path, "benches")
    assert len({line.split()[1] for line in benches}) <= 2
    assert len(set(benches)) == len(benches), "no process builds a bench twice"


def arms_that_replay():
    found = [Arm("full")]
    for k in range(6):
        found.append(Arm(f"on {k}", (scaled("search", 1.0 + k),), messages=Arm(f"off {k}", (without(f"c{k}"),))))
    return [*found, *(arm.messages for arm in found[1:])]


@pytest.mark.parametrize("each", [None, 1e-5, 0.01, 0.9, 30.0])
@pytest.mark.parametrize("replicates", [1, 7])
def test_batches_hold_every_world_once_and_take_some_seconds(each, replicates):
    pace = Pace()
    if each is not None:
        pace.note(Done(0, ready=(each,)))
    worlds = [(r, arm) for arm in arms_that_replay() for r in range(replicates)]
    batches = [batch.worlds for batch in Planner(worlds, pace, workers=2)]
    assert sorted((r, arm.label) for batch in batches for r, arm in batch) == sorted((r, a.label) for r, a in worlds)
    assert all(len(batch) <= 4 or len(batch) * (each or 0) <= 1.5 * LONGEST for batch in batches)
    if each == 0.9:
        for batch in batches:
            told = [arm.label for _, arm in batch]
            assert all(arm.messages.label in told[: told.index(arm.label)] for _, arm in batch if arm.messages)
    assert all(len(batch.worlds) == 1 for batch in Planner(worlds, pace, workers=2, single=True))


# --- accidents ------------------------------------------------------------------------------------------------------


def start(out, worker, jobs):
    """An experiment in a process of its own."""
    script = (
        "import signal, sys, cheap_benches as c\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it\n"
        "from agorasim.experiment.laboratory import Laboratory\n"
        "try:\n"
        f"    with Laboratory(c.scenario(), kind='synergy', settings={{}}, out={str(out)!r}, jobs={jobs},"
        f" worker=c.{worker}) as lab:\n"
        "        lab.run(c.arms(), range(3))\n"
        "except KeyboardInterrupt as stop:\n"
        "    print(stop, file=sys.stderr)\n"
        "    sys.exit(130)\n"
    )
    path = os.pathsep.join([str(HERE), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.PIPE, text=True
    )


def wait_for_parts(out, process, count=1):
    limit = time.monotonic() + 60
    while len(list(Path(out).glob("parts/worlds-*.parquet"))) < count:
        assert time.monotonic() < limit and process.poll() is None
        time.sleep(0.01)


def test_killed_and_resumed_equals_undisturbed(tmp_path, whole):
    process = start(tmp_path, "Endless", jobs=2)
    wait_for_parts(tmp_path, process, 2)
    process.kill()
    process.communicate()
    assert manifest.read(tmp_path)["status"] == "running"
    assert np.isfinite(WorldsTable.load(tmp_path).values(cheap.arms(), [0], "orders", brand="lumo")).any()
    (tmp_path / "parts" / ".worlds-000009.parquet.1.tmp").write_bytes(b"torn")
    experiment(tmp_path, resume=True)
    assert manifest.read(tmp_path)["worlds"]["reused"] >= 2
    assert table_bytes(tmp_path) == whole


@pytest.mark.parametrize(("worker", "jobs"), [("Slow", 1), ("Endless", 2)])
def test_interrupt_keeps_what_finished(tmp_path, whole, worker, jobs):
    process = start(tmp_path, worker, jobs)
    wait_for_parts(tmp_path, process)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert time.monotonic() - begun < 5 and process.returncode == 130
    assert "--resume" in said and "Traceback" not in said
    assert manifest.read(tmp_path)["status"] == "interrupted"
    experiment(tmp_path, resume=True)
    assert manifest.read(tmp_path)["worlds"]["reused"] >= 1
    assert table_bytes(tmp_path) == whole


def test_an_interrupt_within_a_batch_keeps_the_worlds_before_it(tmp_path, whole):
    class Stopping(cheap.Good):
        def run(self, arm):
            if self.replicate == 1 and arm.label == "full":
                raise KeyboardInterrupt
            return super().run(arm)

    with pytest.raises(KeyboardInterrupt, match=r"interrupted: \d+ worlds are kept in .* --resume"):
        experiment(tmp_path, Stopping)
    kept = WorldsTable.load(tmp_path)
    assert np.isfinite(kept.values(["full"], [0], "orders", brand="lumo")).all()
    experiment(tmp_path, resume=True)
    assert table_bytes(tmp_path) == whole


def test_a_world_that_raises_is_recorded_and_the_others_go_on(tmp_path, whole):
    lab = experiment(tmp_path, cheap.Raising)
    assert list(lab.failed) == [("full", 1)]
    text = lab.failed["full", 1].read_text()
    assert text.startswith("arm 'full', replicate 1: ZeroDivisionError: no consumers left") and "Traceback" in text
    assert manifest.read(tmp_path)["status"] == "failed"
    orders = WorldsTable.load(tmp_path).values(cheap.arms(), range(3), "orders", brand="lumo")
    assert np.isnan(orders).sum() == 1 and np.isnan(orders[0, 1])
    assert not experiment(tmp_path, resume=True).failed
    assert table_bytes(tmp_path) == whole and not list((tmp_path / "failures").iterdir())


def test_a_worker_that_dies_takes_one_world_with_it(tmp_path, whole):
    lab = experiment(tmp_path, cheap.Dying, jobs=2)
    assert list(lab.failed) == [("full", 1)]
    assert "out of memory" in lab.failed["full", 1].read_text()
    experiment(tmp_path, resume=True)
    assert table_bytes(tmp_path) == whole


def test_workers_that_only_die_are_not_fed_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(shift, "MOST_DEATHS", 1)
    with pytest.raises(AgorasimError, match=r"(?s)die whatever they are given.*--resume"):
        experiment(tmp_path, cheap.Hopeless, jobs=2)


def test_the_users_mistake_stops_the_experiment_and_leaves_nothing(tmp_path):
    with pytest.raises(ActionError, match="unknown touchpoint 'tellyy'"):
        experiment(tmp_path / "new", cheap.Invalid)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_message_and_keeps_what_finished(tmp_path, whole, monkeypatch):
    real, left = os.fsync, [8]

    def full(handle):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    with monkeypatch.context() as patch, laboratory(tmp_path) as lab:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="disk is full"):
            for replicate in range(3):
                lab.run(cheap.arms(), [replicate])
    with (
        pytest.raises(StorageError, match=r"disk is full.*; \d+ worlds are kept in .* --resume"),
        laboratory(tmp_path, resume=True) as lab,
    ):
        monkeypatch.setattr(os, "fsync", full)
        lab.run(cheap.arms(), range(3))
    monkeypatch.setattr(os, "fsync", real)
    assert not list(tmp_path.rglob("*.tmp"))
    experiment(tmp_path, resume=True)
    assert manifest.read(tmp_path)["worlds"]["reused"] >= 1
    assert table_bytes(tmp_path) == whole


def test_a_crash_while_tables_are_made_loses_nothing(tmp_path, whole, monkeypatch):
    for moment in ("compact", "drop_parts"):
        out = tmp_path / moment
        with monkeypatch.context() as patch:
            patch.setattr(world_store.WorldStore, moment, lambda self: (_ for _ in ()).throw(RuntimeError("power cut")))
            with pytest.raises(RuntimeError):
                experiment(out)
        experiment(out, resume=True)
        assert manifest.read(out)["worlds"]["reused"] == 27
        assert table_bytes(out) == whole and not (out / "parts").exists()


def test_a_damaged_part_is_made_again(tmp_path, whole):
    with laboratory(tmp_path) as lab:
        lab.run(cheap.arms(), [0])
        lab.run(cheap.arms(), [1])
    part = sorted(tmp_path.glob("parts/*"))[0]
    part.write_bytes(part.read_bytes()[:-100])
    experiment(tmp_path, resume=True)
    assert 9 <= manifest.read(tmp_path)["worlds"]["reused"] < 18
    assert table_bytes(tmp_path) == whole


# --- folders --------------------------------------------------------------------------------------------------------


def test_resume_refuses_another_experiment_and_says_what_differs(tmp_path, monkeypatch):
    experiment(tmp_path, replicates=[0])
    before = table_bytes(tmp_path)
    described = (tmp_path / manifest.NAME).read_bytes()
    other = {"arms": [Arm("full", (without("search"),))]}
    dearer = cheap.scenario(brands={"rivo": {"budget": 5.0}, "lumo": {"budget": 9.0}})
    for wrong, words in (
        ({"scenario": dearer}, "brands.lumo.budget: 7.0 there, 9.0 now"),
        ({"seed": 12}, "seed: 11 there, 12 now"),
        ({"kind": "compare"}, "experiment"),
        ({"periods": "month"}, "periods"),
        (other, "arm 'full' stands for two different worlds"),
        (
            {**other, "settings": {"brand": "rivo"}},
            r"answers another question; different: brand \(lumo there, rivo now\)",
        ),
    ):
        with pytest.raises(InputError, match=words):
            experiment(tmp_path, **{"resume": True, **wrong})
        assert (tmp_path / manifest.NAME).read_bytes() == described
    with monkeypatch.context() as patch, pytest.raises(InputError, match="the program"):
        patch.setattr(manifest, "source_digest", lambda: "other")
        experiment(tmp_path, resume=True)
    with pytest.raises(InputError, match="is not empty"):
        experiment(tmp_path)
    assert table_bytes(tmp_path) == before
    with pytest.raises(InputError, match="holds no finished world"):
        WorldsTable.load(_emptied(tmp_path))


def _emptied(folder):
    (folder / "tables" / "worlds.parquet").unlink()
    return folder


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"jobs": 0}, "jobs must be"),
        ({"seed": -1}, "seed must be"),
        ({"backend": "dusk"}, "did you mean 'dask'"),
        ({"backend": "dask"}, "--address"),
        ({"address": "here:1"}, "belongs to --backend dask"),
        ({"periods": "weak"}, "did you mean 'week'"),
    ],
)
def test_impossible_arguments_are_refused(tmp_path, wrong, words):
    with pytest.raises(InputError, match=words):
        laboratory(tmp_path / "new", **wrong)
    assert not list(tmp_path.iterdir())


def test_a_temporary_folder_lives_as_long_as_it_is_kept():
    lab = experiment(None)
    keeper, folder = lab.keeper, lab.folder
    assert WorldsTable.load(folder).replicates == [0, 1, 2]
    keeper.cleanup()
    assert not folder.exists()


# --- real worlds ----------------------------------------------------------------------------------------------------


def test_real_worlds_are_those_of_their_bench(tmp_path):
    from agorasim.ecosystem.bench import Bench
    from agorasim.scenario.schema import Scenario

    small = {"population.size": 200, "calendar.days": 40, "calendar.warmup": 10}
    scenario = Scenario.load(HERE.parents[1] / "scenarios" / "coffee_o2o.yaml").with_overrides(small)
    off = Arm("without search", (without("search", brand="lumo"),))
    arms = [Arm("full", detail=True), off, Arm("full, told as without search", messages=off)]
    with Laboratory(scenario, kind="synergy", settings={}, out=tmp_path, progress=False, periods="week") as lab:
        assert lab.estimate_seconds(10) > 0
        lab.run(arms, [0, 1])
        found = lab.values(arms, [0, 1], "profit", brand="lumo", period="week 01")
        spend = lab.values(arms[:1], [0], "spend", brand="lumo", touchpoint="search")
        lab.finish(None, {})
    totals = [[Bench(scenario, replicate=r, periods="week").run(arm) for r in (0, 1)] for arm in arms]
    assert found.tolist() == [[t.value("profit", brand="lumo", period="week 01") for t in row] for row in totals]
    assert spend[0, 0] == totals[0][0].value("spend", brand="lumo", touchpoint="search") > 0
