"""The benchmark of both engines runs, in its smallest size."""

import re

import pytest
from benchmarks import engines


@pytest.mark.slow
@pytest.mark.usefixtures("recordings")  # what it takes in is made of them
def test_engines_are_measured_side_by_side(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    question = engines.ASKED[0]
    monkeypatch.setattr(engines, "ASKED", (question,))
    monkeypatch.setattr(engines, "OPENED", {})
    sizes = ("--sizes", "0.003", "--rounds", "1", "--bodies", "1")
    monkeypatch.setattr("sys.argv", ["engines", *sizes])
    engines.main()
    told = capsys.readouterr().out
    for name in (question, f"{question}, again", "a million (ms: thousandths of s)"):
        (line,) = (one for one in told.splitlines() if one.startswith(f"  {name}  "))
        assert len(line.removeprefix(f"  {name}").split()) == 6
    assert re.search(r"a raw record takes [1-9]\d* bytes in ClickHouse", told)
