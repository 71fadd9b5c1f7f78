"""A small scenario that holds something of every kind, to be broken in one place."""

from __future__ import annotations

import textwrap

import pytest

BASE = textwrap.dedent(
    """\
    schema_version: 1
    name: base
    currency: {code: EUR, minor_units: 100}
    seed: 3
    calendar:
      start: 2026-01-05
      days: 60
      warmup: 10
      cooldown: 5
      weekday: [1, 1, 1, 1, 1, 1.5, 1.5]
      seasons:
        summer: {start: "06-01", end: "08-31", need: 1.2}
      festivals:
        big: {start: 2026-02-01, days: 3, need: 2}
    population:
      size: 500
      regions:
        town: {radius: 4, share: 1}
      segments:
        young: {share: 0.4, use: {social: 0.8}, regions: {town: 1}}
        old: {share: 0.6}
    social:
      layers:
        friends:
          generator: {kind: watts_strogatz, degree: 6, rewire: 0.1}
      word_of_mouth: {rule: cascade, transmit: 0.2}
    touchpoints:
      search: {kind: search, cost: {model: cpc, price: 0.4}}
      social: {kind: social}
      site: {kind: own_site}
      store: {kind: store}
      fair: {kind: event, dates: {2026-02-01: 2}}
    places:
      corner: {touchpoint: store, brand: alfa, stock: 50, closed: [6]}
    category:
      kind: repeat
      reference_price: 10
      need: {rate: 0.1, shape: 1.5}
    brands:
      alfa:
        label: 阿尔法 <&> 🍵
        product: {price: 10, unit_cost: 4}
        budget: 100
        owns: {store: 0.5, fair: 1}
        fixed_costs: {store: 20}
        avoidable: {store: true}
        policy: {name: fixed_plan, plan: {search: 40, social: 50}}
      beta:
        product: {price: 9}
        budget: 50
        sells:
          site: {delivery_days: 2}
        policy:
          name: match_share_of_voice
          share: 0.3
          mix: {social: 1}
    outcomes: {primary: profit, interval: 0.9}
    """
)


@pytest.fixture
def base() -> str:
    """Text of a valid scenario."""
    return BASE
