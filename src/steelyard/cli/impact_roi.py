"""`steelyard impact roi`: what an effect is worth on full cost, with its uncertainty."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from steelyard.cli import impact_options as o
from steelyard.cli.impact_answer import answer
from steelyard.cli.impact_words import Said, number, paragraph, table
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, settings
from steelyard.cli.output import Output
from steelyard.errors import BadFile, BadValue, UsageError

if TYPE_CHECKING:
    from steelyard.impact.assumptions import Assumptions, Effect

ROI_EXAMPLES = examples(
    "steelyard impact roi --plan pilot --people 40 --weeks 26 --hours 30 --rate 95 --spend 40000",
    "steelyard impact roi --effect-pct 8 --effect-ci 2,14 --people 90 --weeks 26 --hours 30"
    " --rate 80..110 --realisation 0.3..0.7 --seats 12000",
)


def _stated(help: str, *names: str, metavar: str = "RANGE") -> Any:
    return o.option("Assumptions", f"{help} A number or LOW..HIGH.", *names, metavar=metavar)


def _effect(help: str, *names: str, metavar: str) -> Any:
    return o.option("Effect", help, *names, metavar=metavar)


EffectPct = Annotated[
    float | None, _effect("An effect that somebody states.", "--effect-pct", metavar="PCT")
]
EffectCi = Annotated[str, _effect("Its 95 % interval.", "--effect-ci", metavar="LOW,HIGH")]
FromAnalysis = Annotated[
    Path | None, _effect("JSON of `impact analyze`.", "--analysis", metavar="FILE")
]
Of = Annotated[
    Literal["output", "time"] | None,
    _effect("Whether more or less is better.", "--of", metavar="output|time"),
]


def roi(
    people: Annotated[str, _stated("Who have the assistants.")] = "",
    weeks: Annotated[str, _stated("The period.")] = "",
    hours: Annotated[str, _stated("Of such work per person and week.")] = "",
    rate: Annotated[str, _stated("Full cost of an hour.")] = "",
    share: Annotated[str, _stated("Of these hours that the metric stands for.")] = "",
    realisation: Annotated[str, _stated("Of freed time that becomes value.")] = "",
    output_per_week: Annotated[str, _stated("Items a person and week.", "--output-per-week")] = "",
    value_per_output: Annotated[str, _stated("Worth of an item.", "--value-per-output")] = "",
    spend: Annotated[str, _stated("Tokens and other use, in all.")] = "",
    seats: Annotated[str, _stated("Licences, in all.")] = "",
    training: Annotated[str, _stated("Paid once.")] = "",
    rollout: Annotated[str, _stated("Paid once.")] = "",
    effect_pct: EffectPct = None,
    effect_ci: EffectCi = "",
    analysis: FromAnalysis = None,
    of: Of = None,
    plan: o.Plan = "",
    seed: o.Seed = o.SEED,
    charts: o.Charts = None,
    format: o.Format = None,
    output: Output = None,
    data: Data = None,
) -> None:
    """Set an effect's value against full cost: a range, and how likely a loss is."""
    from steelyard.impact.roi import roi as run

    said = dict(locals())
    found = run(_assumptions(said), _found_effect(said), seed)
    answer(found.to_json(), format, output, roi_text, lambda all_: all_["tornado"])
    if charts is not None:
        from steelyard.cli.impact_charts import write_charts
        from steelyard.reports.impact import tornado

        write_charts([tornado(found)], charts)


def _assumptions(said: dict[str, Any]) -> Assumptions:
    from steelyard.impact.assumptions import Assumptions, read_range, read_share

    for name in ("people", "weeks"):
        if not said[name]:
            raise UsageError(f"A return needs {name}.", f"Give --{name} N or LOW..HIGH.")
    names = ("people", "weeks", "hours", "rate", "value_per_output", "spend", "seats")
    read = {n: read_range(said[n]) for n in (*names, "training", "rollout") if said[n]}
    read |= {n: read_share(said[n]) for n in ("share", "realisation") if said[n]}
    if said["output_per_week"]:
        read["output"] = read_range(said["output_per_week"])
    return Assumptions(**read)


def _found_effect(said: dict[str, Any]) -> Effect:
    from steelyard.impact.assumptions import effect_from_analysis, effect_from_pct

    given = [said["effect_pct"] is not None, said["analysis"] is not None, bool(said["plan"])]
    if sum(given) != 1:
        raise UsageError(
            "Which effect is to be valued?",
            "Give one of --analysis FILE, --plan NAME, or --effect-pct PCT with --effect-ci.",
        )
    if said["effect_pct"] is None:
        return effect_from_analysis(_analysis(said), said["of"])
    ends = _ends(said["effect_ci"]) if said["effect_ci"] else None
    return effect_from_pct(said["effect_pct"], ends, said["of"] or "output")


def _ends(text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.replace("..", ",").split(","))
    except ValueError:
        raise BadValue(f"{text!r} is no interval.", "Write --effect-ci 2,14.") from None
    return low, high


def _analysis(said: dict[str, Any]) -> dict[str, Any]:
    if said["analysis"] is not None:
        return read_json(said["analysis"])
    from steelyard.app import open_studies

    with open_studies(settings(said["data"])) as studies:
        return studies.analysis(said["plan"]).to_json()


def read_json(file: Path) -> dict[str, Any]:
    """An analysis that was printed with --format json."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadFile(f"{file} cannot be read: {error.strerror}.") from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadFile(f"{file} is no analysis.", "`impact analyze … --format json -o FILE`.")
    return found


def roi_text(said: Said) -> str:
    """The sentence, the figures with their 90 % intervals, then what matters most."""
    rows = [("", "median", "90 % interval")]
    names = (("return", "roi"), ("value", "value"), ("cost", "cost"), ("net", "net"))
    for word, name in (*names, ("payback, weeks", "payback_weeks")):
        middle, ends = said[name]["median"], said[name]["ci90"]
        rows.append((word, _figure(name, middle), " to ".join(_figure(name, e) for e in ends)))
    swings = [("what matters", "low", "high", "return at low", "at high")]
    swings += [
        (t["name"], number(t["low"]), number(t["high"]), *(_roi(t[k]) for k in _ENDS))
        for t in said["tornado"]
    ]
    parts = [paragraph(said["verdict"]["sentence"]), table(rows)]
    parts += [table(swings)] if len(swings) > 1 else []
    return "\n\n".join([*parts, f"Evidence: {said['verdict']['evidence']}."]) + "\n"


_ENDS = ("roi_low", "roi_high")


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "never" if name == "payback_weeks" else "unknown"
    return _roi(value) if name == "roi" else f"{value:,.0f}".replace("-", "−")


def _roi(value: float) -> str:
    return f"{100 * value:+,.0f} %".replace("-", "−")
