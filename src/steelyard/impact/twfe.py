"""Two-way fixed effects: one coefficient in levels, and how far it can be trusted.

With several starting dates some treated cells get negative weights (de Chaisemartin and
D'Haultfœuille 2020, American Economic Review 110(9)): a diagnostic, never an answer.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from steelyard.impact import least_squares
from steelyard.impact.cells import everything
from steelyard.impact.imputation import said, transformed
from steelyard.impact.panel import Floats, Panel
from steelyard.impact.result import CannotSay, Estimate
from steelyard.impact.study import Study


def twfe(panel: Panel, study: Study) -> Estimate | CannotSay:
    """The coefficient of treatment with unit and period effects; clustered (CRV1), t(G - 1)."""
    cells = everything(panel, dummies=1)
    if isinstance(cells, CannotSay):
        return cells
    used = transformed(cells.panel, study)
    apart, outcome = _rest(used, used.treated.astype(float)), _rest(used, used.outcome)
    known = np.nansum(apart**2)
    if not known > 1e-12 * used.seen.sum():
        return CannotSay("no_overlap", "Treatment cannot be told from units and periods.")
    b = float(np.nansum(apart * outcome) / known)
    scores = np.zeros(used.groups)
    np.add.at(scores, used.cluster, np.nansum(apart * (outcome - b * apart), axis=1))
    groups = used.groups
    se = float(np.sqrt(groups / (groups - 1) * np.sum(scores**2)) / known)
    words = f"clustered (CRV1), {groups} clusters"
    return said("twfe", b, se, groups - 1, words, study, _without(used, b))


def negative_weights(panel: Panel) -> float | None:
    """The share of treated cells that enter the coefficient with a negative weight."""
    cells = everything(panel, dummies=1)
    if isinstance(cells, CannotSay):
        return None
    used = cells.panel
    apart = _rest(used, used.treated.astype(float))[used.treated & used.seen]
    return float(np.mean(apart < -1e-12))


def _rest(panel: Panel, values: Floats) -> Floats:
    """What unit and period effects leave of the values in observed cells; NaN elsewhere."""
    filled = replace(panel, outcome=np.where(panel.seen, values, np.nan))
    cells = everything(filled, dummies=0)
    assert not isinstance(cells, CannotSay)
    rest = filled.outcome - least_squares.fit(cells).period[:, 0]
    return np.asarray(rest - np.nanmean(rest, axis=1, keepdims=True))


def _without(panel: Panel, b: float) -> float:
    return float(panel.outcome[panel.treated & panel.seen].mean()) - b
