"""Every estimator by name: which designs it is for, what it is, and where it is described.

A name is looked up here without importing the estimator; `run` imports it. The command line, the
reference page and the analysis all read this list.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from steelyard.errors import UnknownName, UsageError
from steelyard.impact.study import Design, Kind


@dataclass(frozen=True)
class Method:
    """`place` is "module:function" under steelyard.impact; the function takes (panel, study).

    `designs` are those under which it may be the headline. Where it is only to be shown as a
    diagnostic, `designs` is empty and `warning` says in one plain sentence why.
    """

    name: str
    title: str
    sentence: str
    paper: str
    place: str
    kinds: tuple[Kind, ...]
    designs: tuple[Design, ...] = ()
    aliases: tuple[str, ...] = ()
    warning: str = ""

    @property
    def for_tasks(self) -> bool:
        """Whether it reads a trial of single tasks instead of a panel of units by periods."""
        return self.place.partition(":")[0] in ("trial", "survival")

    def check(self, for_tasks: bool) -> None:
        """Raises UsageError where it cannot read what there is."""
        if self.for_tasks != for_tasks:
            needs = "single tasks (--block)" if self.for_tasks else "a panel (--unit and --time)"
            raise UsageError(f"{self.name} needs {needs}.", "Leave --estimator out.")

    @property
    def run(self) -> Callable[..., Any]:
        module, function = self.place.split(":")
        found: Callable[..., Any] = getattr(
            importlib.import_module(f"steelyard.impact.{module}"), function
        )
        return found


METHODS: tuple[Method, ...] = (
    Method(
        "ancova",
        "Lin's regression adjustment (CUPED)",
        "Means per unit after the start, adjusted for their own means before it.",
        "Lin 2013, Annals of Applied Statistics 7(1); Deng et al. 2013, WSDM (CUPED)",
        "ancova:ancova",
        ("count", "amount", "duration", "share"),
        ("rct",),
        ("cuped", "lin", "regression_adjustment"),
    ),
    Method(
        "poisson_did",
        "Poisson difference-in-differences",
        "The ratio of after to before of the treated, over that of the others.",
        "Wooldridge 2023, The Econometrics Journal 26(3)",
        "poisson:did",
        ("count", "amount"),
        ("rct", "volunteers"),
        ("ppml", "ppml_did", "fepois"),
    ),
    Method(
        "poisson_imputation",
        "Poisson imputation",
        "Treated cells over what units and periods not yet treated predict for them, as a ratio.",
        "Borusyak, Jaravel and Spiess 2024, Review of Economic Studies 91(6); Wooldridge 2023",
        "poisson:imputation",
        ("count", "amount"),
        ("waves",),
        ("ppml_imputation",),
    ),
    Method(
        "imputation",
        "Imputation",
        "Treated cells less what units and periods not yet treated predict for them.",
        "Borusyak, Jaravel and Spiess 2024, Review of Economic Studies 91(6)",
        "imputation:overall",
        ("count", "amount", "duration", "share"),
        ("waves",),
        ("bjs", "did_imputation", "borusyak"),
    ),
    Method(
        "callaway_santanna",
        "Callaway and Sant'Anna",
        "Effects of each starting date against units not treated (yet), averaged over the treated.",
        "Callaway and Sant'Anna 2021, Journal of Econometrics 225(2)",
        "callaway:overall",
        ("count", "amount", "duration", "share"),
        ("waves",),
        ("cs", "csdid", "callaway", "att_gt"),
    ),
    Method(
        "matched_did",
        "Matched difference-in-differences",
        "Treated units paired with others alike before; their change against their pairs' change,"
        " less how far such pairs drift apart by regression to the mean.",
        "Stuart 2010, Statistical Science 25(1); Ham and Miratrix 2024",
        "matched:did",
        ("count", "amount", "duration", "share"),
        ("volunteers",),
        ("matched", "matched_poisson_did"),
    ),
    Method(
        "synthetic_did",
        "Synthetic difference-in-differences",
        "A weighted mix of untreated units and earlier periods stands in for few treated units.",
        "Arkhangelsky et al. 2021, American Economic Review 111(12)",
        "synthetic:did",
        ("amount", "duration", "share"),
        ("waves", "volunteers"),
        ("sdid", "synthdid"),
    ),
    Method(
        "ratio",
        "Ratio of sums",
        "The sum of items with the property over all items, both summed per unit first.",
        "Deng, Knoblich and Lu 2018, KDD (its delta method, as a jackknife)",
        "ratio:ratio",
        ("share", "duration"),
        ("rct",),
        ("delta", "ratio_metric"),
    ),
    Method(
        "log_duration",
        "Log duration of tasks",
        "Log time of tasks with treatment against tasks without, given what was known before.",
        "Becker et al. 2025 (METR), arXiv:2507.09089",
        "trial:log_duration",
        ("duration",),
        ("rct",),
        ("log_ols", "task_trial"),
    ),
    Method(
        "task_means",
        "Means of tasks",
        "Mean outcome of tasks with treatment against tasks without, given what was known before.",
        "Lin 2013, Annals of Applied Statistics 7(1)",
        "trial:means",
        ("count", "amount", "share"),
        ("rct",),
    ),
    Method(
        "survival",
        "Cox regression",
        "How fast an event comes (a merge, a line's death); what has not come yet is censored.",
        "Cox 1972, J. Royal Statistical Society B 34(2); Lin and Wei 1989, JASA 84",
        "survival:cox",
        ("duration",),
        ("rct",),
        ("cox", "time_to_event"),
    ),
    Method(
        "interrupted_time_series",
        "Interrupted time series",
        "Level and trend of all units together before and after one date.",
        "Bernal, Cummins and Gasparrini 2017, International Journal of Epidemiology 46(1)",
        "series:interrupted",
        ("count", "amount", "duration", "share"),
        aliases=("its",),
        warning="Whatever else changed on that date is in this number: a change, not its cause.",
    ),
    Method(
        "twfe",
        "Two-way fixed effects",
        "One coefficient with unit and period effects.",
        "Goodman-Bacon 2021, Journal of Econometrics 225(2)",
        "twfe:twfe",
        ("count", "amount", "duration", "share"),
        aliases=("two_way_fixed_effects", "feols"),
        warning="With several starting dates it takes units treated earlier as controls, with wrong"
        " and even negative weights: a diagnostic only.",
    ),
)


# What dashboards do, and why this house does not: on simulated organisations with no effect at all,
# each of these reports one.
NAIVE = {
    "before_after": "Before against after takes season, growth and everything else that changed"
    " for the assistant's work.",
    "users_vs_non_users": "Users against non-users compares different people: those who choose the"
    " assistant were different before.",
    "treated_weeks_vs_others": "Weeks with the assistant against weeks without: busy weeks have"
    " more of both work and use.",
    "rows_t_test": "A t-test over rows counts every week of a developer as another developer: it"
    " finds effects in chance.",
}


def method(name: str) -> Method:
    """The method of that name or alias; hyphens and capitals do not matter.

    Raises UnknownName, and UsageError with the reason for comparisons that show no cause.
    """
    wanted = name.strip().lower().replace("-", "_").replace("'", "")
    if wanted in NAIVE:
        raise UsageError(NAIVE[wanted], "Leave --estimator out: the design chooses.")
    for each in METHODS:
        if wanted == each.name or wanted in each.aliases:
            return each
    raise UnknownName("estimator", name, [each.name for each in METHODS])
