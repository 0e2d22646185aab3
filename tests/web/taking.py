"""Takes every file that a page offers, as a reader who clicks all of them would."""

from __future__ import annotations

import io
import re
from collections import Counter
from html import unescape

import pyarrow.parquet as pq
from starlette.testclient import TestClient

LINK = re.compile(
    r'<a href="([^"]+)"(?: download)?>(CSV|Parquet|JSON|Picture \(SVG\)|Picture \(PNG\))</a>'
)


def take_all(client: TestClient, html: str) -> Counter[str]:
    """How many of each kind there are; fails at the first that is not what it says."""
    taken: Counter[str] = Counter()
    for address, kind in LINK.findall(html):
        answer = client.get(unescape(address))
        assert answer.status_code == 200, f"{address}: {answer.text[:300]}"
        if kind == "CSV":
            assert len(answer.text.splitlines()) > 1, address
        elif kind == "Parquet":
            assert pq.read_table(io.BytesIO(answer.content)).num_rows, address
        elif kind == "JSON":
            assert answer.json(), address
        elif kind == "Picture (SVG)":
            assert answer.text.startswith("<svg") and "<path" in answer.text, address
        else:
            assert answer.content.startswith(b"\x89PNG"), address
        taken[kind] += 1
    return taken
