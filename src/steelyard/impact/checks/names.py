"""Every check by name and in one sentence: the reference page is written from it."""

from __future__ import annotations

CHECKS = (
    (
        "imbalance",
        "Randomised: were the sides alike before? Beyond what lots give, the design falls.",
    ),
    (
        "pre_trend",
        "Did the treated move differently before, and which drift could not have been seen?",
    ),
    ("placebo_dates", "Pretended starts inside the baseline, where there is nothing to find."),
    ("leave_one_cluster_out", "Does the answer hang on one cluster? Each is left out in turn."),
    ("outliers", "How much of the answer rests on a few units or a few extreme cells?"),
    ("log1p", "Would log(1 + y), read as percent, have said something else?"),
    ("attrition", "Who stops or starts being observed, on which side?"),
    ("spillover", "Untreated people in one team with treated ones: is the difference diluted?"),
    ("seasonality", "Do the weeks after stand at another time of the year than those before?"),
    (
        "missing_cells",
        "Cells that were not observed although their unit was there before and after.",
    ),
    ("zero_units", "Units without anything, of which a ratio learns nothing: counted."),
    (
        "few_clusters",
        "How many clusters can be compared: their number is the evidence, not that of rows.",
    ),
    ("one_period_after", "How long the treated were watched; one period shows novelty."),
    ("disagreement", "Do estimators that answer the same question say the same?"),
    ("overlap", "Volunteers: how many found a partner who was like them before?"),
    (
        "regression_to_the_mean",
        "Volunteers: how far would pairs drift apart with no effect at all?",
    ),
    (
        "hidden_confounder",
        "Volunteers: how strong would something unseen have to be to explain it away?",
    ),
    ("bent_trends", "Volunteers: how far may trends bend before the answer is undecided?"),
    ("leave_one_block_out", "Tasks: does the answer hang on one developer's tasks?"),
    ("few_blocks", "Tasks: how many blocks were tasks drawn within?"),
)
