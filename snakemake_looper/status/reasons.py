"""Why a record failed: from the end of its log, and from the journal of its run.

The shell of a job (`workflow/scripts/job.sh`) ends the log of a failed command with a line that
says how the command ended. A killed shell writes no such line. The run's journal may then have
the cluster's reason (time limit, out of memory), or the signal that killed the shell.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .journal import Death

# Words of the system in a log, in any language's message about an error.
_OF_THE_SYSTEM = re.compile(
    r"No space left on device|Disk quota exceeded|Read-only file system|Too many open files"
    r"|File too large|Cannot allocate memory|Argument list too long|Stale file handle"
)
TAIL_LINES = 5
"""The number of last lines of a log that are shown."""
_TAIL_BYTES = 4096
_ENDINGS = (
    (re.compile(r"the command exited with (?P<code>\d+)$"), "exit code {code}"),
    (
        re.compile(r"the command was killed by (?P<signal>SIG[A-Z0-9]+)$"),
        "killed by {signal}",
    ),
    (re.compile(r"interrupted by (?P<signal>SIG[A-Z0-9]+)$"), "interrupted by {signal}"),
    (
        re.compile(r"the job's shell was killed by (?P<signal>SIG[A-Z0-9]+)$"),
        "its shell was killed by {signal}",
    ),
    (
        re.compile(r"the job's shell was killed by (?P<word>a real-time signal)$"),
        "its shell was killed by {word}",
    ),
    (
        re.compile(r"the job's shell ended before its last line, as by a signal$"),
        "its shell ended before its last line, as by a signal",
    ),
    (
        re.compile(r"the command exited with (?P<code>0), but its status could not be set$"),
        "exit code 0, but its status could not be set",
    ),
    (
        re.compile(r"the command exited with (?P<code>0), but its outputs are missing: .+$"),
        "exit code {code}, but its outputs are missing",
    ),
    (re.compile(r"(?P<word>.+ is not a file; remove it)$"), "{word}"),
    (
        re.compile(r"the command exited with (?P<code>0), but set its status to (?P<word>\w+)$"),
        "exit code 0, but it set its status to {word}",
    ),
)
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
_BY_WHOM = {"SIGKILL": " (out of memory, or by somebody)"}
# SLURM writes one of these into a job's output. Without accounting, the job's state says `FAILED`.
_OUT_OF_MEMORY = re.compile(rb"[Ee]xceeded (?:job |step )?memory limit|oom[-_]kill|OOM Killed")
SILENT = "ended without an exit code: it was killed, or the machine went down"
"""The reason of a job that neither its log nor the journal explains."""


class Reason(NamedTuple):
    """How a job ended. A field is empty if neither the log nor the journal has the fact."""

    text: str = ""
    exit_code: int | None = None
    signal: str = ""


def tail(log: Path, lines: int = TAIL_LINES) -> tuple[str, ...]:
    """The last lines of a log without control characters; none if there is no log."""
    return last_lines(log)[-lines:]


def last_lines(log: Path, size: int = _TAIL_BYTES) -> tuple[str, ...]:
    """The lines in the last bytes of a log, without control characters; none if there is no log.

    A progress bar writes a line over and over. Only its last state is returned.
    """
    content, is_cut = _last_bytes(log, size)
    text = content.decode(errors="replace")
    found = [line.rstrip("\r").rpartition("\r")[2] for line in text.rstrip("\n").split("\n")]
    if is_cut and len(found) > 1:
        found = found[1:]  # the beginning of this line is missing
    return tuple(_CONTROL.sub("", line) for line in found) if text else ()


def says_out_of_memory(log: Path) -> bool:
    """Whether SLURM reports in a job's log that the job exceeded its memory."""
    return _OUT_OF_MEMORY.search(_last_bytes(log)[0]) is not None


def _last_bytes(log: Path, most: int = _TAIL_BYTES) -> tuple[bytes, bool]:
    """The last bytes of a file, and whether the file has more; no bytes if there is no file."""
    try:
        # Without O_NONBLOCK, opening a pipe in the place of a log would wait for a writer.
        with open(os.open(log, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - most))
            return file.read(most), size > most
    except OSError:
        return b"", False


def ending(last_lines: Sequence[str]) -> Reason:
    """The reason that the shell of a job wrote at the end of the log; empty if it wrote none."""
    for line in reversed(last_lines[-2:]):
        for pattern, text in _ENDINGS:
            match = pattern.fullmatch(line)
            if match:
                groups = match.groupdict()
                code, signal = groups.get("code"), groups.get("signal") or ""
                return Reason(
                    text.format(**groups) + _BY_WHOM.get(signal, ""),
                    None if code is None else int(code),
                    signal,
                )
    return Reason()


def explain(death: Death | None, last_lines: Sequence[str]) -> Reason:
    """The reason from both sources: the run's journal, and the end of the log."""
    said = ending(last_lines)
    system = next(filter(None, map(_OF_THE_SYSTEM.search, last_lines)), None)
    if system and said.exit_code:
        said = said._replace(text=f"{said.text}: {system[0]}")
    if death is None:
        return said if said.text else Reason(SILENT)
    code = said.exit_code if said.exit_code is not None else death.exit_code
    signal = said.signal or death.signal
    if death.reason:
        text = f"{death.reason}, {said.text}" if said.text else death.reason
    else:
        text = said.text or _ended_with(code, signal)
    return Reason(text, code, signal)


def _ended_with(code: int | None, signal: str) -> str:
    if signal:
        return f"killed by {signal}{_BY_WHOM.get(signal, '')}"
    return SILENT if code is None else f"exit code {code}"


def stale_locks(folder: Path) -> tuple[str, ...]:
    """Lock files that pypiper left in a sample's folder. The next pipeline waits for them."""
    try:
        return tuple(sorted(name for name in os.listdir(folder) if name.startswith("lock.")))
    except OSError:
        return ()


def remedy(folder: Path, names: Sequence[str]) -> str:
    """The advice about lock files that pypiper left; empty if there are none."""
    if not names:
        return ""
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return (
        f"pypiper left {shown} in {folder}: remove them, or run with --command-extra=--recover;"
        " else the pipeline waits for them"
    )
