"""Search: people with a need look for brands; organic results and paid ads bring some to mind and to a visit."""

from __future__ import annotations

import numpy as np

from agorasim._compile import borrowed
from agorasim.behaviour.columns import (
    AT_AD_CLICKS,
    AT_ADS,
    AT_CLICKS,
    AT_IMPRESSIONS,
    AT_REACH,
    AT_SEARCHES,
    BY_REACH,
    CLICKED,
    FOUND,
    LOG_CLICK,
    LOG_IMPRESSION,
    LOG_SEARCH,
    REACHED,
    Columns,
)
from agorasim.behaviour.meeting import note, remember_touch
from agorasim.randomness import SEARCH, USE, block, draw


@borrowed
def search(w: Columns, i: int) -> None:
    """A needy consumer may search. A brand among the results is remembered, considered, perhaps clicked."""
    if w.needs[i] == 0:
        return
    last = np.int64(-1)
    searching = False
    for k in range(w.results.shape[0]):
        result = w.results[k]
        t = np.int64(result["touch"])
        b = np.int64(result["brand"])
        if t != last:  # results stand sorted by touchpoint
            last = t
            searching = bool(draw(w.now, USE, i, result["searching"]) < np.float64(w.use[t, i]))
        if not searching:
            continue
        u = block(w.now, SEARCH, i, result["entity"])
        ad = u[0] < result["paid"] and not (result["trial"] and not w.treated[i])
        organic = u[1] < result["organic"]
        if result["branded"] > 0.0:
            by_name = result["branded"] * np.float64(w.awareness[i, b])
            organic = u[1] < result["organic"] + by_name * (1.0 - result["organic"])
        if not (ad or organic):
            continue
        if not w.flags[i, b] & REACHED:
            w.by_cell[b, w.cell[i], BY_REACH] += 1
        w.flags[i, b] = np.uint8(w.flags[i, b] | FOUND | REACHED)
        awareness = np.float64(w.awareness[i, b])
        w.awareness[i, b] = np.float32(awareness + result["awareness"] * (1.0 - awareness))
        w.at_touch[b, t, AT_SEARCHES] += 1
        w.at_touch[b, t, AT_REACH] += 1
        w.at_touch[b, t, AT_IMPRESSIONS] += 1
        if ad:
            w.at_touch[b, t, AT_ADS] += 1
        # An ad stands above the organic result, so that one click is charged when both are shown.
        chance = np.float64(result["click"])
        if w.relevance.shape[0] > 0:
            chance = chance * np.float64(w.relevance[i, b])
        logged = w.logged.shape[0] > 0 and w.logged[i]
        if logged:
            note(w, i, b, t, LOG_SEARCH, np.int64(1))
            note(w, i, b, t, LOG_IMPRESSION, np.int64(1))
        if u[2] < chance:
            if logged:
                note(w, i, b, t, LOG_CLICK, np.int64(1))
            w.at_touch[b, t, AT_CLICKS] += 1
            if ad:
                w.at_touch[b, t, AT_AD_CLICKS] += 1
            w.flags[i, b] = np.uint8(w.flags[i, b] | CLICKED)
            remember_touch(w, i, b, t)
