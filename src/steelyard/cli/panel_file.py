"""Reading a panel's file: CSV or Parquet, a path or stdin, as columns of text.

Nothing is understood here but the file's form; what the cells mean is checked in `impact`.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    import pandas as pd

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFile(f"{file} is not UTF-8 text.", "Save it as CSV in UTF-8.") from None
    head = text.partition("\n")[0].rstrip("\r")
    if not head.strip():
        raise BadPanel("The table has no header.", "The first line names the columns.")
    separator = max(_SEPARATORS, key=head.count)
    columns = [str(name) for name in pd.read_csv(io.StringIO(head), sep=separator).columns]
    _known(names, columns)
    try:
        table = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            dtype=str,
            keep_default_na=False,
            na_filter=False,
            skip_blank_lines=False,
            usecols=list(names) or None,
            index_col=False,
            nrows=ROWS_MAX + 1,
        )
    except (pd.errors.ParserError, ValueError) as error:
        raise BadPanel(
            f"{file} cannot be read as CSV: {_reason(error)}.",
            "Every row needs as many cells as the header; put cells with commas in quotes.",
        ) from None
    _check_size(len(table), file)
    table.index = pd.RangeIndex(2, len(table) + 2)
    return table[(table != "").any(axis=1)]


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


def _reason(error: Exception) -> str:
    text = str(error).strip().splitlines()[0].rstrip(".")
    return text.removeprefix("Error tokenizing data. C error: ").strip()
