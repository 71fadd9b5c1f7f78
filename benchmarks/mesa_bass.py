"""The network Bass workload as one would write it in Mesa: an agent an object, with neighbour lists or on `Network`."""

from __future__ import annotations

import inspect
from typing import Any

import mesa
from mesa.discrete_space import FixedAgent, Network

from benchmarks.reference import GAIN, KEEP, REACH, P, Q


class Shopper(FixedAgent):
    """A consumer who sees advertising and looks at those around."""

    def __init__(self, model: mesa.Model) -> None:
        super().__init__(model)
        self.awareness = 0.0
        self.adopted = False
        self.adopts = False
        self.neighbours: list[Shopper] = []

    def friends(self) -> Any:
        return self.neighbours

    def step(self) -> None:
        random = self.random.random
        awareness = self.awareness * KEEP
        for reach, gain in zip(REACH, GAIN, strict=True):
            if random() < reach:
                awareness += gain * (1.0 - awareness)
        self.awareness = awareness
        if not self.adopted:
            k = sum(friend.adopted for friend in self.friends())
            self.adopts = random() < 1.0 - (1.0 - P * awareness) * (1.0 - Q) ** k

    def advance(self) -> None:
        if self.adopts:
            self.adopted, self.adopts = True, False


class Placed(Shopper):
    """A consumer who stands on a cell of Mesa's `Network` and asks it for neighbours."""

    def friends(self) -> Any:
        return self.cell.neighborhood.agents


class Bass(mesa.Model):
    """All consumers, on a networkx graph: `space` uses Mesa's `Network`, otherwise agents keep lists."""

    def __init__(self, graph: Any, seed: int, space: bool = False) -> None:
        super().__init__(rng=seed)
        self.adopters: list[int] = []
        kind = Placed if space else Shopper
        people = [kind(self) for _ in range(len(graph))]
        if space:
            # Newer versions lay the graph out for drawing unless told not to, which takes longer than the run.
            options = {"layout": None} if "layout" in inspect.signature(Network.__init__).parameters else {}
            self.grid = Network(graph, capacity=1, random=self.random, **options)
            for node, person in enumerate(people):
                person.cell = self.grid[node]
        else:
            for node, person in enumerate(people):
                person.neighbours = [people[other] for other in graph[node]]

    def step(self) -> None:
        self.agents.do("step")
        self.agents.do("advance")
        self.adopters.append(sum(agent.adopted for agent in self.agents))
