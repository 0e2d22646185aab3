from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run


def test_a_secret_from_a_file_is_never_printed_and_good_once(run: Run, tmp_path: Path) -> None:
    secret = "sty_0123456789abcdef0123456789abcdef"
    file = tmp_path / "secret"
    file.write_text(secret + "\n")
    for _ in range(2):
        done = run("token", "create", "collector", "--secret-file", str(file))
        assert done.code == 0 and secret not in done.out + done.err
    [token] = json.loads(run("token", "list", "--format", "json").out)
    assert (token["name"], token["scopes"]) == ("collector", ["ingest"])
    for text in ("", "sty_guess"):
        file.write_text(text)
        assert run("token", "create", "x", "--secret-file", str(file)).code == 2
    assert run("token", "create", "x", "--secret-file", str(tmp_path / "none")).code == 2
