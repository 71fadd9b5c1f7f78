"""The figures of experiments, in reading order, by kind."""

from __future__ import annotations

from agorasim.report.figures import Maker


def makers(kind: str) -> tuple[Maker, ...]:
    """The figures of one kind of experiment; each is left out where the experiment has nothing to show there."""
    from agorasim.report.figures import (
        breakdown,
        curves,
        fitted,
        forest,
        indices,
        search,
        study,
        surface,
        synergy,
        trial,
        waterfall,
        worth,
    )

    worths = (
        Maker("waterfall", "From nothing to all channels", "no Shapley values were asked for", waterfall.waterfall),
        Maker("shapley", "What each channel is worth", "no channel's worth was asked for", worth.shapley),
        Maker("synergy", "What channels are worth together", "no pairs of channels were asked for", synergy.heat_map),
        Maker("carried", "What word of mouth carries", "the effects were not split by word of mouth", worth.carried),
        Maker("returns", "Return on media money", "the channels have no media cost", worth.returns),
    )
    lines = (
        Maker("response", "Response to the budget", "no budgets were varied", curves.response),
        Maker("surface", "Two budgets at once", "no two budgets were varied together", surface.surface),
        Maker("carry_over", "Carry-over", "no pulse was sent", curves.carry_over),
        Maker("over_time", "Over time", "no finer periods were kept", curves.over_time),
        Maker(
            "breakdown", "By segment and region", "the outcome is not known by segment and region", breakdown.breakdown
        ),
        Maker("convergence", "Enough pairs?", "Shapley values were not followed over the pairs", curves.convergence),
    )
    compared = (Maker("differences", "Differences", "no two variants were compared", forest.differences),)
    studied = (
        Maker("tornado", "One at a time", "factors were not moved one at a time", study.tornado),
        Maker("main_effects", "Effects of factors", "the design is no factorial", study.main_effects),
        Maker("shares", "What matters most", "no shares of variance were estimated", indices.shares),
        Maker("morris", "What matters most", "no elementary effects were estimated", indices.morris),
        Maker("two_factors", "Two factors at once", "not exactly two factors were varied", study.two_factors),
        Maker("levels", "Over each factor", "the design was not kept", study.levels),
    )
    searched = (
        Maker("plan", "Today's plan and the best", "no plan was found", search.plan),
        *compared,
        Maker("marginal", "What the last unit of money brings", "no marginal returns were measured", search.marginal),
        Maker("history", "How it was searched", "the search was not kept", search.history),
    )
    fitting = (
        Maker("targets", "Targets", "no target was measured", fitted.targets),
        Maker("region", "Values that agree", "no values agree with the targets", fitted.region),
    )
    tested = (
        Maker("tests", "Tests and the truth", "no single tests were kept", trial.tests),
        Maker("interference", "What interference does", "no tests were run", trial.interference),
    )
    by_kind = {
        "synergy": (*worths, *lines),
        "compare": compared,
        "study": studied,
        "sensitivity": studied,
        "optimise": searched,
        "calibrate": fitting,
        "trial": tested,
    }
    return by_kind.get(kind, (*compared, *worths, *lines, *studied))
