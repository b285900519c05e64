"""Resources: from looper's compute settings to Snakemake's threads and resources.

looper passes compute settings to SLURM as they are written. So they have SLURM's spellings. This
module reads them as SLURM does, and translates them into the units of Snakemake's standard
resources: MB for memory, minutes for wall time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

_MEMORY = re.compile(r"^\s*(\d{1,15}(?:\.\d{1,15})?)\s*([KMGT]?)(?:i?B)?\s*$", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_LENGTH_SHOWN = 60
_MB_PER = {"": 1.0, "K": 1 / 1024, "M": 1.0, "G": 1024.0, "T": 1024.0**2}


class UnitError(ValueError):
    """A compute setting has a value that cannot be read as memory, time or a number."""

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key
        """The setting, if it is known."""


def _shown(value: Any) -> str:
    text = str(value)
    return f"'{text}'" if len(text) <= _LENGTH_SHOWN else f"'{text[:_LENGTH_SHOWN]}…'"


def memory_mb(value: Any) -> int:
    """Memory in MB, rounded up, from SLURM's spelling: a bare number is MB, `G` is 1,024 MB.

    Raises:
        UnitError: the value is not a number with a unit of SLURM.
    """
    match = _MEMORY.match(str(value))
    if not match:
        raise UnitError(f"{_shown(value)} is no amount of memory; write MB as in 8000, or 8G")
    return max(1, math.ceil(float(match[1]) * _MB_PER[match[2].upper()]))


def runtime_minutes(value: Any) -> int:
    """Wall time in minutes, rounded up, from SLURM's spelling.

    The spellings are `minutes`, `minutes:seconds`, `hours:minutes:seconds`, `days-hours` and
    `days-hours:minutes[:seconds]` (see the option `--time` of sbatch).

    Raises:
        UnitError: the value has another form.
    """
    text = str(value).strip()
    days, dash, clock = text.rpartition("-")
    numbers = [part.strip() for part in clock.split(":")]
    if not all(map(_NUMBER.fullmatch, [*numbers, days.strip() if dash else "0"])):
        numbers = []
    parts = list(map(int, numbers))
    whole_days = int(days) if dash and parts else 0
    if not 1 <= len(parts) <= 3:
        raise UnitError(f"{_shown(value)} is no wall time; write days-hours:minutes:seconds")
    if dash:
        hours, minutes, seconds = (*parts, 0, 0)[:3]
    elif len(parts) == 3:
        hours, minutes, seconds = parts
    else:
        hours = 0
        minutes, seconds = (*parts, 0)[:2]
    return math.ceil(whole_days * 1440 + hours * 60 + minutes + seconds / 60)


def threads_of(value: Any) -> int:
    """The number of cores.

    Raises:
        UnitError: the value is not a whole number above 0.
    """
    text = str(value).strip()
    if not _NUMBER.fullmatch(text) or int(text) < 1:
        raise UnitError(f"{_shown(value)} is no number of cores; write a whole number above 0")
    return int(text)


_TRANSLATIONS: Mapping[str, tuple[str, Callable[[Any], int | str]]] = {
    "cores": ("threads", threads_of),
    "mem": ("mem_mb", memory_mb),
    "time": ("runtime", runtime_minutes),
    "partition": ("slurm_partition", str),
    "account": ("slurm_account", str),
}


SETTINGS = tuple(_TRANSLATIONS)
"""The compute settings that become threads and resources."""


def to_snakemake(compute: Mapping[str, Any]) -> tuple[int, dict[str, int | str]]:
    """The threads and the Snakemake resources of a job's compute settings.

    `cores` becomes threads, `mem` mem_mb (MB), `time` runtime (minutes), `partition`
    slurm_partition, and `account` slurm_account. Other keys are for templates only.

    Raises:
        UnitError: a value cannot be read.
    """
    resources: dict[str, int | str] = {}
    for key, value in compute.items():
        if key not in _TRANSLATIONS:
            continue
        name, number = _translated(key, str(value) if value is not None else "")
        if number is not None:
            resources[name] = number
    threads = int(resources.pop("threads", 1))
    return threads, resources


@lru_cache(maxsize=1024)
def _translated(key: str, text: str) -> tuple[str, int | str | None]:
    """One setting as a resource of Snakemake: its name, and its value or None.

    It is cached, because most samples have the same settings.
    """
    name, read = _TRANSLATIONS[key]
    if text.strip().lower() in ("", "nan"):
        return name, None
    try:
        return name, read(text)
    except UnitError as error:
        raise UnitError(str(error), key) from None


def faults_of(compute: Mapping[str, Any]) -> list[UnitError]:
    """A fault for each value that `to_snakemake` cannot read."""
    found = []
    for key, value in compute.items():
        try:
            to_snakemake({key: value})
        except UnitError as error:
            found.append(error)
    return found
