"""Benches whose worlds cost nothing and follow from their address alone; some misbehave, each in its own way."""

import hashlib
import os
import time
from pathlib import Path

import numpy as np

from agorasim.ecosystem.arms import Arm
from agorasim.ecosystem.interventions import without
from agorasim.ecosystem.periods import RowKey, Totals
from agorasim.errors import ActionError
from agorasim.measures.metrics import recorded
from agorasim.scenario.schema import Scenario

BRANDS = ("rivo", "lumo")
METRICS = tuple(m.name for m in recorded(()))
CHANNELS = ("app", "search", "store")


def scenario(**changes):
    brands = {"rivo": {"budget": 5.0}, "lumo": {"budget": 7.0}}
    data = {"schema_version": 1, "name": "cheap", "seed": 11, "calendar": {"days": 12, "warmup": 3}, "brands": brands}
    return Scenario.model_validate({**data, **changes})


def arms():
    """Eight coalitions, one of them with another's messages, as an experiment has them."""
    found = [Arm("full")]
    for code in range(7):
        off = [c for k, c in enumerate(CHANNELS) if not code >> k & 1]
        found.append(Arm("without " + "+".join(off), (without(*off, brand="lumo"),)))
    return [*found, Arm("full, messages of none", messages=found[1])]


def totals(seed, replicate, arm):
    """Figures from the address, and rows in no particular order."""
    digest = hashlib.sha256(f"{seed} {replicate} {arm.world_key()}".encode()).digest()
    rng = np.random.default_rng(list(digest))
    rows = []
    for period in ("counted", "end", "week 00"):
        rows += [RowKey(period), *(RowKey(period, b) for b in BRANDS)]
        rows += [RowKey(period, b, segment=s) for b in BRANDS for s in ("old", "young")]
        if arm.detail:
            rows += [RowKey(period, b, touchpoint=t) for b in BRANDS for t in CHANNELS]
    values = rng.integers(1, 1000, (len(rows), len(METRICS))) / 8
    category = np.array(["category" in m.levels for m in recorded(())])
    of_all = np.array([row.brand == "" for row in rows])
    values[of_all[:, None] != category] = np.nan
    order = rng.permutation(len(rows))
    return Totals(tuple(rows[k] for k in order), METRICS, values[order])


class Good:
    def __init__(self, scenario, seed, replicate, *, periods):
        self.scenario, self.seed, self.replicate = scenario, seed, replicate

    def run(self, arm):
        return totals(self.seed, self.replicate, arm)


class Counting(Good):
    """Writes down in a folder who was asked, and which process built a bench."""

    def __init__(self, *where, periods):
        super().__init__(*where, periods=periods)
        self._log("benches", f"{self.replicate} {os.getpid()}")

    def run(self, arm):
        self._log("worlds", f"{self.replicate} {arm.label}")
        return super().run(arm)

    def _log(self, name, line):
        with Path(self.scenario.description, name).open("a") as file:
            file.write(line + "\n")


class Slow(Good):
    def run(self, arm):
        time.sleep(0.05)
        return super().run(arm)


class Endless(Good):
    """The worlds of one replicate come back; the others take for ever."""

    def run(self, arm):
        if self.replicate > 0:
            time.sleep(600)
        return super().run(arm)


class Raising(Good):
    def run(self, arm):
        if self.replicate == 1 and arm.label == "full":
            raise ZeroDivisionError("no consumers left")
        return super().run(arm)


class Dying(Good):
    def run(self, arm):
        if self.replicate == 1 and arm.label == "full":
            os._exit(9)
        return super().run(arm)


class Hopeless(Good):
    def run(self, arm):
        os._exit(9)


class Invalid(Good):
    def run(self, arm):
        raise ActionError("brand 'lumo', policy 'mine', day 2: unknown touchpoint 'tellyy'")
