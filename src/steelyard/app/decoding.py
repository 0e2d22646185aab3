"""Decoding in other processes: Python's decode needs a core of its own.

A body that brings a worker down is found and reported like any that cannot be read.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Iterable, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from threading import Thread

import pyarrow as pa

from steelyard.receiver.body import Body
from steelyard.receiver.decode import Decoded, decode


class Decoders:
    """`workers` processes that decode; with 0, the calling thread does."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    @property
    def ahead(self) -> int:
        """How many batches are worth having under way."""
        return max(1, 2 * self._workers)

    def submit(self, bodies: Sequence[Body]) -> Future[Decoded]:
        if not self._workers:
            return _at_once(bodies)
        try:
            return self._executor().submit(decode, bodies)
        except BrokenProcessPool:
            self.close()
            return self._executor().submit(decode, bodies)

    def result(self, future: Future[Decoded], bodies: Sequence[Body]) -> Decoded:
        """The outcome; when decoding failed as a whole, by halves until the culprit is known."""
        try:
            return future.result()
        except (BrokenProcessPool, CancelledError):
            self.close()
            if len(bodies) <= 1:
                return self._alone(bodies)
        except Exception as failure:
            if len(bodies) <= 1:
                return _failed(bodies, f"{type(failure).__name__}: {failure}")
        half = len(bodies) // 2
        return _together(
            self.result(self.submit(part), part) for part in (bodies[:half], bodies[half:])
        )

    def _alone(self, bodies: Sequence[Body]) -> Decoded:
        """A body is to blame only when a fresh worker dies of it too: others may have been killed
        for want of memory, or by hand."""
        try:
            return self.submit(bodies).result()
        except BrokenProcessPool:
            self.close()
            return _failed(bodies, "the decoder crashed on this body")
        except Exception as failure:
            return _failed(bodies, f"{type(failure).__name__}: {failure}")

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def _executor(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(
                self._workers, mp_context=context, initializer=_begin_worker
            )
        return self._pool


def _failed(bodies: Sequence[Body], error: str) -> Decoded:
    return Decoded({}, tuple((body.number, error[:500]) for body in bodies))


def _at_once(bodies: Sequence[Body]) -> Future[Decoded]:
    done: Future[Decoded] = Future()
    try:
        done.set_result(decode(bodies))
    except Exception as error:
        done.set_exception(error)
    return done


def _begin_worker() -> None:
    """Rows are lists without cycles: looking for cycles as often as usual costs a tenth of the
    time. And a worker whose server was killed must not stay behind."""
    gc.set_threshold(200_000, 50, 50)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the server ends us
    end_with_parent()


def end_with_parent() -> None:
    """End this process when the one that started it is gone, however that happened."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _together(parts: Iterable[Decoded]) -> Decoded:
    tables: dict[str, list[pa.Table]] = {}
    failures: list[tuple[int, str]] = []
    for part in parts:
        failures.extend(part.failures)
        for name, table in part.tables.items():
            tables.setdefault(name, []).append(table)
    return Decoded({n: pa.concat_tables(ts) for n, ts in tables.items()}, tuple(failures))
