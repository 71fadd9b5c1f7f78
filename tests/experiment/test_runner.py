import errno
import json
import os
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import cheap_worlds as worlds
import pytest

from agorasim import _compile
from agorasim.ecosystem import warmup
from agorasim.errors import ActionError, InputError, StorageError
from agorasim.experiment import Results, manifest, run_replications, store
from agorasim.experiment.pool import together

HERE = Path(__file__).parent


def run(out, worker=worlds.good, replications=6, scenario=None, **options):
    return run_replications(
        scenario or worlds.scenario(),
        replications=replications,
        out=out,
        worker=worker,
        **{"progress": False, **options},
    )


def table_bytes(folder):
    return {path.name: path.read_bytes() for path in sorted((Path(folder) / "tables").iterdir())}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The tables of an undisturbed run in one process."""
    out = tmp_path_factory.mktemp("whole") / "run"
    assert run(out).exit_code == 0
    return table_bytes(out)


def test_tables_do_not_depend_on_jobs_or_order(tmp_path, whole):
    assert sorted(whole) == ["kpis.parquet", "network.parquet", "network_edges.parquet", "summary.parquet"]
    outcome = run(tmp_path / "two", worlds.backwards, jobs=2)
    assert outcome.finished == (0, 1, 2, 3, 4, 5)
    assert table_bytes(tmp_path / "two") == whole
    assert not (tmp_path / "two" / "parts").exists()
    found = json.loads((tmp_path / "two" / "manifest.json").read_text())
    assert found["status"] == "finished" and found["replications"] == {"requested": 6, "finished": 6, "failed": {}}
    assert found["tables"]["kpis"]["sha256"] and found["metrics"]["spend"]["kind"] == "flow"


def test_workers_ignore_ctrl_c_from_their_first_moment(monkeypatch):
    """A worker that is still importing would answer it with a traceback; what is ignored, children inherit."""
    import joblib

    seen = []

    def parallel(**_):
        return lambda tasks: (seen.append(signal.getsignal(signal.SIGINT)), (n for n in ()))[1]

    monkeypatch.setattr(joblib, "Parallel", parallel)
    before = signal.getsignal(signal.SIGINT)
    assert list(together(None, [0, 1], jobs=2)) == []
    assert seen == [signal.SIG_IGN]
    assert signal.getsignal(signal.SIGINT) is before


def test_too_many_replications_and_unusable_folders_are_one_message(tmp_path):
    with pytest.raises(InputError, match="replications must be at most 1,000,000"):
        run(tmp_path, replications=99_999_999_999)
    with pytest.raises(StorageError, match="cannot write"):
        run(tmp_path / ("x" * 300))
    assert not any(tmp_path.iterdir())


def test_more_replications_extend_a_finished_run(tmp_path, whole):
    run(tmp_path, replications=2)
    assert run(tmp_path, resume=True).reused == 2
    assert table_bytes(tmp_path) == whole
    with pytest.raises(InputError, match="already holds replicate 5"):
        run(tmp_path, replications=3, resume=True)


def start(out, worker, jobs):
    """A run in a process of its own."""
    script = (
        "import signal, sys, cheap_worlds as w\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it\n"
        "from agorasim.experiment import run_replications\n"
        f"o = run_replications(w.scenario(), replications=6, jobs={jobs}, out={str(out)!r}, worker=w.{worker})\n"
        "print(o.message, file=sys.stderr)\n"
        "sys.exit(o.exit_code)\n"
    )
    path = os.pathsep.join([str(HERE), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.PIPE, text=True
    )


def wait_for_parts(out, count, process):
    limit = time.monotonic() + 30
    while len(list(Path(out).glob("parts/replicate-*.parquet"))) < count:
        assert time.monotonic() < limit and process.poll() is None
        time.sleep(0.01)


def children(pid):
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def gone(pids, seconds):
    limit = time.monotonic() + seconds
    while any(alive(pid) for pid in pids):
        if time.monotonic() > limit:
            return False
        time.sleep(0.05)
    return True


def test_killed_and_resumed_equals_undisturbed(tmp_path, whole):
    process = start(tmp_path, "endless", jobs=2)
    wait_for_parts(tmp_path, 2, process)
    workers = children(process.pid) if Path("/proc").exists() else []
    process.kill()
    process.communicate()
    assert gone(workers, 5), "workers outlive the process that led them"
    assert json.loads((tmp_path / "manifest.json").read_text())["status"] == "running"
    partial = Results.load(tmp_path)
    assert "not complete" in partial.notes[0] and len(partial.frame("summary"))
    (tmp_path / "parts" / ".replicate-00005.parquet.1.tmp").write_bytes(b"torn")
    assert run(tmp_path, resume=True).reused >= 2
    assert table_bytes(tmp_path) == whole


@pytest.mark.parametrize(("worker", "jobs"), [("slow", 1), ("endless", 2)])
def test_interrupt_keeps_what_finished(tmp_path, whole, worker, jobs):
    process = start(tmp_path, worker, jobs)
    wait_for_parts(tmp_path, 2, process)
    workers = children(process.pid) if Path("/proc").exists() else []
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert time.monotonic() - begun < 5 and gone(workers, 2)
    assert process.returncode == 130
    assert "--resume" in said and "Traceback" not in said
    assert json.loads((tmp_path / "manifest.json").read_text())["status"] == "interrupted"
    assert run(tmp_path, resume=True).reused >= 2
    assert table_bytes(tmp_path) == whole


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_raises_is_recorded_and_the_others_go_on(tmp_path, whole, jobs):
    outcome = run(tmp_path, worlds.raising, jobs=jobs)
    assert (outcome.exit_code, outcome.finished) == (1, (0, 1, 3, 4, 5))
    text = (tmp_path / "failures" / "replicate-00002.txt").read_text()
    assert "tried 2 times" in text and "no consumers left" in text and "Traceback" in text
    assert "1 of 6 replications failed (2)" in Results.load(tmp_path).notes[0]
    assert run(tmp_path, resume=True).exit_code == 0
    assert table_bytes(tmp_path) == whole
    assert not list((tmp_path / "failures").iterdir())


def test_a_worker_that_dies_takes_nobody_with_it(tmp_path):
    outcome = run(tmp_path, worlds.dying, jobs=2)
    assert (outcome.exit_code, outcome.finished) == (1, (0, 1, 2, 4, 5))
    assert "out of memory" in (tmp_path / "failures" / "replicate-00003.txt").read_text()


def test_a_worker_that_dies_once_is_forgiven(tmp_path, whole):
    flagged = worlds.scenario(description=str(tmp_path / "flag"))
    assert run(tmp_path / "run", worlds.dying_once, scenario=flagged, jobs=2).exit_code == 0
    assert (tmp_path / "flag").exists()
    assert table_bytes(tmp_path / "run") == whole


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_users_mistake_stops_the_run_and_leaves_nothing(tmp_path, jobs):
    with pytest.raises(ActionError, match="unknown touchpoint 'tellyy'"):
        run(tmp_path / "new", worlds.invalid, jobs=jobs)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_message_and_keeps_what_finished(tmp_path, whole, monkeypatch):
    real, left = os.fsync, [8]

    def full(handle):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match=r"disk is full.* 1 of 6 replications are kept, --resume"):
            run(tmp_path)
    assert not list(tmp_path.rglob("*.tmp"))
    assert run(tmp_path, resume=True).reused == 1
    assert table_bytes(tmp_path) == whole


def test_a_crash_while_tables_are_made_loses_nothing(tmp_path, whole, monkeypatch):
    for moment in ("compact", "drop_parts"):
        out = tmp_path / moment
        with monkeypatch.context() as patch:
            patch.setattr(store.Store, moment, lambda self: (_ for _ in ()).throw(RuntimeError("power cut")))
            with pytest.raises(RuntimeError):
                run(out)
        assert run(out, resume=True).reused == 6
        assert table_bytes(out) == whole and not (out / "parts").exists()


def test_a_damaged_part_is_made_again(tmp_path, whole, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(store.Store, "compact", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        assert run(tmp_path).exit_code == 130
    part = tmp_path / "parts" / "replicate-00001.parquet"
    part.write_bytes(part.read_bytes()[:200])
    assert "replicate-00001" in " ".join(Results.load(tmp_path).notes)
    assert run(tmp_path, resume=True).reused == 5
    assert table_bytes(tmp_path) == whole


def test_resume_refuses_another_run_and_says_what_differs(tmp_path, monkeypatch):
    run(tmp_path, replications=1)
    before = table_bytes(tmp_path)
    brands = {"rivo": {"budget": 5.0}, "lumo": {"budget": 9.0}}
    with pytest.raises(InputError, match=r"brands.lumo.budget: 7.0 there, 9.0 now"):
        run(tmp_path, scenario=worlds.scenario(brands=brands), resume=True)
    with pytest.raises(InputError, match=r"seed: 11 there, 12 now"):
        run(tmp_path, seed=12, resume=True)
    monkeypatch.setattr(manifest, "source_digest", lambda: "other")
    with pytest.raises(InputError, match="the program"):
        run(tmp_path, resume=True)
    assert table_bytes(tmp_path) == before


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    for resume, words in ((False, "not empty"), (True, "not a results folder")):
        with pytest.raises(InputError, match=words):
            run(tmp_path, resume=resume)
    with pytest.raises(InputError, match="file is in the way"):
        run(tmp_path / "thesis.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("wrong", [{"replications": 0}, {"jobs": 0}, {"seed": -1}])
def test_impossible_numbers_are_refused(tmp_path, wrong):
    with pytest.raises(InputError):
        run(tmp_path / "new", **wrong)
    assert not list(tmp_path.iterdir())


def test_kernels_are_compiled_once_before_workers_start(tmp_path, monkeypatch, capsys):
    seen = []

    def simulate(scenario, seed, replicate):
        seen.append(scenario.name)
        return worlds.good(scenario, seed, replicate)

    monkeypatch.setitem(sys.modules, "agorasim.ecosystem.simulate", types.SimpleNamespace(simulate=simulate))
    monkeypatch.setattr(warmup, "_run", lambda scenario: seen.append(scenario.name))
    monkeypatch.setattr(_compile, "CACHE", tmp_path)
    for attempt in ("first", "second"):
        run(tmp_path / attempt, worker=None, replications=1, progress=True)
    # The two small worlds that between them use every kernel come first, and only once.
    assert seen[:2] == ["warm_up", "warm_up"]
    assert len(seen) == 4 and "warm_up" not in seen[2:]
    assert capsys.readouterr().err.count("compiling the simulation kernels once") == 1


def test_the_closing_line_goes_to_standard_error(tmp_path, capsys):
    run(tmp_path, progress=True, replications=2)
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("2 of 2 replications finished in ")
