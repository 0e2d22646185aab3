"""Pairs over time: their difference in blocks of periods round the start, for bent trends.

Single weeks are mostly noise, and the week before the start would carry every comparison. Blocks
of a fifth of the baseline are compared with the block just before the start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steelyard.impact.matched import is_ratio, off, stacked
from steelyard.impact.panel import Flags, Floats, Ints, Panel
from steelyard.impact.partners import Paired
from steelyard.impact.result import CannotSay, EventStudy
from steelyard.impact.study import Study

BEFORE = 5  # blocks of the shortest baseline, the last of them the reference


@dataclass(frozen=True, eq=False)
class Blocks:
    """Event study by blocks of `width` periods; block -1, just before the start, is at 0."""

    width: int
    events: EventStudy


def blocks(panel: Panel, study: Study, found: Paired) -> Blocks | CannotSay:
    """Effects by block with a jackknife over pairs or clusters; regression to the mean taken off.

    Only pairs seen in a block and in the reference speak for that block. `panel` is transformed.
    """
    both = stacked(panel, found)
    width = max(int(found.date.min()) // BEFORE, 1)
    times, own = _by_block(both, width, slice(0, both.n // 2))
    _, other = _by_block(both, width, slice(both.n // 2, None))
    ratio = is_ratio(panel, study)
    groups = _groups(both)
    whole = np.ones(len(own), dtype=bool)
    b = _effects(own, other, times, whole, ratio)
    each = np.array([_effects(own, other, times, kept, ratio) for kept in groups])
    sound = np.isfinite(b) & np.isfinite(each).all(0) & (times != -1)
    if len(groups) < 2 or not (sound & (times < -1)).any() or not (sound & (times >= 0)).any():
        return CannotSay("no_event_study", "Too few pairs or too short a time for blocks.")
    shift, _ = off(panel, study, found.drift)
    b = b - np.where(times >= 0, shift, 0.0)
    away = (each - each.mean(0))[:, sound]
    events = EventStudy(
        "matched_did",
        "log" if ratio or study.kind == "duration" or study.transform == "log1p" else "level",
        tuple(int(t) for t in times[sound]),
        b[sound],
        (len(groups) - 1) / len(groups) * away.T @ away,
        len(groups) - 1,
        f"jackknife over {len(groups)} {'clusters' if both.clustered else 'pairs'}",
    )
    return Blocks(width, events)


def _by_block(both: Panel, width: int, side: slice) -> tuple[Ints, Floats]:
    """Block numbers (B,) and (P, B) means over the periods seen; NaN where a block is not whole."""
    start, outcome = int(both.dates[0]), both.outcome[side]
    first, last = -(start // width), (both.length - start) // width
    times = np.arange(first, last)
    cut = outcome[:, start + first * width : start + last * width]
    parts = cut.reshape(len(cut), len(times), width)
    seen = ~np.isnan(parts)
    mean = np.nansum(parts, axis=2) / np.maximum(seen.sum(2), 1)
    return times, np.where(seen.any(2), mean, np.nan)


def _groups(both: Panel) -> list[Flags]:
    """What is left of the pairs when each cluster is left out."""
    pairs = both.n // 2
    touched = np.column_stack([both.cluster[:pairs], both.cluster[pairs:]])
    return [~(touched == name).any(1) for name in np.unique(touched)]


def _effects(own: Floats, other: Floats, times: Ints, kept: Flags, ratio: bool) -> Floats:
    """(B,) effects against block -1 over the pairs that are kept."""
    known = ~np.isnan(own) & ~np.isnan(other) & kept[:, None]
    reference = int(np.argmax(times == -1))
    known &= known[:, [reference]]
    if not ratio:
        gap = np.where(known, own - other - (own - other)[:, [reference]], 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(gap.sum(0) / known.sum(0))
    sums = [np.where(known, values, 0.0).sum(0) for values in (own, other)]
    bases = [np.where(known, values[:, [reference]], 0.0).sum(0) for values in (own, other)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(sums[0] / bases[0]) - np.log(sums[1] / bases[1]))
