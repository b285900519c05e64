"""One broken file: it is named, from every door, and nothing that follows from it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from support.projects import TOUCH, write
from support.running import EXAMPLES, cli, use_looper

from snakemake_looper import Options, ProjectError
from snakemake_looper.errors import Problems
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.project import read_project

PROJECT_LEVEL = """
    pipeline_name: end
    output_schema: end_out.yaml
    project_interface:
      command_template: echo {project.name} {looper.output_dir} {pipestat.config_file}
    """
BOTH: Mapping[str, str] = {
    **TOUCH,
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [touch.yaml, end.yaml]
        pipestat: {results_file_path: results.yaml}
        """,
    "end.yaml": PROJECT_LEVEL,
    "end_out.yaml": "properties:\n  pipeline_name: end\n  project:\n    type: object\n"
    "    properties:\n      n: {type: integer, description: a number}\n",
}
ONLY_PROJECT = {**BOTH, ".looper.yaml": BOTH[".looper.yaml"].replace("touch.yaml, ", "")}


def faults(folder: Path, options: Options | None = None) -> list[str]:
    with pytest.raises(ProjectError) as caught:
        plan_project(folder / ".looper.yaml", options)
    return [str(one).replace(f"{folder}/", "") for one in caught.value.problems]


PEPS = [
    ("no table", {"samples.csv": None}, "project.yaml:3: sample_table: 'samples.csv' does not exist; correct the path, it is relative to this file"),
    ("a table that is a folder", {"samples.csv": "folder"}, "project.yaml:3: sample_table: 'samples.csv' is a folder; write the path of a table"),
    ("an empty table", {"samples.csv": ""}, "samples.csv: is empty; write a line with the names of the columns ('sample_name'), and a row for each sample"),
    ("a table without rows", {"samples.csv": "sample_name,file\n"}, "samples.csv: there are no samples; add a row for each"),
    ("a table in Latin-1", {"samples.csv": "sample_name,file\na,\xe9.txt\n".encode("latin-1")}, "samples.csv:2: is not UTF-8 text (it seems to be Latin-1: 'é…'); save it as UTF-8 (in Excel, as 'CSV UTF-8')"),
    ("another column", {"samples.csv": "sample,file\na,a.txt\n"}, "samples.csv:1: sample_name: there is no column 'sample_name', there are sample, file (did you mean 'sample'?); rename the column of the samples' names, or write 'sample_table_index: COLUMN' in the PEP"),
    ("a column with a space", {"samples.csv": "sample_name ,file\na,a.txt\n"}, "samples.csv:1: sample_name: there is no column 'sample_name': its name has white space around it; remove that"),
    ("semicolons", {"samples.csv": "sample_name;file\na;a.txt\n"}, "samples.csv:1: sample_name: the cells are separated by semicolons; write commas instead"),
    ("broken YAML", {"project.yaml": "name: demo\nsample_table: [\n"}, "project.yaml:3: not valid YAML: the file ends inside '[' or '{'; close it, or put the value in quotes"),
    ("a list", {"project.yaml": "- a\n"}, "project.yaml:1: a mapping is expected, not a list; write 'key: value' lines"),
    ("no sample_table", {"project.yaml": "name: demo\n"}, "project.yaml:1: sample_table: is missing; name the table of the samples, as in 'sample_table: samples.csv'"),
    ("looper 0", {"project.yaml": "metadata:\n  sample_annotation: samples.csv\n"}, "project.yaml:2: metadata.sample_annotation: is not read any more; write 'sample_table: samples.csv' at the top of this file"),
    ("two tables", {"project.yaml": "sample_table: [samples.csv, samples.csv]\n"}, "project.yaml:1: sample_table: must be the path of one table, not a list; put all rows into one table"),
    ("derive without attributes", {"project.yaml": "sample_table: samples.csv\nsample_modifiers:\n  derive: {attribute: [file], sources: {s: t}}\n"}, "project.yaml:3: sample_modifiers.derive: has no 'attributes' (instead of 'attribute'?); write a list of attributes there"),
    ("imply with a number", {"project.yaml": "sample_table: samples.csv\nsample_modifiers:\n  imply:\n    - if: {file: 1}\n      then: {g: one}\n"}, "project.yaml:4: sample_modifiers.imply.if.file: '1' is not text, but all cells are; put it in quotes: '\"1\"'"),
    ("append of a list", {"project.yaml": "sample_table: samples.csv\nsample_modifiers: {append: [a]}\n"}, "project.yaml:2: sample_modifiers.append: must be a mapping of attribute to value, not a list; correct it"),
    ("no subsample table", {"project.yaml": "sample_table: samples.csv\nsubsample_table: more.csv\n"}, "project.yaml:2: subsample_table: 'more.csv' does not exist; correct the path, it is relative to this file"),
]  # fmt: skip


@pytest.mark.parametrize("level", [BOTH, ONLY_PROJECT], ids=["both levels", "project level"])
@pytest.mark.parametrize(("files", "message"), [one[1:] for one in PEPS], ids=[p[0] for p in PEPS])
def test_a_pep_that_cannot_be_read(
    project: Callable[..., Path],
    files: Mapping[str, str | bytes | None],
    message: str,
    level: Mapping[str, str],
) -> None:
    folder = project(level)
    for name, content in files.items():
        (folder / name).unlink()
        if content == "folder":
            (folder / name).mkdir()
        elif isinstance(content, bytes):
            (folder / name).write_bytes(content)
        elif content is not None:
            (folder / name).write_text(content)
    assert [one.replace("'" + str(folder) + "/", "'") for one in faults(folder)] == [message]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("othr",), "--amend: the PEP has no amendment 'othr' (did you mean 'other'?); write one of other, bad"),
        (("other", "bad"), "project.yaml:9: sample_table: 'none.csv' does not exist; correct the path, it is relative to this file"),
    ],
)  # fmt: skip
def test_an_amendment_that_cannot_be_read(
    project: Callable[..., Path], options: tuple[str, ...], message: str
) -> None:
    pep = """
        name: demo
        sample_table: samples.csv
        project_modifiers:
          # two of them
          amend:
            other:
              looper: {output_dir: elsewhere}
            bad:
              sample_table: none.csv
        """
    folder = project({**BOTH, "project.yaml": pep})
    (said,) = faults(folder, Options(amend=options))
    assert said.replace(f"'{folder}/", "'") == message


DOORS = [
    ("inspect",), ("inspect", "--json"), ("check",), ("table",), ("report",), ("run",),
    ("run", "-d"), ("rerun",), ("generate",), ("destroy",), ("link",), ("clean",),
]  # fmt: skip


def test_no_door_plans_without_a_pep(
    project: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """All commands say the same, once, with exit code 2; only the two that start it are processes."""
    from snakemake_looper.cli import main

    folder = project(ONLY_PROJECT)
    (folder / "samples.csv").unlink()
    before = sorted(folder.rglob("*"))
    monkeypatch.chdir(folder)
    expected = (
        f"error: {folder}/project.yaml:3: sample_table: '{folder}/samples.csv' does not exist"
    )
    for words in DOORS:
        if words[0] in ("run", "rerun"):
            continue
        assert main(words) == 2, words
        out, err = capfd.readouterr()
        assert (out, err.count("\n")) == ("", 1), words
        assert err.startswith(expected), words
    for done in (cli("run", cwd=folder), use_looper(cwd=folder)):
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
        assert done.err.startswith(expected)
    assert sorted(folder.rglob("*")) == before


def test_faults_of_other_files_are_still_named(project: Callable[..., Path]) -> None:
    """The PEP and an interface are broken, each by itself: both are said, and nothing more."""
    folder = project({**BOTH, "project.yaml": "name: demo\n", "touch.yaml": "pipeline_name: [\n"})
    assert [one.split(":")[0] for one in faults(folder)] == ["project.yaml", "touch.yaml"]


def test_a_missing_output_folder_ends_reading(project: Callable[..., Path]) -> None:
    config = BOTH[".looper.yaml"].replace("output_dir: results", "")
    folder = project({**BOTH, ".looper.yaml": config, "end.yaml": "pipeline_name: end\n"})
    assert [one.split(": ")[1] for one in faults(folder)] == ["output_dir", "command_template"]
    with pytest.raises(ProjectError):
        read_project(folder / ".looper.yaml", None, Problems())


@pytest.mark.parametrize(
    ("files", "message"),
    [
        # A pipeline that is not there because its file cannot be read.
        ({"touch.yaml": "pipeline_name: [\n", "end.yaml": PROJECT_LEVEL + "\n    snakemake: {depends_on: touch}\n"}, "touch.yaml:2"),
        # A name for the project-level record, taken from the PEP that has a bad one.
        ({"project.yaml": "name: a/b\nsample_table: samples.csv\n"}, "project.yaml:1"),
        # Names in an option of rows that have been refused.
        ({"samples.csv": "sample_name,file,word\na/b,a.txt,x\n"}, "samples.csv:2"),
    ],
)  # fmt: skip
def test_what_follows_from_a_fault_is_no_second_one(
    project: Callable[..., Path], files: Mapping[str, str], message: str
) -> None:
    folder = project({**BOTH, **files})
    options = Options(samples=("a/b",), limit="3") if "samples.csv" in files else None
    assert [one.split(": ")[0] for one in faults(folder, options)] == [message]


# --- many ways to break a file -----------------------------------------------------------------

RICH: Mapping[str, str] = {
    **BOTH,
    "project.yaml": """
        pep_version: 2.1.0
        name: demo
        sample_table: samples.csv
        subsample_table: more.csv
        project_modifiers:
          import: [base.yaml]
          amend:
            other: {looper: {output_dir: other}}
        sample_modifiers:
          append: {kind: x}
          duplicate: {word: again}
          derive: {attributes: [kind], sources: {x: "{sample_name}.txt"}}
          imply: [{if: {word: one}, then: {first: yes}}]
        looper:
          cli: {run: {limit: 3}}
        """,
    "base.yaml": "description: base\n",
    "more.csv": "sample_name,subsample_name,part\na,1,x\na,2,y\n",
    "touch.yaml": TOUCH["touch.yaml"].rstrip()
    + """
        compute: {size_dependent_variables: sizes.tsv, mem: 100M}
        var_templates: {where: "{looper.output_dir}/x"}
        snakemake: {retries: 1, resources: {disk: 3}}
        """,
    "sizes.tsv": "max_file_size\tcores\n1\t1\nNaN\t2\n",
}


WAYS = 21


def breakages(content: bytes) -> Iterator[bytes | None]:
    """So many ways to break a file as a whole, and each line of it by itself."""
    text = content.decode()
    lines = text.splitlines(keepends=True)
    yield from (None, b"", b"\n\n", b"3\n", b"- a\n- b\n", b"hello\n", b"\t" + content)
    yield from (content[: len(content) // 2], content[: len(content) // 3], content + content)
    yield from (b"\xe9" + content, content + b"\0", b"\xef\xbb\xbf" + content)
    yield from (text.encode("utf-16"), content.replace(b"\n", b"\r\n"))
    for old, new in ((",", ";"), (":", ""), ("[", ""), ("}", ""), ("\t", " "), (" ", "")):
        yield text.replace(old, new).encode()
    for number, line in enumerate(lines):
        key, colon, _ = line.partition(":")
        rest = lines[number + 1 :]
        yield "".join([*lines[:number], *rest]).encode()
        for value in ("3", "[1, 2]", "{a: [1]}", "null", "true", "2024-01-01") if colon else ():
            yield "".join([*lines[:number], f"{key}: {value}\n", *rest]).encode()


@pytest.mark.parametrize(
    "name", ["rich", *sorted(one.name for one in EXAMPLES.iterdir() if one.is_dir())]
)
def test_whatever_is_broken_is_said(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    if name == "rich":
        write(folder, RICH)
    else:
        ignore = shutil.ignore_patterns("results", ".snakemake")
        shutil.copytree(EXAMPLES / name, folder, ignore=ignore)
    assert plan_project(folder / ".looper.yaml").jobs
    options = Options(amend=("other",)) if name == "rich" else None
    kinds = (".yaml", ".csv", ".tsv")
    tried = 0
    for file in sorted(one for one in folder.rglob("*") if one.suffix in kinds):
        content = file.read_bytes()
        whole, lines = list(breakages(content))[:WAYS], list(breakages(content))[WAYS:]
        # Every eighth of the lines' ways: enough to see a stage that goes on regardless.
        for broken in whole + (lines[tried % 8 :: 8] if name == "rich" else []):
            file.unlink()
            if broken is not None:
                file.write_bytes(broken)
            _plan_or_problems(folder, options, json.dumps([file.name, str(broken)]))
            tried += 1
            file.write_bytes(content)
    assert tried > 60


def _plan_or_problems(folder: Path, options: Options | None, broken: str) -> None:
    try:
        plan_project(folder / ".looper.yaml", options)
    except ProjectError as error:
        for problem in error.problems:
            assert "\n" not in str(problem), broken
            assert problem.message, broken
            assert str(problem.place), broken
    except Exception as error:
        raise AssertionError(f"{broken}: {error!r}") from error
