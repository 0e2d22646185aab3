"""Reading a panel's file: CSV or Parquet, a path or stdin, as columns of text.

Nothing is understood here but the file's form; what the cells mean is checked in `impact`.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Sequence
from csv import reader as csv_reader
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from steelyard.errors import BadFile, BadPanel, UnknownName

if TYPE_CHECKING:
    import pandas as pd

ROWS_MAX = 5_000_000
_SEPARATORS = ",;\t|"
_PARQUET = b"PAR1"


def read_table(file: str, wanted: Iterable[str] = ()) -> pd.DataFrame:
    """The named columns of a CSV or Parquet file, or all, indexed by the file's line numbers.

    `file` is a path, or "-" for stdin. Raises BadFile, BadPanel for rows that do not fit the
    header, and UnknownName for a column that is not there.
    """
    data = _bytes(file)
    names = list(dict.fromkeys(name for name in wanted if name))
    if data[:4] == _PARQUET:
        return _parquet(data, names, file)
    return _csv(data, names, file)


def _bytes(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise BadFile(f"{file} cannot be read: {error.strerror}.", "Name a CSV file.") from None


def _csv(data: bytes, names: Sequence[str], file: str) -> pd.DataFrame:
    """Every cell as text. Rows with too many or too few cells are refused with their line."""
    import pandas as pd
    import pyarrow as pa
    from pyarrow import csv

    head, separator = _head(data, file)
    _known(names, head)
    bad: list[Any] = []

    def refuse(row: Any) -> Literal["error"]:
        bad.append(row)
        return "error"

    try:
        read = csv.read_csv(
            io.BytesIO(data),
            csv.ReadOptions(use_threads=False),
            csv.ParseOptions(
                delimiter=separator,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=refuse,
            ),
            csv.ConvertOptions(
                column_types={name: pa.string() for name in head},
                strings_can_be_null=False,
                include_columns=list(names),
            ),
        )
    except pa.ArrowException as error:
        raise _unreadable(file, bad, error) from None
    _check_size(read.num_rows, file)
    table: pd.DataFrame = read.to_pandas()
    table.index = pd.RangeIndex(2, len(table) + 2)
    return table[(table != "").any(axis=1)]


def _head(data: bytes, file: str) -> tuple[list[str], str]:
    """The names of the columns, and what parts them."""
    try:
        line = data.partition(b"\n")[0].decode("utf-8-sig").rstrip("\r")
    except UnicodeDecodeError:
        raise BadFile(f"{file} is not UTF-8 text.", "Save it as CSV in UTF-8.") from None
    if not line.strip():
        raise BadPanel("The table has no header.", "The first line names the columns.")
    separator = max(_SEPARATORS, key=line.count)
    names = next(csv_reader([line], delimiter=separator))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadPanel(f"Two columns are called {twice[0]!r}.", "Each needs a name of its own.", 1)
    return names, separator


def _unreadable(file: str, bad: Sequence[Any], error: Exception) -> BadPanel | BadFile:
    if bad:
        told = f"{bad[0].actual_columns} cells, but the header has {bad[0].expected_columns}."
        hint = "Every row needs as many cells as the header; put cells with commas in quotes."
        return BadPanel(told, hint, bad[0].number)
    reason = str(error).strip().splitlines()[0].rstrip(".")
    return BadFile(f"{file} cannot be read as CSV: {reason}.", "Save it as CSV in UTF-8.")


def _parquet(data: bytes, names: Sequence[str], file: str) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        opened = pq.ParquetFile(io.BytesIO(data))
        _known(names, opened.schema_arrow.names)
        _check_size(opened.metadata.num_rows, file)
        table: Any = opened.read(list(names) or None).to_pandas()
    except pa.ArrowException as error:
        raise BadFile(f"{file} is no Parquet file that can be read: {error}.") from None
    table = table.reset_index(drop=True)
    table.index = pd.RangeIndex(1, len(table) + 1)
    words = table.select_dtypes(exclude="number").columns
    table[words] = table[words].where(table[words].notna(), "").astype(str)
    found: pd.DataFrame = table
    return found


def _known(names: Iterable[str], columns: Sequence[str]) -> None:
    for name in names:
        if name not in columns:
            raise UnknownName("column", name, columns, f"There are {', '.join(columns)}.")


def _check_size(rows: int, file: str) -> None:
    if rows > ROWS_MAX:
        raise BadPanel(
            f"{file} has more than {ROWS_MAX:,} rows.",
            "Add rows up to one a unit and week first, or take a part of the units.",
        )
