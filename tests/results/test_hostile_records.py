"""Record files of every kind that is none: each costs its own record, and its message names it."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.earlier import PLACES, PlayedProject, jobs_of, set_says
from support.projects import edit
from support.tables import table_text

from snakemake_looper.results import results_file
from snakemake_looper.results.earlier import SetAsideError
from snakemake_looper.results.publish import publish_all
from snakemake_looper.results.records import read_results
from snakemake_looper.results.report.report import write_report
from snakemake_looper.results.results_file import ResultsFileError, load_record
from snakemake_looper.results.table_formats import FORMATS
from snakemake_looper.results.yaml_text import parse_yaml

ENDLESS = "has anchors that refer to themselves, or multiply without end"
VALUE = "has a value that cannot be read"
DEEP = "is nested more than 100 levels deep"


def values(text: str) -> bytes:
    """A record file with these values."""
    return f"count:\n  sample:\n    b: {text}\n".encode()


def bomb(link: str) -> bytes:
    """Each line stands for twelve times the values of the one before."""
    lines = (
        f"{new}: &{new} {{{link}: [{','.join([f'*{old}'] * 12)}], {new}x: 1}}\n"
        for old, new in itertools.pairwise("abcdefgh")
    )
    return b"a: &a {x: 1}\n" + "".join(lines).encode() + values("{n: 1}")


CONTENTS: Mapping[str, tuple[bytes, str]] = {
    "empty": (b"", " is empty"),
    "blank": (b" \n\n", " is empty"),
    "null": (b"null\n", " is empty"),
    "cut": (b"count:\n  sample:\n    b: {n: 'x", "3: is not valid YAML"),
    "two documents": (b"a: 1\n---\nb: 2\n", "2: is not valid YAML"),
    "binary": (b"\x00\x01\x02", "1: is no text in UTF-8"),
    "Latin-1": (b"a: 1\nb: 'caf\xe9'\n", "2: is no text in UTF-8"),
    "a list": (b"- count\n", " is no results file: it has no pipeline's name at its top"),
    "a long number": (values("{n: " + "9" * 5000 + "}"), f"3: {VALUE}"),
    "a long hexadecimal number": (values("{n: 0x" + "f" * 5000 + "}"), f"3: {VALUE}"),
    "no date": (values("{n: 2024-99-99}"), f"3: {VALUE}"),
    "no number": (values("{n: !!int x}"), f"3: {VALUE}"),
    "no number at all": (values("{n: !!int ''}"), f"3: {VALUE}"),
    "no truth": (values("{n: !!bool x}"), f"3: {VALUE}"),
    "no time": (values("{n: !!timestamp x}"), f"3: {VALUE}"),
    "a list as key": (values("{? [a] : 1}"), f"3: {VALUE}"),
    "an object of Python": (values("{n: !!python/object:os.system {}}"), f"3: {VALUE}"),
    "a circle": (values("&x {n: *x}"), f"3: {ENDLESS}"),
    "a circle of merges": (values("&x {<<: *x}"), f"3: {ENDLESS}"),
    "a bomb": (bomb("y"), f" {ENDLESS}"),
    "a bomb of merges": (bomb("<<"), f" {ENDLESS}"),
    "deep": (values("{n: " + "[" * 150 + "]" * 150 + "}"), f" {DEEP}"),
    "deeper": (values("{n: " + "[" * 5000 + "]" * 5000 + "}"), f"3: {DEEP}"),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_contents(kind: str, tmp_path: Path) -> None:
    content, said = CONTENTS[kind]
    path = tmp_path / "b.yaml"
    path.write_bytes(content)
    with pytest.raises(ResultsFileError) as caught:
        load_record(path)
    assert caught.value.fault == f"{path}:{said}"


def make_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path has to be short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


NO_FILES: Mapping[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (os.mkfifo, "is a pipe, not a file"),
    "folder": (Path.mkdir, "is a folder, not a file"),
    "socket": (make_socket, "is a socket, not a file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "is a device, not a file"),
    "nowhere": (
        lambda path: path.symlink_to("nowhere"),
        "is a link to a file that is not there",
    ),
    "circle": (
        lambda path: path.symlink_to(path.name),
        "cannot be read (Too many levels of symbolic links)",
    ),
}


@pytest.mark.parametrize("kind", NO_FILES)
def test_no_files(kind: str, tmp_path: Path) -> None:
    make, said = NO_FILES[kind]
    make(tmp_path / "b.yaml")
    with pytest.raises(ResultsFileError) as caught:
        load_record(tmp_path / "b.yaml")
    assert caught.value.fault == f"{tmp_path}/b.yaml: {said}"


def test_a_file_that_nobody_may_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "b.yaml").write_text("count: {}")
    monkeypatch.setattr(results_file, "open", refuse, raising=False)
    with pytest.raises(ResultsFileError) as caught:
        load_record(tmp_path / "b.yaml")
    assert caught.value.fault == f"{tmp_path}/b.yaml: cannot be read (Permission denied)"


def test_a_record_file_has_a_largest_size(tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    path.write_text("count: {}\n")
    os.truncate(path, 36_400_000)
    with pytest.raises(ResultsFileError) as caught:
        load_record(path)
    assert caught.value.fault == f"{path}: has 36 MB, and the file of a record may have 10 MB"


def test_locks_are_empty_and_no_records(tmp_path: Path) -> None:
    for name in ("lock.b.yaml", "lock-write-b.yaml"):
        (tmp_path / name).touch()
        assert load_record(tmp_path / name) == {}


def test_aliases_and_large_files_are_no_fault() -> None:
    """A star in a large text is no alias, and an alias is no bomb."""
    assert parse_yaml(b"a: &x [1]\nb: *x\nc: {<<: &y {k: 1}, l: *x}\n") == {
        "a": [1],
        "b": [1],
        "c": {"k": 1, "l": [1]},
    }
    many = "a: 'a*b'\nb: [" + "1, " * (results_file.MOST_OF_A_RECORD // 40) + "2]\n"
    assert len(parse_yaml(many.encode())["b"]) > 200_000


@pytest.mark.parametrize("place", ["file", "records"])
def test_all_of_them_in_one_project(
    count: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(count / ".looper.yaml", "results_file_path: all.yaml", PLACES[place])
    bad = {f"x{number}": kind for number, kind in enumerate([*CONTENTS, *NO_FILES])}
    set_says(count, a="n=1", **dict.fromkeys(bad, ""), z="n=3")
    PlayedProject(count).run(a="n=1", z="n=3")
    folder = count / "out/count/all_records" if place == "file" else count / "out"
    start = "" if place == "file" else "rec_"
    for name, kind in bad.items():
        path = folder / f"{start}{name}.yaml"
        if kind in CONTENTS:
            path.write_bytes(CONTENTS[kind][0])
        else:
            NO_FILES[kind][0](path)
    jobs = jobs_of(count)
    publish_all(jobs)
    results = read_results(jobs, count)
    assert results[0].records == {"a": {"n": 1}, "z": {"n": 3}}
    said = [*capsys.readouterr().err.splitlines(), *results[0].warnings]
    for name in bad:
        assert len([line for line in said if f"{start}{name}.yaml:" in line]) == 1
    assert len(said) == len(bad)
    where = "left out" if place == "records" else f"not in {count}/out/count/all.yaml"
    assert all(
        line.endswith(f": its record is {where}; correct or remove the file") for line in said
    )
    assert all("a" in table_text(results, form) for form in FORMATS)
    write_report(jobs, count / "pages", read=results)
    jobs.close()


def test_a_pipe_in_the_place_of_a_record_file_is_refused(count: Path) -> None:
    """A job that reports into it would wait without end."""
    played = PlayedProject(count)
    played.run(a="n=1")
    path = count / "out/count/all_records/b.yaml"
    os.mkfifo(path)
    with pytest.raises(SetAsideError, match=r"b\.yaml: is a pipe, and a job would report"):
        played.begin("b")
