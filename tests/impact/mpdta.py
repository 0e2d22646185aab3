"""The teaching data of R's `did`, as a panel: log employment of 500 counties, 2003 to 2007."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steelyard.impact.panel import Panel
from steelyard.impact.study import Study

LEVEL = Study(kind="amount")


def counties(shared: Path) -> Panel:
    """Counties by year; `lpop` is the log of their population. Skips where it is absent."""
    path = shared / "datasets" / "mpdta.csv"
    if not path.is_file():
        pytest.skip(f"no {path.name}: it is not part of a user's clone")
    table = pd.read_csv(path)
    wide = table.pivot_table(index="countyreal", columns="year", values="lemp")
    fixed = table.groupby("countyreal")[["first_treat", "lpop"]].first()
    start = np.where(fixed.first_treat == 0, 5, fixed.first_treat - 2003)
    names = tuple(str(county) for county in wide.index)
    return Panel(
        outcome=wide.to_numpy(),
        start=start.astype(np.int64),
        cluster=np.arange(len(wide)),
        steps=np.arange(5),
        units=names,
        periods=tuple(str(year) for year in wide.columns),
        clusters=names,
        covariates={"lpop": fixed.lpop.to_numpy()},
    )
