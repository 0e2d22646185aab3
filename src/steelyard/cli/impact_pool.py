"""`steelyard impact pool`: several studies of one question put together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from steelyard.cli import impact_options as o
from steelyard.cli.impact_answer import answer, refused
from steelyard.cli.impact_roi import read_json
from steelyard.cli.impact_words import Said, estimates_text, number, paragraph, pct, table
from steelyard.cli.layout import examples
from steelyard.cli.output import Output
from steelyard.cli.panel_file import read_table
from steelyard.errors import BadPanel, UsageError

if TYPE_CHECKING:
    from steelyard.impact.pool import Pooled, Result
    from steelyard.impact.result import CannotSay

POOL_EXAMPLES = examples(
    "steelyard impact pool studies.csv --estimate log_ratio --se se --study site",
    "steelyard impact pool berlin.json lisbon.json pune.json",
)
Files = Annotated[
    list[str],
    typer.Argument(metavar="FILE…", help="One table of studies, or analyses as JSON."),
]
EstimateCol = Annotated[
    str, o.option("Data", "Column of the estimate.", "--estimate", metavar="COL")
]
SeCol = Annotated[str, o.option("Data", "Column of the standard error.", "--se", metavar="COL")]
StudyCol = Annotated[str, o.option("Data", "Column of the name.", "--study", metavar="COL")]
Scale = Annotated[
    Literal["log", "level"],
    o.option("How", "Logs of ratios, or as they are.", metavar="log|level"),
]


def pool(
    files: Files,
    estimate: EstimateCol = "",
    se: SeCol = "",
    study: StudyCol = "",
    scale: Scale = "log",
    charts: o.Charts = None,
    format: o.Format = None,
    output: Output = None,
) -> None:
    """Put several studies together: what they say on average, how far they differ."""
    from steelyard.impact.result import CannotSay

    found = _pool(files, estimate, se, study, scale)
    said = _nothing(found) if isinstance(found, CannotSay) else found.to_json()
    answer(said, format, output, pool_text, lambda all_: [_flat(one) for one in all_["studies"]])
    if charts is not None and not isinstance(found, CannotSay):
        from steelyard.cli.impact_charts import write_charts
        from steelyard.reports.impact import pooled

        write_charts([pooled(found)], charts)


def _pool(
    files: Sequence[str], estimate: str, se: str, study: str, scale: Literal["log", "level"]
) -> Pooled | CannotSay:
    from steelyard.impact.pool import pool as run
    from steelyard.impact.pool_reading import from_analyses

    if all(file.endswith(".json") for file in files):
        return from_analyses({Path(file).stem: read_json(Path(file)) for file in files})
    if len(files) > 1:
        raise UsageError("Several tables cannot be pooled.", "One table, or analyses as .json.")
    return run(_results(files[0], estimate, se, study), scale)


def _results(file: str, estimate: str, se: str, study: str) -> list[Result]:
    from steelyard.impact.columns import numbers, words
    from steelyard.impact.pool import Result
    from steelyard.impact.pool_reading import read_results

    if not estimate and not se:
        rows: list[Any] = read_table(file).to_dict("records")
        return read_results(rows)
    if not (estimate and se):
        raise UsageError("An estimate needs its standard error.", "Give --estimate and --se.")
    table = read_table(file, (estimate, se, study))
    if table.empty:
        raise BadPanel("The table has no rows.", "One row a study.")
    names = words(table, study) if study else [f"study {n}" for n in range(1, len(table) + 1)]
    pairs = zip(names, numbers(table, estimate), numbers(table, se), table.index, strict=True)
    found = []
    for name, value, error, line in pairs:
        if value != value or not error > 0:
            raise BadPanel(f"{name} has no estimate with a standard error.", row=int(line))
        found.append(Result(str(name), float(value), float(error)))
    return found


def _nothing(reason: CannotSay) -> dict[str, Any]:
    return {"k": None, "headline": None, "beside": [], "studies": [], **refused(reason)}


def pool_text(said: Said) -> str:
    """The sentence, estimates, how far the studies differ, then each study."""
    parts = [paragraph(said["verdict"]["sentence"]), estimates_text(said)]
    if said["studies"]:
        h = said["heterogeneity"]
        told = f"Between studies: tau² {number(h['tau2'])}, I² {number(h['i2'])} %"
        parts.append(f"{told}, Q {number(h['q'])} (p {number(h['p'])}).")
        ends = said["prediction"]["ci_pct"]
        if ends[0] is not None:
            parts.append(f"A next study's true effect: {pct(ends[0])} to {pct(ends[1])}.")
        head = ("study", "estimate", "se", "effect", "weight")
        parts.append(table([head, *map(_study, said["studies"])]))
    return "\n\n".join(filter(None, parts)) + "\n"


def _study(one: Said) -> tuple[str, ...]:
    figures = number(one["estimate"]), number(one["se"]), pct(one["effect_pct"])
    return one["name"], *figures, f"{one['weight_pct']:.1f} %"


def _flat(one: Said) -> dict[str, Any]:
    names = ("name", "estimate", "se", "effect_pct", "weight_pct")
    return {name: one[name] for name in names}
