"""The demo company, loaded once per session and size, for whatever tests wish to ask of it."""

from __future__ import annotations

import atexit
import datetime as dt
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

from steelyard.app import demo
from steelyard.app.house import House
from steelyard.config import load_settings
from steelyard.demo import Company, Shape, Truth

END = dt.date(2026, 11, 21)


class Loaded(NamedTuple):
    """An open house with the company in it, and what is true of it. Ask, do not change."""

    house: House
    company: Company
    truth: Truth


def open_empty(folder: Path) -> House:
    """A house on a small budget: tests share the machine."""
    return House(load_settings(folder / "data", threads=2, memory_limit="1GB"))


def demo_house(folder: Path, people: int = 10, weeks: int = 8, seed: int = 7) -> Loaded:
    """The company in a house in `folder`, through the whole pipeline."""
    house = open_empty(folder)
    company = demo.load(house, Shape.of(END, people, weeks, seed))
    return Loaded(house, company, Truth(company))


@cache
def shared_demo(people: int = 10, weeks: int = 8) -> Loaded:
    """The same, made once and kept until the tests end."""
    folder = Path(tempfile.mkdtemp(prefix="steelyard-demo-"))
    loaded = demo_house(folder, people, weeks)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(loaded.house.close)
    return loaded
