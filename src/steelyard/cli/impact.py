"""`steelyard impact analyze`: did it cause anything, how sure is that, and what speaks against it.

From a file, or from the warehouse by a saved plan.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.cli import impact_options as o
from steelyard.cli.impact_answer import answer
from steelyard.cli.impact_words import analysis_text, estimate_rows
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, settings
from steelyard.cli.output import Output
from steelyard.errors import UsageError

if TYPE_CHECKING:
    from steelyard.impact.analysed import Analysed
    from steelyard.impact.result import Analysis

ANALYZE_EXAMPLES = examples(
    "steelyard impact analyze --panel w.csv --unit dev --time week --outcome prs --adopted first",
    "steelyard impact analyze --panel tasks.csv --outcome hours --treated ai --block dev",
    "steelyard impact analyze --plan payments-pilot --format json",
)
ROW = "Give --panel FILE, or --plan NAME of a plan that `steelyard impact plan` lists."


def analyze(
    panel: o.PanelFile = "",
    unit: o.PanelUnit = "",
    time: o.Time = "",
    outcome: o.Outcome = "",
    treated: o.Treated = "",
    adopted: o.Adopted = "",
    cluster: o.Cluster = "",
    block: o.Block = "",
    weight: o.Weight = "",
    covariates: o.Covariates = "",
    exact: o.Exact = "",
    start: o.From = "",
    end: o.To = "",
    kind: o.Kind = None,
    design: o.DesignSaid = None,
    control: o.Control = "not_yet",
    transform: o.Transform = "none",
    estimator: o.Estimator = "",
    looks: o.Looks = "",
    seed: o.Seed = o.SEED,
    plan: o.Plan = "",
    metric: o.Metric = "",
    charts: o.Charts = None,
    format: o.Format = None,
    output: Output = None,
    data: Data = None,
) -> None:
    """Say whether treatment changed an outcome, how sure that is, or why not."""
    said = dict(locals())
    if bool(panel) == bool(plan):
        raise UsageError("Neither or both of a file and a plan were given.", ROW)
    analysis: Analysis | None
    if plan:
        planned = _planned(plan, metric, data)
        analysis, told = planned.analysis, planned.to_json()
    else:
        analysis = _from_file(panel, said)
        told = analysis.to_json()
    answer(told, format, output, analysis_text, estimate_rows)
    if charts is not None and analysis is not None:
        from steelyard.cli.impact_charts import write_charts
        from steelyard.reports.impact import pictures

        write_charts(pictures(analysis), charts)


def _from_file(file: str, said: dict[str, Any]) -> Analysis:
    from steelyard.impact.analyze import analyze as run

    return run(o.observed(file, said), o.study(said))


def _planned(name: str, metric: str, data: Path | None) -> Analysed:
    from steelyard.app import open_studies

    with open_studies(settings(data)) as studies:
        return studies.analysis(name, metric)
