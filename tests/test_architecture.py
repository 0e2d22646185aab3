"""The house rules that a program can check: layers, sizes, and what `--help` may import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "src" / "steelyard").rglob("*.py"))
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
HEAVY = ["duckdb", "pyarrow", "numpy", "pandas", "sqlalchemy", "grpc", "fastapi", "altair", "rich"]


def test_data_flows_one_way() -> None:
    from importlinter.cli import lint_imports

    assert lint_imports(str(ROOT / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT / "src")))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_FILE_LINES
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= MAX_FUNCTION_LINES
    ]
    assert long == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT / "src")))
def test_a_module_says_what_it_is_for(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert not tree.body or ast.get_docstring(tree), "a module begins with a docstring"


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "--help"], ["import", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; from steelyard.cli.main import main;"
        f" code = main({arguments!r});"
        f" heavy = [name for name in {HEAVY!r} if name in sys.modules];"
        " sys.exit(f'help imports {heavy}' if heavy else code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Usage: steelyard" in done.stdout
