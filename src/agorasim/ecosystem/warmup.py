"""Compiling what a world needs, once and before anybody waits for it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

# At the top, because it must come before Numba.
from agorasim import _compile

#: Seconds the first compile takes on an ordinary machine; only said, never relied on.
COMPILE_SECONDS: Final = 30

_GENERATORS: Final[dict[str, dict[str, Any]]] = {
    "ring": {"kind": "watts_strogatz", "degree": 4, "rewire": 0.5},
    "clustered": {"kind": "powerlaw_cluster", "links": 2, "triangle": 0.5},
    "even": {"kind": "erdos_renyi", "degree": 4.0},
    "blocks": {"kind": "stochastic_block", "degree": 4.0},
    "near": {"kind": "spatial", "degree": 4.0},
}


def warm_up(report: Callable[[str], None] | None = None, *, views: bool = False) -> bool:
    """Compile every kernel that a world can use and leave it in the cache, so that no scenario compiles anything later.

    An earlier call for the same source, Numba and Python makes this instant. Where no cache folder can be written, the
    kernels are compiled for this process alone, each time.

    Args:
        report: told one line before the work begins, for instance `print`; nothing is said when there is none to do.
        views: also what is called consumer by consumer, for the agent driver and `Consumer` subclasses.

    Returns:
        Whether there was anything to do.
    """
    import numba

    if numba.config.DISABLE_JIT:
        return False
    mark = _mark(views)
    if mark is not None and mark.exists():
        return False
    if report is not None:
        report(f"compiling the simulation kernels once (about {COMPILE_SECONDS} s)...")
    for scenario in (_talkative(), _durable()):
        _run(scenario)
    if views:
        _run_by_views()
    if mark is not None:
        mark.touch()
    return True


def _mark(views: bool) -> Path | None:
    """The file that says so. Some compiled kernels prove little: a test of one leaves them too."""
    import numba

    if _compile.CACHE is None:
        return None
    version = f"{numba.__version__}-{sys.implementation.cache_tag}"
    return _compile.CACHE / f"{'views' if views else 'world'}-{version}.warm"


def _run(scenario: Any) -> None:
    import numpy as np

    from agorasim.ecosystem.world import World
    from agorasim.randomness import PLACE_CHOICE, deep_uniforms

    world = World(scenario).run()
    world.tables()
    # What only mechanisms call.
    world.second_choice(np.empty(0, dtype=np.int64))
    deep_uniforms(world.w.now, PLACE_CHOICE, np.arange(2), 0)


def _run_by_views() -> None:
    """Each consumer phase in its three forms: fused (done before), for everybody, and for one."""
    from agorasim.behaviour import choice, experience, exposure, need, search, word_of_mouth
    from agorasim.ecosystem.world import CONSUMER_PHASES, World

    of_one: dict[str, Callable[[Any, int], Any]] = {
        "see": exposure.see, "talk": word_of_mouth.talk, "need": need.need, "search": search.search,
        "choose": choice.choose, "receive": experience.receive, "reflect": experience.reflect,
    }  # fmt: skip

    def each(world: World, phase: str) -> None:
        for i in range(world.size):
            of_one[phase](world.w, i)

    for replaced in (CONSUMER_PHASES, ("see",), ("choose",)):
        world = World(_talkative())
        for phase in replaced:
            world.replaced[phase] = partial(each, world, phase)
        world.run()


def _scenario(**keys: Any) -> Any:
    from agorasim.scenario.schema import Scenario

    brands = {
        name: {
            "product": {"price": 10.0, "unit_cost": 4.0},
            "initial": {"awareness": 0.9, "buyers": 0.2, "members": {"app": 0.5}},
            "budget": 100.0,
            "owns": {"shops": 1.0, "app": 1.0},
            "sells": {"app": {"delivery_days": 0}},
            "organic_search": 1.0,
            "policy": {"name": "fixed_plan", "every": 1, "plan": {"social": 50.0, "search": 50.0}},
        }
        for name in ("one", "two")
    }
    return Scenario.from_dict(
        {
            "name": "warm_up",
            "calendar": {"days": 4},
            "population": {"size": 300, "segments": {"some": {}, "others": {"price_sensitivity_cv": 0.5}}},
            "touchpoints": {
                "social": {"kind": "social", "spread": 0.2, "irritation": 0.1, "click_rate": 0.5},
                "search": {"kind": "search", "use": 1.0},
                "shops": {"kind": "store", "use": 0.5},
                "app": {"kind": "app", "use": 0.5, "join": 0.5},
            },
            "places": {"shop": {"touchpoint": "shops", "brand": "one", "stock": 1, "capacity": 1}},
            "brands": brands,
            "data": {"report_noise": 0.1},
            **keys,
        }
    )


def _talkative() -> Any:
    """Repeat purchases and messages over generated layers of every kind; enough orders for a shop to run out."""
    return _scenario(
        category={
            "reference_price": 10.0,
            "need": {"rate": 1.0, "shape": 1.0},
            "experience": {"noise": 2.0, "delight": 0.1, "disappointment": 0.1},
        },
        social={
            "layers": {name: {"generator": generator} for name, generator in _GENERATORS.items()},
            "word_of_mouth": {"rule": "cascade", "transmit": 1.0, "recommend": 1.0, "complain": 1.0, "pass_on": 0.5},
        },
    )


def _durable() -> Any:
    """A durable that spreads by contact; the other rules of adoption are the same kernels."""
    return _scenario(
        category={"kind": "durable", "reference_price": 10.0, "need": {"rate": 0.2}},
        social={
            "layers": {"ring": {"generator": _GENERATORS["ring"]}},
            "word_of_mouth": {"rule": "contact", "p": 0.2, "q": 0.2},
        },
    )
