"""How many clusters there are to compare: their number, not that of rows, is the evidence."""

from __future__ import annotations

from math import comb

import numpy as np

from steelyard.impact.panel import Panel
from steelyard.impact.result import Check
from steelyard.impact.study import Study

NAME = "few_clusters"
FEW = 6  # on a side; below, small-sample methods themselves become rough
ALPHA = 0.05


def few_clusters(panel: Panel, study: Study) -> Check:
    """Clusters on each side, and the smallest p that drawing lots among them could ever give."""
    treated = len(np.unique(panel.cluster[~panel.never]))
    first = panel.dates[0] if len(panel.dates) else panel.length
    controls = len(np.unique(panel.cluster[panel.start > first]))
    groups = panel.groups
    ways = comb(groups, min(treated, groups))
    smallest = 1 / ways if 0 < treated < groups else None
    noun = study.cluster or study.unit
    start = f"1 {noun} starts" if treated == 1 else f"{treated:,} {noun}s start"
    are = "1 is" if controls == 1 else f"{controls:,} are"
    told = f"{start}, {are} without treatment at the first start."
    if min(treated, controls) < FEW:
        told += f" That is few: intervals over {groups:,} {noun}s are rough."
    if smallest is not None and smallest > ALPHA:
        told += f" Lots drawn among them could never give a p below {smallest:.2g}."
    few = min(treated, controls) < FEW
    figures = {"treated": treated, "controls": controls, "smallest_p": smallest}
    return Check(NAME, "warn" if few else "ok", told, figures)
