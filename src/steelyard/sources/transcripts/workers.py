"""Several files at once in worker processes, in order, with few of them ahead of the reader.

Workers are started only for much data: starting them costs more than a few files do.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

from steelyard.sources.transcripts.file import Content, read_file

PAYS_OFF = 64 << 20  # bytes
MOST_WORKERS = 4
AHEAD = 8  # files per worker that may wait to be taken


def read_all(files: Sequence[Path], size: int, workers: int | None) -> Iterator[Content]:
    """The content of each file in the order given; `size` is all their bytes."""
    if workers is None:
        workers = min(os.cpu_count() or 1, MOST_WORKERS) if size >= PAYS_OFF else 0
    if workers < 2 or len(files) < 2:
        yield from map(read_file, files)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from _in_order(pool, files, workers * AHEAD)


def _in_order(pool: ProcessPoolExecutor, files: Sequence[Path], ahead: int) -> Iterator[Content]:
    waiting: deque[Future[Content]] = deque()
    for file in files:
        waiting.append(pool.submit(read_file, file))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
