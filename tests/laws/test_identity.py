"""One behaviour, however it is driven: views or passes, compiled or not, in one piece or several."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from generated import finished, generated, kpis, world

from agorasim import Scenario
from agorasim.ecosystem import Consumer, Ecosystem
from agorasim.ecosystem.world import CONSUMER_PHASES

HERE = Path(__file__).parent
REPEAT, DIRECT, NEEDED = 9, 7, 34  # cascade over a repeat category, contact, threshold

#: What a run must have seen for its digest to say anything about every phase.
PHASES = (
    "impressions", "clicks", "searches", "heard_good", "heard_bad", "considered", "orders", "lost_orders",
    "experiences", "recommendations", "complaints", "members",
)  # fmt: skip


def busy() -> dict[str, Any]:
    """Sixty consumers for eight days in which everything happens."""
    kinds = {
        "find": {"kind": "search", "use": 0.8, "click_rate": 0.5, "cost": {"model": "cpc", "price": 0.5}},
        "feed": {"kind": "social", "use": 0.7, "click_rate": 0.3, "irritation": 0.1, "spread": 0.3},
        "shops": {"kind": "store", "use": 0.4},
        "club": {"kind": "community", "use": 0.6, "join": 0.5},
        "site": {"kind": "own_site", "use": 0.3},
        "mall": {"kind": "marketplace", "use": 0.6, "click_rate": 0.2},
    }
    brand = {
        "product": {"price": 18.0, "unit_cost": 5.0, "quality": 0.5},
        "initial": {"awareness": 0.4, "members": {"club": 0.2}, "buyers": 0.1},
        "budget": 20.0,
        "owns": {"shops": 0.5, "club": 0.8, "site": 0.5, "mall": 0.6},
        "sells": {"site": {"delivery_days": 1, "delivery_fee": 1.5, "commission": 0.1}},
        "organic_search": 0.4,
        "posts": 0.5,
        "policy": {"name": "reallocate_by_roi", "every": 2, "plan": {"find": 5.0, "feed": 10.0, "mall": 4.0}},
    }
    rival = {**brand, "policy": {"name": "match_share_of_voice", "every": 1, "mix": {"feed": 1.0}, "floor": 5.0}}
    return {
        "name": "busy",
        "calendar": {"days": 8, "start": "2026-01-30", "weekday": [1, 1, 1, 1, 1, 1.5, 0.7]},
        "population": {
            "size": 60,
            "segments": {"a": {"consent": 0.7, "price_sensitivity_cv": 0.3}, "b": {"talk": 1.5, "deal_proneness": 2.0}},
            "regions": {"in": {"radius": 1.0}, "out": {"x": 2.0, "radius": 1.0}},
        },
        "social": {
            "layers": {
                "friends": {"generator": {"kind": "watts_strogatz", "degree": 6, "rewire": 0.2}},
                "idols": {"generator": {"kind": "powerlaw_cluster", "links": 2, "triangle": 0.5}, "strength": 0.5},
            },
            "word_of_mouth": {"rule": "cascade", "transmit": 0.5, "recommend": 0.9, "complain": 0.9, "pass_on": 0.3},
        },
        "touchpoints": kinds,
        "places": {
            "corner": {"touchpoint": "shops", "brand": "lumo", "stock": 3, "restock_every": 2},
            "square": {"touchpoint": "shops", "brand": "rivo", "x": 1.0, "capacity": 1},
        },
        "category": {
            "reference_price": 20.0,
            "need": {"rate": 0.6, "shape": 1.0},
            "choice": {"intercept": 2.5},
            "experience": {"delight": 0.2, "disappointment": 0.2},
        },
        "brands": {"lumo": brand, "rivo": rival},
        "data": {"report_noise": 0.1},
    }


def small(number: int) -> Scenario:
    """A generated scenario of 60 consumers over 60 days."""
    data = generated(number, days=60)
    data["population"]["size"] = 60
    return Scenario.from_dict(data)


@pytest.mark.parametrize("number", [REPEAT, DIRECT, NEEDED])
def test_views_do_what_passes_do(number: int) -> None:
    fast, agents = (Ecosystem(small(number), driver=driver).run() for driver in ("fast", "agents"))
    assert fast.world.history.offer[:, :, 0].sum() > 40
    assert fast.world.digest() == agents.world.digest()
    assert kpis(fast.world).equals(kpis(agents.world))


@pytest.mark.parametrize("phase", CONSUMER_PHASES)
def test_a_phase_done_by_hand_is_the_same_phase(phase: str) -> None:
    """Replacing one phase sends only that one through the views; calling on gives the same bits."""
    calls = 0

    def by_hand(self: Consumer) -> None:
        nonlocal calls
        calls += 1
        getattr(Consumer, phase)(self)

    scenario = Scenario.from_dict(busy())
    model = Ecosystem(scenario, consumer=type("Mine", (Consumer,), {phase: by_hand})).run()
    assert calls == 60 * 8
    assert model.world.digest() == Ecosystem(scenario).run().world.digest()


def test_plain_python_gives_the_bits_of_compiled_code() -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_identity import busy, finished\n"
        "import numba; assert numba.config.DISABLE_JIT\n"
        "print(finished(busy()).digest())"
    )
    ours = finished(busy())
    brands = ours.kpis().query("brand != '' and touchpoint == '' and place == '' and segment == '' and region == ''")
    assert not [metric for metric in PHASES if brands[metric].sum() == 0]
    done = subprocess.run(
        [sys.executable, "-c", script, str(HERE)], capture_output=True, text=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ours.digest()


@pytest.mark.parametrize("number", [REPEAT, DIRECT, NEEDED])
def test_a_run_in_pieces_equals_the_whole(number: int, tmp_path: Path) -> None:
    """Copies, pickles and saved files go on exactly, and leave the world that they came from alone."""
    data = generated(number, days=20)
    whole = finished(data)
    model = Ecosystem(Scenario.from_dict(data)).run(9)
    model.save(tmp_path / "world")
    pieces = {
        "copy": model.world.copy(),
        "copy of a copy": model.world.copy().copy(),
        "pickle": pickle.loads(pickle.dumps(model.world)),
        "model's copy": model.copy(),
        "model's pickle": pickle.loads(pickle.dumps(model)),
        "saved": Ecosystem.load(tmp_path / "world"),
    }
    before = model.world.digest()
    for name, piece in pieces.items():
        piece.run()
        done = piece.world if isinstance(piece, Ecosystem) else piece
        assert done.digest() == whole.digest(), name
        assert kpis(done).equals(kpis(whole)), name
        assert model.world.digest() == before, f"running its {name} changed the world"
    assert model.run().world.digest() == whole.digest()


def test_equal_addresses_give_equal_worlds_and_others_do_not() -> None:
    data = busy()
    ours = finished(data)
    assert kpis(finished(data)).equals(kpis(ours))
    assert kpis(finished({**data, "seed": 5}, seed=0)).equals(kpis(ours)), "an explicit seed goes before the scenario's"
    others = [finished(data, replicate=1), finished(data, replicate=2)]
    others += [finished(data, seed=1), finished(data, seed=2**32)]
    digests = {other.digest() for other in (ours, *others)}
    assert len(digests) == 5


def test_replicates_share_people_unless_redrawn() -> None:
    drawn = busy()
    kept = {**drawn, "social": {**drawn["social"], "redraw": False}}
    for redraw, data in ((True, drawn), (False, kept)):
        a, b = (world(data, replicate=r) for r in (0, 1))
        assert (a.w.traits.tobytes() == b.w.traits.tobytes()) is not redraw
        ties = [[graph.edges().tobytes() for graph in each.graphs.values()] for each in (a, b)]
        assert (ties[0] == ties[1]) is not redraw
        assert a.run().digest() != b.run().digest()
