"""What is asked of the data: plain frozen values, made by the command line, a plan or a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["count", "duration", "amount", "share"]
Design = Literal["rct", "waves", "volunteers", "once"]
Control = Literal["never", "not_yet"]
Transform = Literal["none", "log1p"]

KINDS: tuple[Kind, ...] = ("count", "duration", "amount", "share")
DESIGNS: tuple[Design, ...] = ("rct", "waves", "volunteers", "once")  # from strong to weak


@dataclass(frozen=True)
class Study:
    """How a panel or trial is to be analysed.

    `design` None: it is read from the data and said. `estimator` None: the design chooses.
    `matched_on` are columns that must agree exactly between matched units. `looks` are the planned
    looks (how many, and which this is) where results are read before the end; `always_valid` says
    that they are read at any time.
    """

    kind: Kind = "count"
    design: Design | None = None
    control: Control = "not_yet"
    transform: Transform = "none"
    estimator: str | None = None
    covariates: tuple[str, ...] = ()
    matched_on: tuple[str, ...] = ()
    looks: tuple[int, int] | None = None  # (planned, this one, from 1)
    always_valid: bool = False  # read whenever somebody likes
    outcome: str = "outcome"  # in words, for sentences
    unit: str = "unit"  # what one unit is, in words: developer, team
    cluster: str = ""  # what a cluster is, in words; "" where units are their own
    seed: int = 20261122
