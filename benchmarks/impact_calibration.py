"""False alarms, coverage, bias and power of every estimator on simulated organisations.

    python -m benchmarks.impact_calibration [--panels 1000] [--design NAME …] [--set NAME …]

Every chunk of panels is a line of the results file as soon as it is done: run it again to go on
where it stopped. `--table` prints the Markdown of `docs/reference/calibration.md` and runs nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.impact_designs import DESIGNS, Draw, Planned
from benchmarks.organisation import SETS

from steelyard.impact.methods import method
from steelyard.impact.panel import Panel
from steelyard.impact.permutation import randomised
from steelyard.impact.result import CannotSay, Estimate, Interval

EFFECTS = {"null": 0.0, "ten": math.log(1.1)}
CHUNK = 50
LOTS = "lots:"
FIGURES = "## Figures\n"
RESULTS = Path(__file__).parent / ".work" / "calibration.jsonl"


@dataclass(frozen=True)
class Tally:
    """Sums over panels, in hundredths of a log ratio or percent of the mean without treatment."""

    panels: int = 0
    refused: int = 0
    alarms: int = 0
    covered: int = 0
    wrong_sign: int = 0
    error: float = 0.0
    error_squared: float = 0.0
    half: float = 0.0
    exaggerated: float = 0.0
    in_pct: int = 0
    covered_pct: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def said(self) -> int:
        return self.panels - self.refused

    def share(self, many: int) -> float:
        return many / self.said if self.said else math.nan


Cell = tuple[str, str, str, str]  # design, set, effect, estimator


@dataclass(frozen=True)
class Chunk:
    """Some panels of one design, set and effect, for the estimators that lack them."""

    design: str
    organisation: str
    effect: str
    number: int
    panels: int
    estimators: tuple[str, ...]


def run(chunk: Chunk) -> list[dict[str, Any]]:
    """One line for each estimator. The draws depend on the chunk only, not on estimators."""
    plan = next(each for each in DESIGNS if each.name == chunk.design)
    key = f"{chunk.design} {chunk.organisation} {chunk.effect} {chunk.number}"
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    tallies = dict.fromkeys(chunk.estimators, Tally())
    for _ in range(chunk.panels):
        draw = plan.draw(SETS[chunk.organisation], EFFECTS[chunk.effect], rng)
        for name in chunk.estimators:
            tallies[name] += judge(_estimate(name, draw), draw)
    about = {"design": chunk.design, "set": chunk.organisation, "effect": chunk.effect}
    return [
        {**about, "estimator": name, "chunk": chunk.number, **asdict(tally)}
        for name, tally in tallies.items()
    ]


def _estimate(name: str, draw: Draw) -> Estimate | CannotSay:
    """An estimator's answer; "lots:NAME" is that estimator judged by drawing the lots again."""
    found: Estimate | CannotSay
    if name.startswith(LOTS) and isinstance(draw.observed, Panel):
        found = randomised(draw.observed, draw.study, name.removeprefix(LOTS))
    else:
        found = method(name).run(draw.observed, draw.study)
    return found


def judge(found: Estimate | CannotSay, draw: Draw) -> Tally:
    """One panel's estimate against the truth."""
    if isinstance(found, CannotSay) or found.estimate is None:
        return Tally(panels=1, refused=1)
    low, high = found.ci
    if low is None or high is None or found.p is None:
        return Tally(panels=1, refused=1)
    truth, unit = _truth(found, draw)
    error, half = (found.estimate - truth) * unit, (high - low) / 2 * unit
    alarm = found.p < 0.05
    return Tally(
        panels=1,
        alarms=int(alarm),
        covered=int(low <= truth <= high),
        wrong_sign=int(alarm and found.estimate * truth < 0),
        error=error,
        error_squared=error**2,
        half=half,
        exaggerated=abs(found.estimate) * unit if alarm else 0.0,
        in_pct=int(None not in found.ci_pct and math.isfinite(draw.pct)),
        covered_pct=int(_inside(found.ci_pct, draw.pct)),
    )


def _inside(interval: Interval, truth: float) -> bool:
    low, high = interval
    return low is not None and high is not None and low <= truth <= high


def _truth(found: Estimate, draw: Draw) -> tuple[float, float]:
    if found.scale == "log":
        return draw.log, 100.0
    wanted = draw.everybody if found.estimator in ("ancova", "task_means") else draw.level
    return wanted, 100.0 / draw.base


def todo(plans: Sequence[Planned], sets: Sequence[str], panels: int, done: set[Any]) -> list[Chunk]:
    """The chunks that some estimator lacks, one chunk of every cell after the other."""
    found = []
    for number in range(math.ceil(panels / CHUNK)):
        for plan in plans:
            for name in sets:
                for effect in EFFECTS:
                    cell = (plan.name, name, effect)
                    lacking = tuple(e for e in plan.estimators if (*cell, e, number) not in done)
                    if lacking:
                        found.append(Chunk(*cell, number, CHUNK, lacking))
    return found


def read(results: Path) -> Iterator[dict[str, Any]]:
    """The lines so far; one that a stop has cut is passed over."""
    if results.exists():
        for line in results.read_text().splitlines():
            if line.endswith("}"):
                yield json.loads(line)


def key(line: dict[str, Any]) -> tuple[Any, ...]:
    return line["design"], line["set"], line["effect"], line["estimator"], line["chunk"]


def tallied(lines: Iterable[dict[str, Any]]) -> dict[Cell, Tally]:
    """The sum of all chunks of a cell, each counted once."""
    once = {key(line): line for line in lines}
    found: dict[Cell, Tally] = {}
    for (design, name, effect, estimator, _), line in once.items():
        cell = (design, name, effect, estimator)
        tally = Tally(**{f.name: line[f.name] for f in fields(Tally)})
        found[cell] = found.get(cell, Tally()) + tally
    return found


def table(cells: dict[Cell, Tally]) -> str:
    """Markdown: a section for each design, a row for each set and estimator."""
    parts = []
    for plan in DESIGNS:
        rows = [_row(plan, name, each, cells) for each in plan.estimators for name in SETS]
        rows = [row for row in rows if row]
        if rows:
            parts.append("\n".join([f"### {plan.title}", "", *_HEAD, *rows, ""]))
    return "\n".join(parts)


_HEAD = [
    "| estimator | set | panels | false alarms at 0 | covered at +10 % | in percent | bias |"
    " half-width | power | reported where seen | refused |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
]


def _row(plan: Planned, name: str, estimator: str, cells: dict[Cell, Tally]) -> str:
    null = cells.get((plan.name, name, "null", estimator), Tally())
    ten = cells.get((plan.name, name, "ten", estimator), Tally())
    if null.panels and ten.panels and not (null.said and ten.said):
        return f"| `{estimator}` | {name} | {null.panels + ten.panels:,} {'|  ' * 7}| 100 |"
    if not null.said or not ten.said:
        return ""
    alarms, covered = null.share(null.alarms), ten.share(ten.covered)
    bias = ten.error / ten.said
    spread = math.sqrt(max(ten.error_squared / ten.said - bias**2, 0) / ten.said)
    seen = f"{ten.exaggerated / ten.alarms:+.0f}" if ten.alarms else ""
    known = ten.in_pct or 1
    in_pct = _share(ten.covered_pct / known, known, 0.95) if ten.in_pct else ""
    refused = (null.refused + ten.refused) / (null.panels + ten.panels)
    return (
        f"| `{estimator}` | {name} | {null.panels + ten.panels:,} |"
        f" {_share(alarms, null.said, 0.05)} | {_share(covered, ten.said, 0.95)} |"
        f" {in_pct} |"
        f" {bias:+.1f} ± {spread:.1f} | {ten.half / ten.said:.1f} |"
        f" {100 * ten.share(ten.alarms):.0f} | {seen} | {100 * refused:.0f} |"
    )


def _share(found: float, panels: int, aim: float) -> str:
    """In percent with its Monte-Carlo error; bold where it misses by more than a point, beyond."""
    error = math.sqrt(aim * (1 - aim) / panels)
    words = f"{100 * found:.1f} ± {100 * math.sqrt(found * (1 - found) / panels):.1f}"
    return f"**{words}**" if abs(found - aim) > 0.01 + 2 * error else words


def main() -> None:
    options = arguments()
    plans = [_only(each, options) for each in DESIGNS]
    options.results.parent.mkdir(parents=True, exist_ok=True)
    if not options.table:
        done = {key(line) for line in read(options.results)}
        chunks = todo(plans, options.set or list(SETS), options.panels, done)
        with ProcessPoolExecutor(options.jobs) as pool, options.results.open("a") as file:
            for lines in pool.map(run, chunks):
                file.writelines(json.dumps(line) + "\n" for line in lines)
                file.flush()
    found = table(tallied(read(options.results)))
    if options.page:
        above = options.page.read_text().partition(FIGURES)[0]
        options.page.write_text(f"{above}{FIGURES}\n{found}")
    else:
        print(found)


def _only(plan: Planned, options: argparse.Namespace) -> Planned:
    """The plan with those estimators that were asked for."""
    named = not options.design or plan.name in options.design
    kept = [e for e in plan.estimators if not options.estimator or e in options.estimator]
    return replace(plan, estimators=tuple(kept) if named else ())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--panels", type=int, default=1000, help="of each design, set and effect")
    parser.add_argument("--design", nargs="*", choices=[each.name for each in DESIGNS])
    parser.add_argument("--estimator", nargs="*", help="only these")
    parser.add_argument("--set", nargs="*", choices=list(SETS))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--table", action="store_true", help="only print what was found so far")
    parser.add_argument("--page", type=Path, help=f"write the tables below its '{FIGURES.strip()}'")
    return parser.parse_args()


if __name__ == "__main__":
    main()
