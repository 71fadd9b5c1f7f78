"""Dates as text, checked."""

from __future__ import annotations

import datetime
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

#: Worlds may last 20,000 days, and Python's calendar ends with the year 9999.
LAST_YEAR = 9900


def _is_month_day(text: str) -> str:
    try:
        datetime.date.fromisoformat(f"2000-{text}")
    except ValueError:
        raise ValueError(f"no such day in any year (got '{text}'); expected one such as \"06-01\"") from None
    return text


def _is_date(text: str) -> str:
    try:
        year = datetime.date.fromisoformat(text).year
    except ValueError:
        raise ValueError(f"no such day in the calendar (got '{text}'); expected a date such as 2026-11-11") from None
    if year > LAST_YEAR:
        raise ValueError(f"too far in the future (got '{text}'); expected a year up to {LAST_YEAR}")
    return text


MonthDay = Annotated[
    str, StringConstraints(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"), AfterValidator(_is_month_day)
]
#: ISO dates stay text in the file, so that every reader of the YAML sees the same value.
Date = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_is_date)]
