"""`steelyard impact` on files: contracts of flags, JSON, formats and errors."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import Run
from .weeks import weeks, write_rows

PANEL = ("--unit", "dev", "--time", "week", "--outcome", "prs_merged", "--cluster", "team")
ESTIMATE = {"estimator", "scale", "estimate", "se", "ci", "effect_pct", "ci_pct", "p", "inference"}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    return weeks(tmp_path_factory.mktemp("panel") / "weeks.csv")


def analyzed(run: Run, file: str, *more: str) -> dict[str, Any]:
    done = run("impact", "analyze", "--panel", file, *PANEL, *more, "--format", "json")
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_analyze_prints_the_contract(run: Run, file: str) -> None:
    said = analyzed(run, file, "--adopted", "adopted", "--design", "rct")
    assert set(said) >= {"design", "estimand", "n", "headline", "beside", "diagnostics"}
    assert set(said) >= {"verdict", "power", "checks", "warnings"}
    assert set(said["n"]) == {"units", "clusters", "periods", "treated"}
    for each in (said["headline"], *said["beside"], *said["diagnostics"]):
        assert set(each) == ESTIMATE
    assert set(said["verdict"]) >= {"code", "sentence", "evidence"}
    assert "mde_pct" in said["power"]
    assert all(set(each) == {"name", "status", "detail", "figures"} for each in said["checks"])
    assert all(set(each) == {"code", "message"} for each in said["warnings"])
    assert said["design"] == "rct"
    assert said["headline"]["ci_pct"][0] < 49.2 < said["headline"]["ci_pct"][1]


def test_treated_and_adopted_say_the_same(run: Run, file: str) -> None:
    by_flag = analyzed(run, file, "--treated", "ai", "--design", "rct")
    by_date = analyzed(run, file, "--adopted", "adopted", "--design", "rct")
    assert by_flag["headline"] == by_date["headline"]


def test_the_table_begins_with_the_sentence(run: Run, file: str) -> None:
    args = ("impact", "analyze", "--panel", file, *PANEL, "--adopted", "adopted")
    done = run(*args, "--design", "rct")
    said = analyzed(run, file, "--adopted", "adopted", "--design", "rct")
    flat = " ".join(done.out.split())
    assert flat.startswith(" ".join(said["verdict"]["sentence"].split()))
    assert "headline" in done.out
    assert "Checks" in done.out
    assert "Evidence: randomised." in done.out


def test_csv_has_a_row_an_estimate(run: Run, file: str) -> None:
    args = ("impact", "analyze", "--panel", file, *PANEL, "--adopted", "adopted")
    rows = list(csv.DictReader(io.StringIO(run(*args, "--format", "csv").out)))
    assert rows[0]["place"] == "headline"
    assert float(rows[0]["ci_low"]) < float(rows[0]["estimate"]) < float(rows[0]["ci_high"])


def test_a_file_may_take_the_answer(run: Run, file: str, tmp_path: Path) -> None:
    target = tmp_path / "answer.json"
    args = ("impact", "analyze", "--panel", file, *PANEL, "--adopted", "adopted")
    done = run(*args, "-o", str(target))
    assert (done.code, done.out) == (0, "")
    assert json.loads(target.read_text())["headline"]


def test_an_estimator_by_any_of_its_names(run: Run, file: str) -> None:
    by = ("--adopted", "adopted", "--design", "rct", "--estimator")
    assert analyzed(run, file, *by, "CUPED")["headline"]["estimator"] == "ancova"
    done = run("impact", "analyze", "--panel", file, *PANEL, *by[:-1], "--estimator", "ancoba")
    assert done.code == 2
    assert "ancova" in done.err


def test_a_window_narrows_the_periods(run: Run, file: str) -> None:
    by = ("--adopted", "adopted", "--from", "2026-01-19", "--to", "2026-06-29")
    assert analyzed(run, file, *by)["n"]["periods"] == 24


def test_stdin_parquet_and_semicolons_say_the_same(
    run: Run, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandas as pd

    wanted = analyzed(run, file, "--adopted", "adopted")
    table = pd.read_csv(file)
    table["adopted"] = pd.to_datetime(table["adopted"]).dt.date
    table.to_parquet(tmp_path / "weeks.parquet")
    text = Path(file).read_text()
    (tmp_path / "weeks.csv").write_text(text.replace(",", ";"), encoding="utf-8-sig")
    for name in ("weeks.parquet", "weeks.csv"):
        assert analyzed(run, str(tmp_path / name), "--adopted", "adopted") == wanted

    class Piped:
        buffer = io.BytesIO(text.encode())

    monkeypatch.setattr(sys, "stdin", Piped)
    assert analyzed(run, "-", "--adopted", "adopted") == wanted


def test_the_same_bytes_whatever_the_hash_seed(file: str) -> None:
    command = [sys.executable, "-m", "steelyard", "impact", "analyze", "--panel", file, *PANEL]
    command += ["--adopted", "adopted", "--design", "rct", "--format", "json"]
    found = {
        subprocess.run(
            command,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_tasks_need_blocks_or_stay_an_association(run: Run, tmp_path: Path) -> None:
    rows = [
        {"who": f"d{n % 8}", "ai": n // 8 % 2, "forecast": 30 + n % 5, "minutes": 40 + n * 7 % 31}
        for n in range(96)
    ]
    tasks = write_rows(tmp_path / "tasks.csv", rows)
    base = ("impact", "analyze", "--panel", tasks, "--outcome", "minutes", "--treated", "ai")
    base += ("--covariates", "forecast", "--kind", "duration", "--format", "json")
    drawn = json.loads(run(*base, "--block", "who").out)
    assert drawn["headline"]["estimator"] == "log_duration"
    assert drawn["design"] == "rct"
    loose = json.loads(run(*base).out)
    assert loose["verdict"]["code"] == "not_identified"
    assert "association" in loose["verdict"]["sentence"]


def test_charts_are_written(run: Run, file: str, tmp_path: Path) -> None:
    args = ("impact", "analyze", "--panel", file, *PANEL, "--adopted", "adopted")
    done = run(*args, "--design", "rct", "--charts", str(tmp_path / "charts"))
    assert done.code == 0
    drawn = {each.name for each in (tmp_path / "charts").iterdir()}
    assert {"estimates.svg", "counterfactual.svg"} <= drawn
    assert (tmp_path / "charts" / "estimates.svg").read_bytes().startswith(b"<svg")


def test_power_of_a_panel(run: Run, file: str) -> None:
    sizes = ("--n-treated", "20", "--n-control", "20", "--weeks-before", "8", "--weeks-after", "6")
    args = ("impact", "power", "--panel", file, *PANEL[:-2], *sizes, "--effect-pct", "20")
    said = json.loads(run(*args, "--format", "json").out)
    assert set(said) >= {"n", "asked", "mde_pct", "power", "effect_pct", "false_alarms", "curve"}
    assert 0 <= said["power"] <= 1
    assert said["effect_pct"] == 20
    assert len(said["curve"]) > 4
    text = run(*args)
    assert text.out.startswith("20 treated and 20 control devs over 8+6 weeks detect")
    assert json.loads(run(*args, "--no-curve", "--format", "json").out)["curve"] == []
    short = run(*args[:4], *PANEL[:-2], "--weeks-before", "52", "--format", "json")
    assert short.code == 0
    assert json.loads(short.out)["verdict"]["code"] == "refused"


def test_match_of_a_table_and_of_a_panel(run: Run, file: str, tmp_path: Path) -> None:
    rows = [
        {"id": n, "ai": int(n < 20), "age": 30 + n * 7 % 11, "race": "ab"[n % 2], "pay": n % 9 + 5}
        for n in range(80)
    ]
    table = write_rows(tmp_path / "people.csv", rows)
    args = ("impact", "match", "--panel", table, "--treated", "ai", "--covariates", "age")
    args += ("--exact", "race", "--outcome", "pay", "--kind", "amount", "--caliper", "0.2")
    said = json.loads(run(*args, "--unit", "id", "--format", "json").out)
    assert said["n"]["pairs"] == 20
    assert said["balance"][0]["covariate"] == "age"
    assert {row["cell"] for row in said["pairs"]} == {"race=a", "race=b"}
    assert "lines" not in run(*args).out  # a table without --unit has its lines as units
    panel = run(
        *("impact", "match", "--panel", file, *PANEL[:-2], "--adopted", "adopted"),
        *("--exact", "level", "--caliper", "none", "--format", "json"),
    )
    assert json.loads(panel.out)["coverage"] > 0.5


def test_sensitivity_of_a_panel_and_of_published_effects(
    run: Run, file: str, tmp_path: Path
) -> None:
    args = ("impact", "sensitivity", "--panel", file, *PANEL, "--adopted", "adopted")
    said = json.loads(run(*args, "--m", "0,0.01", "--format", "json").out)
    assert [row["m"] for row in said["smoothness"]["intervals"]] == [0, 0.01]
    assert said["headline"]["estimator"]
    effects = [{"time": t, "effect": e} for t, e in ((1, 0.3), (-3, 0.01), (0, 0.2), (-2, -0.01))]
    one = write_rows(tmp_path / "effects.csv", [*effects, {"time": -1, "effect": 0}])
    lines = "\n".join(",".join("0.01" if i == j else "0" for j in range(5)) for i in range(5))
    (tmp_path / "sigma.csv").write_text(lines)
    shape = ("impact", "sensitivity", "--event-study", one, "--format", "json")
    known = json.loads(run(*shape, "--covariance", str(tmp_path / "sigma.csv")).out)
    assert known["smoothness"]["estimate"] == pytest.approx(0.25)
    assert known["smoothness"]["steps_before"] == 2
    missing = run(*shape)
    assert missing.code == 2
    assert "se" in json.loads(missing.err)["error"]["message"]


def test_pool_of_a_table_and_of_analyses(run: Run, file: str, tmp_path: Path) -> None:
    rows = [{"site": f"s{n}", "b": 0.1 * n, "err": 0.1 + 0.01 * n} for n in range(4)]
    table = write_rows(tmp_path / "studies.csv", rows)
    columns = ("--estimate", "b", "--se", "err", "--study", "site")
    said = json.loads(run("impact", "pool", table, *columns, "--format", "json").out)
    assert said["k"] == 4
    assert [each["name"] for each in said["studies"]] == ["s0", "s1", "s2", "s3"]
    names = []
    for n in range(2):
        names.append(str(tmp_path / f"study{n}.json"))
        done = run(
            *("impact", "analyze", "--panel", file, *PANEL, "--adopted", "adopted"),
            *("--design", "rct", "-o", names[-1], "--seed", str(n)),
        )
        assert done.code == 0
    pooled = json.loads(run("impact", "pool", *names, "--format", "json").out)
    assert pooled["k"] == 2
    assert run("impact", "pool", table, "--estimate", "b").code == 2


def test_roi_of_a_stated_effect_and_of_an_analysis(run: Run, file: str, tmp_path: Path) -> None:
    base = ("impact", "roi", "--people", "40", "--weeks", "26", "--hours", "30", "--rate", "95")
    base += ("--spend", "30000..50000", "--seats", "12000", "--realisation", "0.3..0.7")
    said = json.loads(
        run(*base, "--effect-pct", "8", "--effect-ci", "-2,19", "--format", "json").out
    )
    assert set(said) >= {"roi", "payback_weeks", "p_loss", "value", "cost", "tornado", "verdict"}
    assert 0 < said["p_loss"] < 1
    assert {each["name"] for each in said["assumptions"]} >= {"people", "rate", "realisation"}
    study = tmp_path / "study.json"
    panel = ("impact", "analyze", "--panel", file, *PANEL, "--adopted", "adopted")
    run(*panel, "--design", "rct", "-o", str(study))
    valued = run(*base, "--analysis", str(study))
    assert valued.code == 0
    assert "return on full cost" in valued.out
    assert "Evidence: randomised." in valued.out
    assert run(*base).code == 2
    assert run("impact", "roi", "--weeks", "26", "--effect-pct", "8").code == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--unit", "nobody", "--time", "week", "--adopted", "adopted"), "no column called"),
        (("--unit", "dev", "--time", "week"), "It is not said who was treated"),
        (("--unit", "dev", "--time", "team", "--adopted", "adopted"), "is no day, week, month"),
        (("--unit", "dev", "--time", "week", "--treated", "adopted"), "neither 0 nor 1"),
        (("--unit", "dev", "--time", "week", "--adopted", "adopted", "--looks", "5/4"), "no look"),
    ],
)
def test_a_bad_panel_says_what_to_do(run: Run, file: str, more: tuple[str, ...], said: str) -> None:
    base = ("impact", "analyze", "--panel", file, "--outcome", "prs_merged", "--format", "json")
    done = run(*base, *more)
    assert (done.code, done.out) == (2, "")
    error = json.loads(done.err)["error"]
    assert said in error["message"]
    assert error["hint"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no header"),
        ("dev,week,n,ai\n", "no rows"),
        ("dev,week,n,ai\na,2026-01-05,1,0\na,2026-01-12,1,0,7\n", "Line 3: 5 cells"),
        ("dev,week,n,ai\na,2026-01-05,1\n", "Line 2: 3 cells"),
        ("dev,week,n,n,ai\na,2026-01-05,1,1,0\n", "Two columns are called 'n'"),
        ("dev,week,n,ai\na,2026-01-05,1,0\n\na,2026-01-12,x,0\n", "Line 4: 'x' in n"),
        ("dev,week,n,ai\na,2026-01-05,1,0\na,2026-01-05,2,0\n", "Line 3"),
    ],
)
def test_bad_files_name_their_line(run: Run, tmp_path: Path, text: str, said: str) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(text)
    columns = ("--unit", "dev", "--time", "week", "--outcome", "n", "--treated", "ai")
    done = run("impact", "analyze", "--panel", str(bad), *columns)
    assert done.code == 2
    assert said in done.err


def test_files_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("dev,größe\n".encode("latin-1"))
    (tmp_path / "fake.parquet").write_bytes(b"PAR1 and nothing more")
    for name in ("nowhere.csv", "latin.csv", "fake.parquet"):
        done = run("impact", "analyze", "--panel", str(tmp_path / name), *PANEL)
        assert done.code == 2, name
        assert done.err.startswith("Error: "), name
    assert run("impact", "analyze").code == 2


def test_too_many_rows_are_refused(run: Run, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steelyard.cli.panel_file.ROWS_MAX", 100)
    done = run("impact", "analyze", "--panel", file, *PANEL, "--adopted", "adopted")
    assert done.code == 2
    assert "more than 100 rows" in done.err


def test_an_outcome_with_fractions_is_an_amount(run: Run, tmp_path: Path) -> None:
    rows = [f"d{u},{t},{u + t / 2},{int(t > 5 and u % 2)}" for u in range(8) for t in range(12)]
    file = tmp_path / "w.csv"
    file.write_text("\n".join(["dev,week,spend,on", *rows]) + "\n")
    columns = ("--unit", "dev", "--time", "week", "--outcome", "spend", "--treated", "on")
    said = run("impact", "analyze", "--panel", str(file), *columns, "--design", "rct")
    assert "spend has fractions and is read as an amount" in said.err
