"""Pairs over time: their difference in blocks of periods round the start, for bent trends.

Single weeks are mostly noise, and the week before the start would carry every comparison. Blocks
of a fifth of the baseline are compared with the block just before the start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steelyard.impact.matched import is_ratio, off, stacked
from steelyard.impact.panel import Floats, Ints, Panel
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
    parts = _parts(own, other, times, ratio)
    out = _touched(both)
    whole = parts.sum(0)
    b = _effects(whole, ratio)
    each = _effects(whole - np.tensordot(out, parts, axes=1), ratio)
    groups = len(out)
    sound = np.isfinite(b) & np.isfinite(each).all(0) & (times != -1)
    if groups < 2 or not (sound & (times < -1)).any() or not (sound & (times >= 0)).any():
        return CannotSay("no_event_study", "Too few pairs or too short a time for blocks.")
    shift, _ = off(panel, study, found.drift)
    b = b - np.where(times >= 0, shift, 0.0)
    away = (each - each.mean(0))[:, sound]
    events = EventStudy(
        "matched_did",
        "log" if ratio or study.kind == "duration" or study.transform == "log1p" else "level",
        tuple(int(t) for t in times[sound]),
        b[sound],
        (groups - 1) / groups * away.T @ away,
        groups - 1,
        f"jackknife over {groups} {'clusters' if both.clustered else 'pairs'}",
    )
    return Blocks(width, events)


def _by_block(both: Panel, width: int, side: slice) -> tuple[Ints, Floats]:
    """Block numbers (B,) and (P, B) means over the periods seen; NaN where a block is not whole."""
    start, outcome = int(both.dates[0]), both.outcome[side]
    first, last = -min(start // width, BEFORE), (both.length - start) // width
    times = np.arange(first, last)
    cut = outcome[:, start + first * width : start + last * width]
    parts = cut.reshape(len(cut), len(times), width)
    seen = ~np.isnan(parts)
    mean = np.nansum(parts, axis=2) / np.maximum(seen.sum(2), 1)
    return times, np.where(seen.any(2), mean, np.nan)


def _touched(both: Panel) -> Floats:
    """(G, P): 1 for the pairs that are left out with each cluster."""
    pairs = both.n // 2
    cluster = np.column_stack([both.cluster[:pairs], both.cluster[pairs:]])
    names = np.unique(cluster)
    return np.asarray((cluster[None] == names[:, None, None]).any(2), dtype=float)


def _parts(own: Floats, other: Floats, times: Ints, ratio: bool) -> Floats:
    """(P, B, k) of what each pair adds to a block: four sums for ratios, a gap and 1 for levels.

    Nothing where either of the pair was not seen in the block or in the reference.
    """
    known = ~np.isnan(own) & ~np.isnan(other)
    at = int(np.argmax(times == -1))
    known &= known[:, [at]]
    base, other_base = (np.broadcast_to(each[:, [at]], each.shape) for each in (own, other))
    if ratio:
        parts = np.stack([own, base, other, other_base], axis=2)
    else:
        parts = np.stack([own - base - (other - other_base), np.ones_like(own)], axis=2)
    return np.where(known[:, :, None], parts, 0.0)


def _effects(sums: Floats, ratio: bool) -> Floats:
    """(…, B) effects against block -1 from sums (…, B, k)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if not ratio:
            return np.asarray(sums[..., 0] / np.rint(sums[..., 1]))
        after, before, others, others_before = np.moveaxis(sums, -1, 0)
        return np.asarray(np.log(after / before) - np.log(others / others_before))
