"""Facts about this machine and its processes, from /proc."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def facts() -> str:
    """One line that belongs beside every figure."""
    cpu = next(
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    load = Path("/proc/loadavg").read_text().split()[0]
    return f"{os.cpu_count()} × {cpu}, {memory:.0f} GiB, load {load}"


def cpu_seconds(pid: int) -> dict[int, float]:
    """User and system time of a process and of all that it started, by process."""
    used = {pid: own_seconds(pid)}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        used |= cpu_seconds(int(child))
    for task in Path(f"/proc/{pid}/task").iterdir():  # a thread's children are its own
        if task.name != str(pid):
            for child in (task / "children").read_text().split():
                used |= cpu_seconds(int(child))
    return used


def peak_bytes(pid: int) -> int:
    """The largest resident memory a process has had."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0


def folder_bytes(folder: Path, pattern: str = "*") -> int:
    return sum(file.stat().st_size for file in folder.glob(pattern) if file.is_file())


def own_seconds(pid: int) -> float:
    """User and system time of one process, its threads' among it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / TICKS  # without children: they are counted themselves
