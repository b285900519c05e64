"""Assembly of results: nothing lost, nothing wrong, one step."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from support.projects import write

from snakemake_looper.files import write_atomic
from snakemake_looper.results.assemble import assemble
from snakemake_looper.results.results_file import ResultsFileError

RECORD = "p:\n  project: {{}}\n  sample:\n    {name}:\n      meta: {{m: 1}}\n      n: {value}\n"
SCHEMA = """
properties:
  pipeline_name: p
  samples:
    type: array
    items:
      type: object
      properties:
        n: {type: integer}
        ratio: {type: number}
        ok: {type: boolean}
        image: {type: image}
"""


def record(folder: Path, name: str, value: object = 1) -> None:
    write(folder / "records", {f"{name}.yaml": RECORD.format(name=name, value=value)})


def run(folder: Path, schema: str | None = None) -> list[str]:
    schemas = {"p": schema} if schema else {}
    return assemble(folder / "results.yaml", {"p": str(folder / "records")}, schemas)


def load(folder: Path) -> dict:
    return yaml.safe_load((folder / "results.yaml").read_text())


def test_records_are_put_together(tmp_path: Path) -> None:
    record(tmp_path, "a")
    record(tmp_path, "b", 2)
    assert run(tmp_path) == []
    assert load(tmp_path)["p"]["sample"]["b"] == {"meta": {"m": 1}, "n": 2}


def test_what_is_in_the_file_stays(tmp_path: Path) -> None:
    old = {
        "p": {"project": {"all": {"plot": "x"}}, "sample": {"old": {"n": 9}, "a": {"n": 0}}},
        "other": {"project": {}, "sample": {"a": {"k": "v"}}},
    }
    write(tmp_path, {"results.yaml": yaml.safe_dump(old)})
    record(tmp_path, "a", 5)
    run(tmp_path)
    new = load(tmp_path)
    assert new["other"] == old["other"] and new["p"]["project"] == old["p"]["project"]
    assert {name: value["n"] for name, value in new["p"]["sample"].items()} == {"old": 9, "a": 5}


def test_nothing_new_is_not_written(tmp_path: Path) -> None:
    record(tmp_path, "a")
    run(tmp_path)
    stamp = (tmp_path / "results.yaml").stat().st_mtime_ns
    run(tmp_path)
    assert (tmp_path / "results.yaml").stat().st_mtime_ns == stamp


def test_no_records_yet_is_an_empty_file(tmp_path: Path) -> None:
    assert run(tmp_path) == []
    assert (tmp_path / "results.yaml").read_text() == ""


def test_a_half_written_record_is_named_and_left_out(tmp_path: Path) -> None:
    record(tmp_path, "a")
    write(tmp_path / "records", {"b.yaml": "p: {sample: {b: [", "lock.a.yaml": ""})
    (warning,) = run(tmp_path)
    assert warning == (
        f"{tmp_path}/records/b.yaml:1: is not valid YAML: its record is not in"
        f" {tmp_path}/results.yaml; correct or remove the file"
    )
    assert list(load(tmp_path)["p"]["sample"]) == ["a"]


OTHER = "other: {sample: {b: {n: 1}}}\n"
LEFT_OUT = "its record is not in {folder}/results.yaml"
NO_NAME = f" has no pipeline's name at its top, as in 'p:': {LEFT_OUT}; correct or remove the file"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OTHER, f" holds results of pipeline 'other', not of 'p': {LEFT_OUT}; report as 'p'"),
        (
            OTHER + "p: {sample: {b: {n: 2}}}\n",
            " holds results of pipeline 'other', too, and they are left out; report as 'p'",
        ),
        ("n: 1\n", NO_NAME),
        ("sample: {b: {n: 1}}\n", NO_NAME),
        ("other: {b: {n: 1}}\n", NO_NAME),
        ("other: {project: {}, sample: {}}\n", ""),  # as pipestat begins a file
        ("p: {project: {}, sample: {}}\n", ""),
        ("other: {sample: {}}\np: {sample: {b: {n: 1}}}\n", ""),
    ],
)
def test_a_record_file_that_names_another_pipeline_or_none(
    tmp_path: Path, text: str, said: str
) -> None:
    record(tmp_path, "a")
    write(tmp_path / "records", {"b.yaml": text})
    expected = f"{tmp_path}/records/b.yaml:{said.format(folder=tmp_path)}"
    assert run(tmp_path) == ([expected] if said else [])
    assert load(tmp_path)["p"]["sample"]["a"]["n"] == 1 and "other" not in load(tmp_path)


@pytest.mark.parametrize("text", [OTHER, "p: [", "- list\n"])
@pytest.mark.parametrize("is_completed", [True, False])
def test_earlier_values_do_not_stand_in_for_a_file_that_cannot_be_used(
    tmp_path: Path, text: str, is_completed: bool
) -> None:
    """If the record has completed since, they would pass for its new values."""
    record(tmp_path, "b")
    run(tmp_path)
    (tmp_path / "records/b.yaml").rename(tmp_path / "records/b.yaml.earlier")
    write(tmp_path / "records", {"b.yaml": text})
    sources = {"p": str(tmp_path / "records")}
    unread: list[str] = []
    assemble(tmp_path / "results.yaml", sources, {}, lambda *_: is_completed, unread)
    assert unread == [f"{tmp_path}/records/b.yaml"]
    assert list(load(tmp_path)["p"]["sample"]) == ([] if is_completed else ["b"])


def test_pipelines_may_report_into_the_same_record_files(tmp_path: Path) -> None:
    write(tmp_path / "records", {"b.yaml": OTHER})
    folder = str(tmp_path / "records")
    assert assemble(tmp_path / "results.yaml", {"p": folder, "other": folder}, {}) == []
    assert load(tmp_path)["other"]["sample"]["b"] == {"n": 1}


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", "just text\n"])
def test_a_file_that_is_no_results_file_is_not_touched(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"results.yaml": text})
    record(tmp_path, "a")
    with pytest.raises(ResultsFileError):
        run(tmp_path)
    assert (tmp_path / "results.yaml").read_text() == text


@pytest.mark.parametrize(
    "schema",
    [SCHEMA, "pipeline_name: p\nsamples:\n  n: {type: integer}\n  ratio: {type: number}\n  ok: {type: boolean}\n  image: {type: image}\n"],
)  # fmt: skip
def test_text_becomes_what_the_schema_wants(tmp_path: Path, schema: str) -> None:
    write(tmp_path, {"schema.yaml": schema})
    text = (
        "p:\n  sample:\n    a: {n: '7', ratio: '1.5', ok: 'True', free: '7'}\n"
        "    b: {n: seven, ratio: 3, ok: 1, image: {path: x, title: y}}\n"
    )
    write(tmp_path / "records", {"a.yaml": text})
    advice = "correct the value, or its type in the output schema"
    assert run(tmp_path, str(tmp_path / "schema.yaml")) == [
        f"p: record 'b': n: 'seven' is no integer; {advice}",  # it has no file of its own
        f"p: record 'b': ok: 1 is no boolean; {advice}",
    ]
    records = load(tmp_path)["p"]["sample"]
    assert records["a"] == {"n": 7, "ratio": 1.5, "ok": True, "free": "7"}
    assert records["b"]["n"] == "seven", "what is wrong is said, and kept"


def test_a_failed_write_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"results.yaml": "old"})
    monkeypatch.setattr("os.replace", lambda *paths: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_atomic(tmp_path / "results.yaml", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["results.yaml"]
    assert (tmp_path / "results.yaml").read_text() == "old"


def calls_of(work: Callable[[], None], stop: int | None = None) -> int:
    """How often something calls what is written in C, as the system's calls are. Before the call
    number `stop`, the process kills itself."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        if event == "c_call":
            if calls == stop:
                os.kill(os.getpid(), signal.SIGKILL)
            calls += 1

    gc.disable()  # a collection calls what other libraries have registered, and not each time
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return calls


def dies(work: Callable[[], None], stop: int) -> bool:
    """Do something in a process of its own, which is killed at a call; whether it got there."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            calls_of(work, stop)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_killed_at_any_point_the_file_is_the_old_or_the_new_one(tmp_path: Path) -> None:
    """`kill -9` of an assembly at 50 points: before each of its last 40 calls, and 10 earlier."""
    folder, path = tmp_path / "records", tmp_path / "all.yaml"
    folder.mkdir()

    def reported(value: int) -> None:
        for number in range(30):
            write(folder, {f"r{number}.yaml": f"p: {{sample: {{r{number}: {{n: {value}}}}}}}\n"})

    def work() -> None:
        assemble(path, {"p": str(folder)}, {})

    for value in (-3, -2, -1):  # the first one makes the file, the second one learns its words
        reported(value)
        calls = calls_of(work)
    killed = []
    for turn in [*range(0, calls - 40, (calls - 40) // 10), *range(calls - 40, calls)]:
        old = path.read_bytes()
        reported(turn)
        killed.append(dies(work, turn))
        if path.read_bytes() != old:
            records = yaml.safe_load(path.read_bytes())["p"]["sample"]
            assert len(records) == 30
            assert {values["n"] for values in records.values()} == {turn}
    assert sum(killed) >= 45
    reported(50)
    assemble(path, {"p": str(folder)}, {})
    assert {v["n"] for v in yaml.safe_load(path.read_bytes())["p"]["sample"].values()} == {50}
