"""Tables that a run keeps besides its KPIs, when the scenario asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agorasim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from agorasim.experiment.store import Store


class KeptTables:
    """Reads them off a results folder."""

    _store: Store

    @property
    def _warmup(self) -> int:
        raise NotImplementedError

    def _brands(self, brand: str | Sequence[str] | None) -> list[str]:
        raise NotImplementedError

    def journeys(self, brand: str | Sequence[str] | None = None, *, counted: bool = True) -> pd.DataFrame:
        """Every touch of the consumers whose journeys were kept (`data.journeys`), in order.

        Args:
            brand: one brand or several; all when None.
            counted: leave the warm-up days out.

        Returns:
            `replicate, day, consumer, brand, touchpoint, place, event, count, seen`: how often an event happened on
            a day (empty touchpoint or place: none), and whether the brand could see it.

        Raises:
            InputError: the run kept no journeys, or an unknown brand.
        """
        if (found := self._store.table("journeys")) is None:
            raise InputError("the run kept no journeys; give the scenario data.journeys, such as {share: 0.1}")
        frame: pd.DataFrame = found.to_pandas()
        keep = frame["brand"].isin(self._brands(brand)) & (frame["day"] >= (self._warmup if counted else 0))
        made: pd.DataFrame = frame[keep].reset_index(drop=True)
        return made

    def customers(self, brand: str | Sequence[str] | None = None) -> pd.DataFrame:
        """Every customer of a brand, of several or of all (None) whose first order was seen (`outcomes.lifetime`).

        Returns:
            `replicate, consumer, brand, segment, cohort, first_day, last_day, left_day, days, orders, repeats, recency,
            revenue, margin, discounted_margin`; `agorasim.measures.lifetime` has estimators for such a table.

        Raises:
            InputError: the run kept no such table, or an unknown brand.
        """
        return self._kept_table(
            "customers", "the run kept no table of customers; give the scenario outcomes.lifetime, such as {}", brand
        )

    def fairness(self, brand: str | Sequence[str] | None = None) -> pd.DataFrame:
        """How alike segments are served (`data.fairness`) over the counted days, by replication, brand and segment.

        Args:
            brand: one brand or several; all when None.

        Returns:
            `replicate, brand, segment, people, consenting`; `reach`, `targeted`, `identified` (shares of a person's
            days), each with its ratio to the segment that has most (`reach_parity`, ...); `orders` a person; `price`
            paid on average, `price_ratio` to what all pay; `served_less`, whether a parity is below the least.

        Raises:
            InputError: the run did not compare segments, or an unknown brand.
        """
        return self._kept_table(
            "fairness", "the run did not compare segments; give the scenario data.fairness, such as {}", brand
        )

    def life_stages(self, brand: str | Sequence[str] | None = None) -> pd.DataFrame:
        """Who is in which stage of life and buys what (`population.life_stages`), by replication, brand and stage.

        Args:
            brand: one brand or several; all when None.

        Returns:
            `replicate, brand, stage, people, awareness, orders, revenue` over the counted days: people in the stage on
            an average day and their mean awareness of the brand; orders and money. The stage `out` holds people who
            have left the category and were not replaced.

        Raises:
            InputError: the run had no stages of life, or an unknown brand.
        """
        return self._kept_table(
            "life_stages", "the run had no stages of life; give the scenario population.life_stages", brand
        )

    def _kept_table(self, name: str, without: str, brand: str | Sequence[str] | None) -> pd.DataFrame:
        if (found := self._store.table(name)) is None:
            raise InputError(without)
        frame: pd.DataFrame = found.to_pandas()
        made: pd.DataFrame = frame[frame["brand"].isin(self._brands(brand))].reset_index(drop=True)
        return made
