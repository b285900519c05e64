"""Errors of the operating system in our words."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from snakemake_looper.files import content_of, read_text, write_atomic
from snakemake_looper.system_errors import (
    at,
    explained,
    is_of_permission,
    is_of_space,
    probe,
    write_faults,
)


def error(number: int, *path: str) -> OSError:
    return OSError(number, os.strerror(number), *path)


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (error(errno.ENOSPC, "/d/a"), "/d/a: the disk is full; free space on it"),
        (error(errno.ENOSPC), "report: the disk is full; free space on it"),
        (
            error(errno.EDQUOT, "/d/a"),
            "/d/a: your quota on this disk is used up; remove files there, or ask for more",
        ),
        (
            error(errno.EMFILE, "/d/a"),
            "/d/a: too many files are open; raise the limit with 'ulimit -n'",
        ),
        (error(errno.EXDEV, "/d/a"), "/d/a: Invalid cross-device link"),
        (OSError("no number"), "report: no number"),
    ],
)
def test_an_error_in_one_line(fault: OSError, line: str) -> None:
    assert explained(fault, "report") == line


def test_only_some_are_of_permission() -> None:
    numbers = (errno.EACCES, errno.EROFS, errno.ENOSPC, errno.ENOTDIR)
    assert [is_of_permission(error(one)) for one in numbers] == [True, True, False, False]
    assert is_of_space(error(errno.ENOSPC)) and not is_of_space(error(errno.EEXIST))


def test_an_error_gets_the_path_that_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="/d/x") as caught, at(Path("/d/x")):
        raise error(errno.ENOSPC)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, "/d/x")
    with pytest.raises(OSError, match="/d/y"), at(Path("/d/x")):
        raise error(errno.ENOSPC, "/d/y")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_disk_is_named_although_the_system_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("/d/results.yaml")
    real = os.open
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: None)
    monkeypatch.setattr(os, "open", lambda name, flags, *mode: real("/dev/full", os.O_WRONLY))
    with pytest.raises(OSError) as caught:
        write_atomic(path, "x" * 100_000)
    assert explained(caught.value) == "/d/results.yaml: the disk is full; free space on it"


def test_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several folders of one disk are one line; a probe leaves nothing."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    assert write_faults([one, other, tmp_path / "none"]) == []
    probe(one)
    assert list(one.iterdir()) == []

    def refuse(handle: int, data: bytes) -> int:
        raise error(errno.EDQUOT)

    monkeypatch.setattr(os, "write", refuse)
    (line,) = write_faults([one, other])
    assert line.startswith(f"{one}: your quota on this disk is used up")
    assert list(one.iterdir()) == []


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "link to itself", "nothing"])
def test_what_is_no_file_is_not_read(tmp_path: Path, kind: str) -> None:
    """A pipe would be waited for, and a device has no end."""
    path = tmp_path / "x"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind != "nothing":
        path.symlink_to("/dev/zero" if kind == "device" else "x")
    with pytest.raises(OSError, match=str(path)):
        content_of(path)
    assert read_text(path) is None
