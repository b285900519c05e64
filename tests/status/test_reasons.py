"""Why a record failed, from the end of its log and from what its executor knew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from snakemake_looper.status.journal import Death
from snakemake_looper.status.reasons import (
    SILENT,
    Reason,
    ending,
    explain,
    remedy,
    stale_locks,
    tail,
)

KILLED = "killed by SIGKILL (out of memory, or by somebody)"


def log(folder: Path, content: bytes) -> Path:
    (folder / "log").write_bytes(content)
    return folder / "log"


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", ()),
        (b"one\n", ("one",)),
        (b"one\ntwo", ("one", "two")),
        (b"1\n2\n3\n4\n5\n6\n", ("2", "3", "4", "5", "6")),
        (b"a\n\nb\n", ("a", "", "b")),
        (b"10%\r50%\r100%\r\ndone\n", ("100%", "done")),
        (b"\x1b[31mred\x1b[0m \x1b]0;title\x07\x00\n", ("red ]0;title",)),
        (b"caf\xc3\xa9 \xff\n", ("café �",)),
        (b"x" * 5000 + b"\nlast\n", ("last",)),
        (b"x" * 5000, ("x" * 4096,)),
    ],
)
def test_tail_of_a_log(tmp_path: Path, content: bytes, lines: tuple[str, ...]) -> None:
    assert tail(log(tmp_path, content)) == lines


def test_no_log_has_no_tail(tmp_path: Path) -> None:
    assert tail(tmp_path / "none") == ()
    assert tail(tmp_path) == ()
    os.mkfifo(tmp_path / "pipe")
    assert tail(tmp_path / "pipe") == (), "nobody waits for a pipe"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("the command exited with 3", Reason("exit code 3", 3)),
        ("the command was killed by SIGKILL", Reason(KILLED, None, "SIGKILL")),
        ("the command was killed by SIGSEGV", Reason("killed by SIGSEGV", None, "SIGSEGV")),
        ("interrupted by SIGTERM", Reason("interrupted by SIGTERM", None, "SIGTERM")),
        ("interrupted by SIGHUP", Reason("interrupted by SIGHUP", None, "SIGHUP")),
        (
            "the job's shell was killed by SIGUSR1",
            Reason("its shell was killed by SIGUSR1", None, "SIGUSR1"),
        ),
        (
            "the job's shell was killed by a real-time signal",
            Reason("its shell was killed by a real-time signal"),
        ),
        (
            "the job's shell ended before its last line, as by a signal",
            Reason("its shell ended before its last line, as by a signal"),
        ),
        (
            "the command exited with 0, but its status could not be set",
            Reason("exit code 0, but its status could not be set", 0),
        ),
        ("/f/a b.flag is not a file; remove it", Reason("/f/a b.flag is not a file; remove it")),
        (
            "the command exited with 0, but set its status to partial",
            Reason("exit code 0, but it set its status to partial", 0),
        ),
        ("the command exited with 3 apples", Reason()),
        ("anything else", Reason()),
    ],
)
def test_reason_from_the_last_line_of_a_log(line: str, reason: Reason) -> None:
    assert ending(("output", line)) == reason
    assert ending((line, "one line of a process in the background")) == reason
    assert ending((line, "more", "and more")) == Reason()


def death(reason: str = "", code: int | None = None, signal: str = "") -> Death:
    return Death("failed", 0.0, None, reason, code, signal)


@pytest.mark.parametrize(
    ("known", "line", "reason"),
    [
        (None, "", Reason(SILENT)),
        (None, "the command exited with 3", Reason("exit code 3", 3)),
        (death(), "", Reason(SILENT)),
        (death(code=3), "", Reason("exit code 3", 3)),
        (death(signal="SIGKILL"), "", Reason(KILLED, None, "SIGKILL")),
        (death(code=1), "the command exited with 3", Reason("exit code 3", 3)),
        (death("wall time exceeded"), "", Reason("wall time exceeded")),
        (
            death("wall time exceeded", code=1),
            "interrupted by SIGTERM",
            Reason("wall time exceeded, interrupted by SIGTERM", 1, "SIGTERM"),
        ),
    ],
)
def test_reason_from_journal_and_log(known: Death | None, line: str, reason: Reason) -> None:
    assert explain(known, (line,)) == reason


def test_lock_files_of_pypiper_are_named_with_an_advice(tmp_path: Path) -> None:
    for name in ("lock.aligned__a.bam", "lock.peaks", "unlock.txt", "lock"):
        (tmp_path / name).touch()
    names = stale_locks(tmp_path)
    assert names == ("lock.aligned__a.bam", "lock.peaks")
    assert remedy(tmp_path, names) == (
        f"pypiper left lock.aligned__a.bam, lock.peaks in {tmp_path}: remove them, or run with"
        " --command-extra=--recover; else the pipeline waits for them"
    )
    assert stale_locks(tmp_path / "none") == ()
    assert remedy(tmp_path, ()) == ""
    assert "and 2 more" in remedy(tmp_path, ("a", "b", "c", "d", "e"))


def test_words_of_the_system_in_a_log_are_a_part_of_the_reason() -> None:
    """They name a cause that a user can mend, and are not repeated for jobs that succeed."""
    end = ("OSError: [Errno 28] No space left on device", "the command exited with 1")
    assert explain(None, end) == Reason("exit code 1: No space left on device", 1)
    known = explain(death(code=1), ("tar: x: Disk quota exceeded", "the command exited with 2"))
    assert known == Reason("exit code 2: Disk quota exceeded", 2)
    assert explain(None, ("No space left on device", "")) == Reason(SILENT)
