"""`snakemake-looper init`: each form makes a project that runs, and no file is overwritten."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from jsonschema import Draft7Validator
from support.projects import write
from support.running import BIN, PATIENCE, Run, cli, environment

from snakemake_looper.cli import main
from snakemake_looper.create.new_project import NewProject, write_project
from snakemake_looper.create.texts import interface, pep


def files(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def completed(folder: Path) -> list[str]:
    """Records that completed in a run of the project."""
    done = cli("run", cwd=folder)
    assert done.code == 0, done.text
    return sorted(flag.name for flag in folder.rglob("*_completed.flag"))


def table(folder: Path) -> list[str]:
    done = cli("table", "--format", "csv", cwd=folder)
    assert done.code == 0, done.text
    return done.out.splitlines()


def test_from_nothing(tmp_path: Path) -> None:
    done = cli("init", cwd=tmp_path)
    assert done.code == 0, done.text
    assert done.out.splitlines()[:10] == [
        "samples.csv", "data/frog_1.txt", "data/frog_2.txt", "data/frog_3.txt",
        "pipeline/pipeline_interface.yaml", "pipeline/input_schema.yaml",
        "pipeline/output_schema.yaml", "pipeline/report_results.py", ".schemas/", ".looper.yaml",
    ]  # fmt: skip
    assert "count_lines_sample  count_lines  sample  3" in done.out
    assert done.out.endswith("\n\nRun it:  snakemake-looper run\n")
    assert completed(tmp_path) == [f"count_lines_frog_{n}_completed.flag" for n in (1, 2, 3)]
    assert [row.split(",")[1::3] for row in table(tmp_path)[1:]] == [
        ["frog_1", "3"], ["frog_2", "1"], ["frog_3", "2"],
    ]  # fmt: skip
    with (tmp_path / "data/frog_1.txt").open("a") as file:
        file.write("one more\n")
    assert cli("run", "-d", cwd=tmp_path).jobs()[0] == "count_lines_sample:frog_1"
    (tmp_path / "data/frog_2.txt").unlink()
    assert "frog_2  missing files: data/frog_2.txt" in cli("inspect", cwd=tmp_path).out


def test_from_a_table(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"samples.csv": "Sample,reads\na,a.txt\nb,b.txt\n", "a.txt": "1\n", "b.txt": "1\n2\n"},
    )
    done = cli(
        *(
            "init",
            "samples.csv",
            "--command",
            "echo seen: yes; echo lines: $(wc -l < {sample.reads})",
        ),
        *("--results", "lines:integer", "seen:boolean", "--pipeline", "count"),
        cwd=tmp_path,
    )
    assert done.code == 0, done.text
    assert done.err == (
        "note: the samples are called by their column 'Sample'; --name-column chooses another one\n"
    )
    assert "sample_table_index: Sample" in (tmp_path / "project_config.yaml").read_text()
    assert completed(tmp_path) == ["count_a_completed.flag", "count_b_completed.flag"]
    assert [row.rpartition("completed,")[2] for row in table(tmp_path)[1:]] == ["1,True", "2,True"]


def test_from_files_in_a_folder_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, {"data/x_1.fq": "1\n", "data/x_2.fq": "2\n"})
    done = cli("init", "--files", "data/*.fq", "-o", "new one", cwd=tmp_path)
    assert done.code == 0, done.text
    assert done.out.endswith("Run it:  cd 'new one' && snakemake-looper run\n")
    made = tmp_path / "new one"
    assert (made / "samples.csv").read_text() == (
        "sample_name,read1,read2\nx,../data/x_1.fq,../data/x_2.fq\n"
    )
    assert not (made / "pipeline/output_schema.yaml").exists()
    assert completed(made) == ["count_lines_x_completed.flag"]


def test_from_standard_input(tmp_path: Path) -> None:
    command = [BIN / "snakemake-looper", "init", "-", "--command", "echo {sample.word}"]
    done = subprocess.run(
        command, input="sample_name,word\na,hello\n", text=True, cwd=tmp_path,
        capture_output=True, env=environment(), timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert ".looper.yaml" in files(tmp_path)
    assert completed(tmp_path) == ["echo_a_completed.flag"]


# --- what is refused -----------------------------------------------------------------------------


def refused(folder: Path, *words: str) -> list[str]:
    """The messages of a call that writes nothing."""
    before = files(folder)
    done: Run = cli("init", *words, cwd=folder)
    assert done.code == 2, done.text
    assert done.out == "" and files(folder) == before
    return done.err.replace(f"{os.path.realpath(folder)}/", "").splitlines()


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    mine = (".looper.yaml", "pipeline/output_schema.yaml", "samples.csv")
    write(tmp_path, dict.fromkeys(mine, "mine\n"))
    words = "exists; remove it, or choose another folder with '--output DIR'"
    assert refused(tmp_path) == [
        "error: samples.csv: exists; begin with it, as in 'init samples.csv', or choose another"
        " folder with '--output DIR'",
        f"error: pipeline/output_schema.yaml: {words}",
        f"error: .looper.yaml: {words}",
    ]


def test_a_file_that_another_call_has_just_made_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not there when this call looked."""
    project = NewProject({"a": "mine\n", "b": "mine\n"})
    monkeypatch.setattr(Path, "exists", lambda path: False)
    (tmp_path / "b").write_text("theirs\n")
    with pytest.raises(FileExistsError) as caught:
        write_project(project, tmp_path)
    assert caught.value.filename == f"{tmp_path}/b"
    assert files(tmp_path) == ["b"]
    assert (tmp_path / "b").read_text() == "theirs\n"


def test_files_of_a_call_that_was_killed_are_not_in_the_way(tmp_path: Path) -> None:
    assert cli("init", cwd=tmp_path).code == 0
    (tmp_path / ".looper.yaml").unlink()
    done = cli("init", cwd=tmp_path)
    assert done.out.splitlines()[0] == ".looper.yaml"


def test_a_command_with_an_unknown_column_leaves_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"samples.csv": "sample_name,reads\na,b\n"})
    said = refused(tmp_path, "samples.csv", "--command", "wc {sample.raeds}")
    assert len(said) == 1
    assert said[0].startswith("error: --command: ") and "raeds" in said[0]
    assert not (tmp_path / "pipeline").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--results", "a b", "c:float"),
         ["error: --results: 'a b' cannot be the name of a result; write letters, digits and '_'",
          "error: --results: 'float' is no type; write one of number, integer, string, boolean"]),
        (("--command", " "), ["error: --command: is empty; write a command, or leave it out"]),
        (("p.yaml",),
         ["error: p.yaml: is no table; for a PEP, write a .looper.yaml with 'pep_config:',"
          " 'output_dir:' and 'pipeline_interfaces:'"]),
        (("t.xlsx",), ["error: t.xlsx: is no table; save it as 'CSV UTF-8'"]),
        (("--files", "data", "--files", "x"),
         ["error: --files: 'data' is a folder; write 'data/*'",
          "error: --files: 'x' matches no file; correct it"]),
        (("none.csv",),
         ["error: none.csv: cannot be read (No such file or directory); correct the path"]),
        (("samples.csv", "--files", "x"),
         ["error: --files: stands beside a table; leave one of them out"]),
    ],
)  # fmt: skip
def test_arguments_that_cannot_be(
    tmp_path: Path, words: tuple[str, ...], message: list[str]
) -> None:
    (tmp_path / "data").mkdir()
    assert refused(tmp_path, *words) == message


def test_a_file_in_the_place_of_a_folder(tmp_path: Path) -> None:
    write(tmp_path, {"pipeline": ""})
    assert set(refused(tmp_path)) == {
        "error: pipeline: is a file, and a folder is needed there; move it"
    }


def test_warnings_of_the_plan_are_shown(tmp_path: Path) -> None:
    write(tmp_path, {"samples.csv": "sample_name,reads\na,b\n"})
    done = cli("init", "samples.csv", "--command", "echo {{ sample.reads }}", cwd=tmp_path)
    assert done.code == 0 and done.err.startswith("warning: ")


def test_a_name_that_pipestat_does_not_take_is_said_at_its_option(tmp_path: Path) -> None:
    said = refused(tmp_path, "--results", "record_identifier")
    assert [one.split(": ")[:2] for one in said] == [["error", "--results"]]


def test_a_fault_in_standard_input_is_said_with_its_line(tmp_path: Path) -> None:
    command = [BIN / "snakemake-looper", "init", "-"]
    done = subprocess.run(
        command, input="sample_name,word\na,b\nx$HOME,b\n", text=True, cwd=tmp_path,
        capture_output=True, env=environment(), timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode in (0, 2)
    assert f"{tmp_path}/samples.csv" not in done.stderr


# --- texts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["a", "samples.csv", "../a b/x.csv", "12", "yes", "a: b", "#x", '"']
)
def test_a_value_is_a_text_in_yaml(text: str) -> None:
    assert yaml.safe_load(pep(text, text)) == {
        "pep_version": "2.1.0", "sample_table": text, "sample_table_index": text,
    }  # fmt: skip


@pytest.mark.parametrize("command", ["a", "  a\n  b\n", "if x; then\n  y\nfi", "\na"])
def test_a_command_stays_as_it_is(command: str) -> None:
    found = yaml.safe_load(interface("p", command, ["x"], False))
    assert found["sample_interface"]["command_template"] == f"{dedent(command).strip()}\n"


# --- for editors ---------------------------------------------------------------------------------

FROM_A_TABLE = {"samples.csv": "library,reads\na,a.txt\nb,b.txt\n"}


def test_each_file_names_a_schema_that_accepts_it(tmp_path: Path) -> None:
    write(tmp_path, FROM_A_TABLE)
    assert cli("init", "samples.csv", "--results", "lines", cwd=tmp_path).code == 0
    made = [one for one in tmp_path.rglob("*.yaml") if "results" not in one.parts]
    kinds = set()
    for file in made:
        first = file.read_text().splitlines()[0]
        path = file.parent / first.removeprefix("# yaml-language-server: $schema=")
        schema = json.loads(path.read_text())
        kinds.add(path.stem)
        assert list(Draft7Validator(schema).iter_errors(yaml.safe_load(file.read_text()))) == []
    assert kinds == {"looper_config", "pep", "pipeline_interface", "output_schema"}


def test_a_schema_that_is_there_is_kept(tmp_path: Path) -> None:
    mine = ".schemas/looper_config.json"
    write(tmp_path, {mine: "{}\n"})
    done = cli("init", cwd=tmp_path)
    assert done.code == 0, done.text
    assert (tmp_path / mine).read_text() == "{}\n"
    assert (tmp_path / ".schemas/output_schema.json").is_file()


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    write(tmp_path, {".schemas": "mine\n"})
    assert refused(tmp_path)[0] == (
        "error: .schemas: is a file, and a folder is needed there; move it"
    )


# --- the column with the names -------------------------------------------------------------------


def asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *answers: str | type[BaseException]
) -> tuple[int, list[str]]:
    """`init samples.csv` on a terminal: its exit code, and what it asked."""
    questions, left = [], list(answers)

    def answer(question: str) -> str:
        questions.append(question)
        one = left.pop(0)
        if isinstance(one, str):
            return one
        raise one

    monkeypatch.chdir(folder)
    monkeypatch.setattr("builtins.input", answer)
    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True, raising=False)
    code = main(["init", "samples.csv", "--command", "echo {sample.reads}"])
    assert not left
    return code, questions


def test_the_column_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"samples.csv": "lane,reads,plate\n1,a,x\n1,b,y\n"})
    code, questions = asked(tmp_path, monkeypatch, "plat", "plate")
    assert code == 0
    assert questions == ["Which column has the samples' names: lane, reads, plate? [reads] "] * 2
    assert "sample_table_index: plate\n" in (tmp_path / "project_config.yaml").read_text()


def test_return_takes_the_proposal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"samples.csv": "lane,reads,plate\n1,a,x\n1,b,y\n"})
    assert asked(tmp_path, monkeypatch, "")[0] == 0
    assert "sample_table_index: reads\n" in (tmp_path / "project_config.yaml").read_text()


def test_rows_of_one_name_are_one_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, {"samples.csv": "lane,sample,reads\n1,a,x\n1,a,x\n2,b,y\n"})
    code, questions = asked(tmp_path, monkeypatch, "")
    assert (code, questions) == (
        0, ["Which column has the samples' names: lane, sample, reads? [sample] "],
    )  # fmt: skip
    assert "echo_sample  echo      sample  2 " in capsys.readouterr().out


@pytest.mark.parametrize("how", [KeyboardInterrupt, EOFError])
def test_to_stop_at_the_question_writes_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    how: type[BaseException],
) -> None:
    write(tmp_path, {"samples.csv": "lane,reads,plate\n1,a,x\n1,b,y\n"})
    assert asked(tmp_path, monkeypatch, how)[0] == 1
    assert capsys.readouterr().err == "error: nothing was written: no column was chosen\n"
    assert files(tmp_path) == ["samples.csv"]


@pytest.mark.parametrize(
    "text",
    [
        "sample_name,reads\nx,1\n",
        "Sample ID,reads\nx,1\ny,2\n",
        "reads\na\nb\n",
        "reads,library\n1,x\n2,y\n",
    ],
)
def test_a_column_that_is_called_so_is_not_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    write(tmp_path, {"samples.csv": text})
    assert asked(tmp_path, monkeypatch)[1] == []
