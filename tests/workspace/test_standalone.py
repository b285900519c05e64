"""Workflows to give away: their texts, what they copy, and projects that are refused."""

from __future__ import annotations

import csv
import json
import os
import runpy
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pandas
import pytest
import yaml
from snakemake.exceptions import WorkflowError
from support.projects import TOUCH, edit, write
from support.running import BIN, REPOSITORY, run, snakemake

from snakemake_looper.cli_options import parser
from snakemake_looper.commands import generate
from snakemake_looper.errors import ProjectError
from snakemake_looper.read.options.options import Options
from snakemake_looper.workspace.standalone import copies
from snakemake_looper.workspace.standalone.relocation import relocation
from snakemake_looper.workspace.standalone.workflow import Written, write_standalone

CASES = Path(__file__).parent / "cases" / "standalone"
SHOWN = (
    "README.md", "config/config.yaml", "config/jobs.tsv", "config/results.yaml",
    "config/pipestat/count_lines_sample.yaml", "workflow/Snakefile",
)  # fmt: skip


def standalone(folder: Path, force: bool = False, everything: bool = False) -> Written:
    target = folder.parent / "given"
    return write_standalone(folder / ".looper.yaml", Options(), target, force, everything)


def given(folder: Path) -> Path:
    """The workflow that is made from a project."""
    standalone(folder)
    return folder.parent / "given"


def rows(workflow: Path) -> list[dict[str, str]]:
    with (workflow / "config/jobs.tsv").open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def refused(folder: Path) -> str:
    with pytest.raises(ProjectError) as caught:
        standalone(folder)
    assert not (folder.parent / "given").exists()
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize("name", SHOWN)
def test_whole_texts(example: Callable[[str], Path], name: str) -> None:
    """UPDATE_CASES=1 writes the texts anew: read the difference before committing it."""
    text = (given(example("count_lines")) / name).read_text()
    golden = CASES / name
    if os.environ.get("UPDATE_CASES"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


# --- the table of jobs ----------------------------------------------------------------------------

ODD = {
    **TOUCH,
    "samples.csv": 'sample_name,file,word\n"a b",a.txt,one\no\'k,b.txt,"t""wo"\nNA,c.txt,three\n',
    "touch.yaml": """
        pipeline_name: touch
        input_schema: schema.yaml
        sample_interface:
          command_template: |
            printf 'a\tb\\n' | awk '{print $1}'
            echo "{sample.word}" \\
              '{sample.sample_name}'
        inject_env_vars: {WORD: "{sample.word}"}
        """,
}


def test_odd_cells_are_read_alike_by_all(project: Callable[..., Path]) -> None:
    workflow = given(project(ODD))
    found = rows(workflow)
    assert [row["sample"] for row in found] == ["a b", "o'k", "NA"]
    assert found[1]["command"].splitlines() == [
        "printf 'a\tb\\n' | awk '{print $1}'", 'echo "t"wo" \\', "  'o'k'",
    ]  # fmt: skip
    assert shlex.split(found[1]["environment"]) == ['WORD=t"wo']
    assert [shlex.split(row["inputs"]) for row in found] == [["a.txt"], ["b.txt"], ["c.txt"]]
    path = workflow / "config/jobs.tsv"
    assert found == pandas.read_csv(path, sep="\t", dtype=str, keep_default_na=False).to_dict(
        "records"
    )


def test_a_carriage_return_is_no_end_of_a_row(project: Callable[..., Path]) -> None:
    folder = project(TOUCH)
    with (folder / "project.yaml").open("a") as config:
        config.write('sample_modifiers: {append: {word: "o\\rdd"}}\n')
    edit(folder / "samples.csv", "word", "words")
    commands = [row["command"] for row in rows(given(folder))]
    assert [one.partition(" &&")[0] for one in commands] == ["echo o\rdd"] * 3


def test_numbers_that_jobs_share_are_in_the_rule_and_others_in_the_table(
    project: Callable[..., Path],
) -> None:
    folder = project(TOUCH)
    write(folder, {"sizes.tsv": "max_file_size\tcores\tmem\n0.000001\t1\t100\nNaN\t2\t200\n"})
    write(folder, {"b.txt": "b" * 3000})
    with (folder / "touch.yaml").open("a") as interface:
        interface.write(
            "compute: {size_dependent_variables: sizes.tsv, time: 10, partition: long}\n"
            "snakemake: {retries: 2, resources: {disk_mb: 10 * attempt, gpu: mem_mb * attempt}}\n"
        )
    workflow = given(folder)
    assert {key for row in rows(workflow) for key in row} == {
        "rule", "sample", "command", "inputs", "threads", "mem_mb", "gpu",
    }  # fmt: skip
    assert [row["mem_mb"] for row in rows(workflow)] == ["100", "200", "100"]
    assert rows(workflow)[1]["gpu"] == "200 * attempt"
    text = (workflow / "workflow/Snakefile").read_text()
    assert '    threads: value("touch_sample", "threads")\n' in text
    assert (
        "        disk_mb=lambda wildcards, attempt: 10 * attempt,\n"
        '        gpu=by_attempt("touch_sample", "gpu"),\n'
        '        mem_mb=value("touch_sample", "mem_mb"),\n'
        "        runtime=10,\n"
        '        slurm_partition="long",\n'
    ) in text


def common(config: dict[str, str], rules: str = "") -> dict[str, Any]:
    """The names that `common.smk` defines."""
    text = (REPOSITORY / "workflow/standalone/rules/common.smk").read_text()
    code = text.replace('validate(config, "../schemas/config.schema.yaml")\n', "") + rules
    found: dict[str, Any] = {"config": config}
    exec(compile(code, "common.smk", "exec"), found)
    return found


def jobs_read(workflow: Path, table: str, rules: str = "") -> str:
    """The error of a workflow with this table, as one line; empty if there is none."""
    write(workflow, {"jobs.tsv": table})
    config = {"jobs": str(workflow / "jobs.tsv"), "output_dir": "results", "data_dir": "."}
    try:
        common(config, rules)
    except WorkflowError as error:
        return str(error).replace(f"{workflow}/", "")
    return ""


@pytest.mark.parametrize("folder", ["out", "out/", "./out"])
def test_outputs_and_inputs_have_one_spelling(tmp_path: Path, folder: str) -> None:
    """Snakemake compares paths as texts."""
    table = "rule\tsample\tcommand\tinputs\nuse\ta\techo\t<results>/x\n"
    jobs = write(tmp_path, {"jobs.tsv": table}) / "jobs.tsv"
    names = common({"jobs": str(jobs), "output_dir": folder, "data_dir": "resources/"})
    assert names["inputs"]("use")({"sample": "a"}) == ["out/x"]
    assert names["FOLDERS"]["<results>"] == "out"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("count\ta\techo\n", ""),
        ("cuont\ta\techo\n", ": no rule is called 'cuont'; write one of count, draw"),
        ("count\t\techo\n", ": '' cannot be the name of a sample; write another"),
        ("count\ta/b\techo\n", ": 'a/b' cannot be the name of a sample; write another"),
        ("draw\ta\techo\n", ": draw runs for the whole project; leave the sample empty"),
        ("count\ta\techo\tx\n", " has more cells than the first line"),
        ("count\ta\n", " lacks a rule, sample or command"),
    ],
)
def test_rows_that_people_have_edited(tmp_path: Path, row: str, fault: str) -> None:
    table = f"rule\tsample\tcommand\ndraw\t\techo\n{row}"
    rules = "listed('count'); samples('count'); listed('draw'); check_rules()\n"
    assert jobs_read(tmp_path, table, rules) == (f"jobs.tsv: row 2{fault}" if fault else "")
    if not fault:
        without = table.replace("draw\t\techo\n", "")
        missing = "jobs.tsv: no row for draw; add it, or remove its rule"
        assert jobs_read(tmp_path, without, rules) == missing


@pytest.mark.parametrize(
    ("command", "is_refused"),
    [("cat <results>/x", True), ('cat "<results>/x"', False), ("echo don't <results>", False)],
)
def test_a_workflow_whose_path_has_blanks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, is_refused: bool
) -> None:
    folder = tmp_path / "my work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    quoted = command.replace('"', '""')
    error = jobs_read(tmp_path, f'rule\tsample\tcommand\ncount\ta\t"{quoted}"\n')
    if is_refused:
        assert error == (
            "jobs.tsv: row 1: <results> is not in quotes, and 'my work/results' has blanks or"
            " signs that a shell would take apart; move this workflow, or add quotes"
        )
    else:
        assert error == ""


# --- paths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cp /lab/p/data/x /lab/p/out/y", "cp <resources>/data/x <results>/y"),
        ("--out=/lab/p/out -I/lab/p/code/lib", "--out=<results> -I<pipelines>/code/lib"),
        ("cat /lab/p/outer /lab/pp /x/lab/p/out", "cat <resources>/outer /lab/pp /x/lab/p/out"),
        ("'/lab/p/out':\"/lab/p\"", "'<results>':\"<resources>\""),
        ("cat data/x code/none", "cat data/x code/none"),
        ("cat out/x ./out/y no/out/z out", "cat <results>/x <results>/y no/out/z out"),
        ("cat <out/x 2>>out/y", "cat <<results>/x 2>><results>/y"),
        ("ls /lab/p+x /lab/p@2 /lab/p~ /lab/p\\ x", "ls /lab/p+x /lab/p@2 /lab/p~ /lab/p\\ x"),
        ("ls ${A}/lab/p/x $(pwd)/lab/p ${B}out/x", "ls ${A}/lab/p/x $(pwd)/lab/p ${B}out/x"),
        ("cat /lab/p/code/../data/x /lab/p/..", "cat <resources>/data/x /lab"),
        ("cat /lab/p/out/../../../etc/x /etc/../x/", "cat /etc/x /etc/../x/"),
        ("tail -n +1 '/lab/p/out'/x", "tail -n +1 '<results>'/x"),
    ],
)
def test_paths_in_commands_get_new_places(text: str, expected: str) -> None:
    places = relocation(
        Path("/lab/p"),
        {"/lab/p": "<resources>", "/lab/p/out": "<results>", "/lab/p/code": "<pipelines>/code"},
    )
    assert places.text(text) == expected


IN_THE_FOLDER = {
    ".looper.yaml": """
        pep_config: samples.csv
        output_dir: results
        pipeline_interfaces: [interface.yaml]
        """,
    "samples.csv": "sample_name,file\na,data/a.txt\nb,/dev/null\n",
    "data/a.txt": "a\n",
    "data/unused.txt": "never named\n",
    "count.py": "import helper\n",
    "helper.py": "",
    "tools/clean.sh": "source tools/lib.sh\n",
    "tools/lib.sh": "",
    "genome.fa": ">1\n",
    "interface.yaml": """
        pipeline_name: count
        sample_interface:
          command_template: >
            bash tools/clean.sh {sample.file} && python {looper.piface_dir}/count.py genome.fa
            > {looper.output_dir}/x
        """,
}


def test_an_interface_in_the_projects_folder(project: Callable[..., Path]) -> None:
    """Its scripts are copied with their neighbours, and other files only if commands name them."""
    workflow = given(project(IN_THE_FOLDER))
    assert rows(workflow)[0]["command"] == (
        "bash <pipelines>/tools/clean.sh data/a.txt && python <pipelines>/project/count.py genome.fa"
        " > <results>/x"
    )
    copied = [path for path in workflow.rglob("*") if path.is_file()]
    names = {str(path.relative_to(workflow)) for path in copied}
    assert {name for name in names if name.startswith(("resources", "workflow/pipelines"))} == {
        "resources/data/a.txt", "resources/genome.fa", "workflow/pipelines/project/count.py",
        "workflow/pipelines/project/helper.py", "workflow/pipelines/tools/clean.sh",
        "workflow/pipelines/tools/lib.sh",
    }  # fmt: skip


def test_large_inputs_stay_unless_they_are_asked_for(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "MOST_BYTES", 3)
    folder = project(TOUCH)
    written = standalone(folder)
    workflow = folder.parent / "given"
    assert written.warnings == [
        f"not copied: the input files in {folder} (0 MB); --copy-all copies it"
    ]
    config = workflow / "config/config.yaml"
    assert yaml.safe_load(config.read_text())["data_dir"] == str(folder)
    assert f"the input files in {folder}" in (workflow / "README.md").read_text()
    assert standalone(folder, everything=True).warnings == []
    assert yaml.safe_load(config.read_text())["data_dir"] == "resources"
    assert (workflow / "resources/a.txt").read_text() == "a\n"


def test_large_pipelines_stay_where_they_are(
    example: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = example("count_lines")
    write(folder, {"pipeline/genome.bin": "x" * 100_000})
    monkeypatch.setattr(copies, "MOST_BYTES", 50_000)
    (warning,) = standalone(folder).warnings
    assert warning.startswith(f"not copied: the pipelines of {folder}/pipeline (0 MB)")
    command = rows(folder.parent / "given")[0]["command"]
    assert command.startswith(f"python {folder}/pipeline/count_lines.py data/mexico.txt mexico ")


def test_values_that_only_this_machine_printed_are_named(project: Callable[..., Path]) -> None:
    folder = project(TOUCH)
    with (folder / "touch.yaml").open("a") as interface:
        interface.write("""pre_submit: {command_templates: ['echo "{}"']}\n""")
    assert (
        "- Commands of touch have values that its `pre_submit`"
        in (given(folder) / "README.md").read_text()
    )


def test_a_flag_folder_beside_the_output_folder_moves_into_it(project: Callable[..., Path]) -> None:
    folder = project(TOUCH)
    edit(
        folder / ".looper.yaml",
        "pipeline_interfaces",
        "pipestat: {flag_file_dir: f}\npipeline_interfaces",
    )
    text = (given(folder) / "workflow/Snakefile").read_text()
    assert 'completed="<results>/flags/touch_{sample}_completed.flag"' in text


def with_results_at(folder: Path, path: str, *interfaces: str) -> str:
    """The Snakefile of a project whose results are at a path."""
    section = f"pipestat: {{results_file_path: '{path}'}}\npipeline_interfaces"
    edit(folder / ".looper.yaml", "pipeline_interfaces", section)
    edit(folder / ".looper.yaml", "[touch.yaml]", f"[{', '.join(('touch.yaml', *interfaces))}]")
    for name in interfaces:
        text = (folder / "touch.yaml").read_text()
        write(folder, {name: text.replace("pipeline_name: touch", f"pipeline_name: {name[:-5]}")})
    return (given(folder) / "workflow/Snakefile").read_text()


def test_a_file_for_each_record_is_made_anew_if_it_has_one_pipeline(
    project: Callable[..., Path], tmp_path: Path
) -> None:
    text = with_results_at(project(TOUCH), "{record_identifier}.yaml")
    assert 'report=filled("<results>/{sample}.yaml")' in text
    assert "rules/results.smk" not in text and "onerror" not in text
    text = with_results_at(
        write(tmp_path / "two/project", TOUCH), "{record_identifier}.yaml", "more.yaml"
    )
    assert "report=" not in text


def test_a_results_file_elsewhere_gets_a_place_in_the_workflow(
    project: Callable[..., Path],
) -> None:
    folder = project(TOUCH)
    text = with_results_at(folder, str(folder.parent / "shared/all.yaml"), "more.yaml")
    assert 'results=update("<results>/all.yaml")' in text
    assert 'report=filled("<results>/all_records/more/{sample}.yaml")' in text
    assert str(folder.parent) not in text
    sources = yaml.safe_load((folder.parent / "given/config/results.yaml").read_text())
    (source,) = sources.values()
    assert {name: one["records"] for name, one in source["pipelines"].items()} == {
        "touch": "<results>/all_records/touch", "more": "<results>/all_records/more",
    }  # fmt: skip


def test_software_environments_go_along(project: Callable[..., Path]) -> None:
    folder = write(project(TOUCH), {"env.yaml": "dependencies: []\n"})
    with (folder / "touch.yaml").open("a") as interface:
        interface.write("snakemake: {conda: env.yaml, container: 'docker://debian'}\n")
    workflow = given(folder)
    text = (workflow / "workflow/Snakefile").read_text()
    assert (
        '    conda:\n        "envs/env.yaml"\n    container:\n        "docker://debian"\n' in text
    )
    assert (workflow / "workflow/envs/env.yaml").read_text() == "dependencies: []\n"
    assert "    snakemake --cores 8 --sdm conda apptainer\n" in (workflow / "README.md").read_text()


def test_files_with_blanks_in_their_names_are_copied(project: Callable[..., Path]) -> None:
    names = ("in double.txt", "d/in single.txt", "of a variable.txt")
    folder = write(project(TOUCH), dict.fromkeys(names, "x"))
    edit(folder / "touch.yaml", "grep", "cat \"in double.txt\" --b='d/in single.txt' it\\'s; grep")
    with (folder / "touch.yaml").open("a") as interface:
        interface.write("inject_env_vars: {FILE: of a variable.txt}\n")
    workflow = given(folder)
    assert [name for name in names if (workflow / "resources" / name).exists()] == [*names]
    assert "9.14 or\nnewer and the programs" in (workflow / "README.md").read_text()


def test_images_in_the_projects_folder_go_along(project: Callable[..., Path]) -> None:
    folder = write(project(TOUCH), {"images/tool.sif": "image"})
    with (folder / "touch.yaml").open("a") as interface:
        interface.write(f"snakemake: {{container: '{folder}/images/tool.sif'}}\n")
    workflow = given(folder)
    assert 'filled("<resources>/images/tool.sif")' in (workflow / "workflow/Snakefile").read_text()
    assert (workflow / "resources/images/tool.sif").read_text() == "image"


def test_a_large_image_stays_alone(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "MOST_BYTES", 50)
    folder = write(project(TOUCH), {"tool.sif": "image" * 20})
    with (folder / "touch.yaml").open("a") as interface:
        interface.write(f"snakemake: {{container: '{folder}/tool.sif'}}\n")
    (warning,) = standalone(folder).warnings
    assert warning == f"not copied: the image {folder}/tool.sif (0 MB); --copy-all copies it"
    workflow = folder.parent / "given"
    assert (
        f'container:\n        "{folder}/tool.sif"' in (workflow / "workflow/Snakefile").read_text()
    )
    assert (workflow / "resources/a.txt").read_text() == "a\n"


def test_the_projects_folder_is_no_part_of_a_command_if_nothing_is_copied(
    project: Callable[..., Path],
) -> None:
    folder = project({**TOUCH, "samples.csv": "sample_name,word\na,one\n"})
    edit(folder / "touch.yaml", "input_schema: schema.yaml", "")
    edit(folder / "touch.yaml", "fail.txt", f"{folder}/none.txt")
    assert str(folder) not in rows(given(folder))[0]["command"]


def test_folders_behind_links_are_copied_and_never_twice_or_without_end(
    example: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = write(example("count_lines"), {"../tools/deep/x.py": "", "../tools/.git/config": ""})
    (folder / "pipeline/tools").symlink_to(folder.parent / "tools")
    (folder / "pipeline/deep/").symlink_to(folder.parent / "tools/deep")
    (folder.parent / "tools/again").symlink_to(folder.parent / "tools/deep")
    (folder.parent / "tools/deep/up").symlink_to(folder.parent / "tools")
    (folder / "pipeline/results").symlink_to(folder / "results")
    write(folder, {"results/secret.txt": ""})
    copied = given(folder) / "workflow/pipelines/pipeline"
    assert {str(path.relative_to(copied)) for path in copied.rglob("*") if path.is_file()} >= {
        "tools/deep/x.py", "tools/again/x.py", "deep/x.py",
    }  # fmt: skip
    assert not [*copied.rglob("secret.txt"), *copied.rglob(".git")]


# --- assembling results ---------------------------------------------------------------------------


def assembled(folder: Path, completed: dict[str, list[str]] | None = None) -> list[str]:
    """Assemble `all.yaml` from the files in `records`; returns what cannot be used."""
    script = runpy.run_path(str(REPOSITORY / "workflow/standalone/scripts/assemble_results.py"))
    types = {"n": "integer", "x": "number", "ok": "boolean"}
    pipelines = {"p": {"records": str(folder / "records"), "types": types, "rules": ["p_sample"]}}
    lines: list[str] = script["assemble"](str(folder / "all.yaml"), pipelines, completed)
    return [line.replace(f"{folder}/", "") for line in lines]


def test_results_are_assembled_and_a_bad_file_costs_its_own_record(tmp_path: Path) -> None:
    write(tmp_path, {
        "all.yaml": "p:\n  project: {all: {n: 1}}\n  sample: {gone: {n: 9}, silent: {n: 8}}\n",
        "records/a.yaml": "p: {sample: {a: {n: '3', x: '1e2', ok: 'True', word: '4'}}}\n",
        "records/7.yaml": "p: {sample: {7: {n: many}}}\n",
        "records/b.yaml": "p: [1]\n",
        "records/c.yaml": "p: {sample: {c: 3}}\n",
        "records/d.yaml": "p: {sample: {d: {n: [}\n",
        "records/lock.a.yaml": "",
    })  # fmt: skip
    os.mkfifo(tmp_path / "records/e.yaml")
    faults = assembled(tmp_path, {"p": ["a", "silent"]})
    assert [line.partition(": left out: ")[0] for line in faults] == [
        "records/b.yaml", "records/c.yaml", "records/d.yaml",
    ]  # fmt: skip
    assert yaml.safe_load((tmp_path / "all.yaml").read_text()) == {
        "p": {
            "project": {"all": {"n": 1}},
            "sample": {
                "gone": {"n": 9},
                "7": {"n": "many"},
                "a": {"n": 3, "x": 100.0, "ok": True, "word": "4"},
            },
        }
    }


def test_after_a_failure_an_unchanged_results_file_keeps_its_time(tmp_path: Path) -> None:
    """It would be newer than the flags of project-level jobs, which would run again."""
    write(tmp_path, {"records/a.yaml": "p: {sample: {a: {n: 3}}}\n"})
    file = tmp_path / "all.yaml"
    assembled(tmp_path)
    os.utime(file, (1, 1))
    assembled(tmp_path)
    assert file.stat().st_mtime == 1
    assembled(tmp_path, {"p": ["a"]})
    assert file.stat().st_mtime > 1


# --- as text ---------------------------------------------------------------------------------------

RICH = {
    **TOUCH,
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [touch.yaml, a_pipeline_with_a_name_of_so_many_words_that_no_line_has_room_for_it.yaml]
        pipestat: {flag_file_dir: flags}
        """,
    "touch.yaml": '''
        pipeline_name: touch
        input_schema: schema.yaml
        sample_interface:
          command_template: |
            echo "{sample.word} it's" '"""' 'a\\b' \\
              and more
        project_interface:
          command_template: echo {samples | length}
        snakemake: {conda: env.yaml, resources: {mem_mb: 100 * attempt}}
        ''',
    "a_pipeline_with_a_name_of_so_many_words_that_no_line_has_room_for_it.yaml": """
        pipeline_name: a_pipeline_with_a_name_of_so_many_words_that_no_line_has_room_for_it
        sample_interface:
          command_template: echo
        compute: {docker_image: debian}
        snakemake:
          depends_on: touch
          output:
            - "{looper.output_dir}/{sample.sample_name}.txt"
            - "{looper.output_dir}/another_file_with_a_long_name_of_{sample.sample_name}.txt"
          resources: {disk_mb: 10 * attempt}
          benchmark: "{looper.output_dir}/{sample.sample_name}.tsv"
        """,
    "env.yaml": "dependencies: []\n",
}


def test_formatted_and_without_remarks_of_lint(
    project: Callable[..., Path], example: Callable[[str], Path]
) -> None:
    texts = []
    for folder in (project(RICH), example("count_lines"), example("no_pipestat")):
        target = folder / "given"
        write_standalone(folder / ".looper.yaml", Options(), target, force=False)
        texts += [str(target / "workflow/Snakefile"), *map(str, target.rglob("*.smk"))]
    done = run(str(BIN / "snakefmt"), "--check", "--diff", *texts, cwd=target)
    assert done.code == 0, done.text
    done = snakemake("--lint", cwd=Path(texts[0]).parents[1])
    assert "Congratulations" in done.text, done.text


# --- writing --------------------------------------------------------------------------------------


def test_written_again_only_where_something_has_changed(project: Callable[..., Path]) -> None:
    folder = project(TOUCH)
    workflow = given(folder)
    assert standalone(folder).paths == []
    edit(folder / "samples.csv", "three", "four")
    assert standalone(folder).paths == [workflow / "config/jobs.tsv"]
    edit(workflow / "config/jobs.tsv", "four", "five")
    (workflow / "resources/a.txt").write_text("mine\n")
    with pytest.raises(ProjectError) as caught:
        standalone(folder)
    assert str(caught.value).splitlines() == [
        f"{workflow / name}: exists and was not written by this command; use --force"
        for name in ("config/jobs.tsv", "resources/a.txt")
    ]
    standalone(folder, force=True)
    assert rows(workflow)[2]["command"].startswith("echo four")
    assert (workflow / "resources/a.txt").read_text() == "a\n"


def test_copies_that_no_job_needs_any_more_are_not_given_away(project: Callable[..., Path]) -> None:
    folder = project(TOUCH)
    workflow = given(folder)
    (workflow / "resources/b.txt").write_text("mine\n")
    (workflow / "resources/d.txt").write_text("mine\n")
    manifest = workflow / "workflow/.snakemake-looper.json"
    outside = folder / "c.txt"
    facts = outside.stat()
    noted = json.loads(manifest.read_text())
    noted |= {f"../{folder.name}/c.txt": f"{facts.st_size} {facts.st_mtime_ns}", "": None, "x": 3}
    manifest.write_text(json.dumps(noted))
    edit(folder / "samples.csv", "a,a.txt,one\nb,b.txt,two\n", "")
    standalone(folder)
    left = {path.name for path in (workflow / "resources").iterdir()}
    assert left == {"b.txt", "c.txt", "d.txt", "fail.txt"}, "what others wrote stays"
    assert outside.exists()


def test_the_schema_accepts_the_config(project: Callable[..., Path]) -> None:
    workflow = given(project(TOUCH))
    schema = yaml.safe_load((workflow / "workflow/schemas/config.schema.yaml").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    config = yaml.safe_load((workflow / "config/config.yaml").read_text())
    jsonschema.validate(config, schema)
    assert set(config) == set(schema["properties"])


# --- refusals -------------------------------------------------------------------------------------

REFUSED = {
    "database": (
        ".looper.yaml",
        "pipestat: {database: {sqlite_url: x.db}}",
        ".looper.yaml:4: pipestat.database: results in a database need this package; name a"
        " 'results_file_path', or run 'generate' without --standalone",
    ),
    "secret": (
        ".looper.yaml",
        "pipestat: {results_file_path: r.yaml, token: hidden}",
        ".looper.yaml:4: pipestat.token: may be a secret, which is not written; write it as"
        " ${VARIABLE}, or leave it out",
    ),
    "hooks": (
        "touch.yaml",
        "pre_submit: {python_functions: [looper.write_sample_yaml]}",
        "its Python functions run when a project is planned, and may write files that only this"
        " machine has; remove them, or run 'generate' without --standalone",
    ),
    "output": (
        "touch.yaml",
        "snakemake: {output: 'made/{sample.sample_name}'}",
        "'made/{sample}' is not in the output folder, and both workflows would write it; begin it"
        " with {looper.output_dir}",
    ),
    "input": (
        "touch.yaml",
        "snakemake: {input: '{looper.output_dir}/from_elsewhere'}",
        "input 'results/from_elsewhere' is in the output folder, and no job makes it; move it",
    ),
    "name": (
        "touch.yaml",
        "inject_env_vars: {WORD: <results>}",
        "command_template: has the text '<results>', which is a folder in the new workflow;"
        " change it",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_projects_that_cannot_be_given_away(project: Callable[..., Path], case: str) -> None:
    name, added, message = REFUSED[case]
    folder = project(TOUCH)
    with (folder / name).open("a") as file:
        file.write(f"{added}\n")
    (line,) = refused(folder).splitlines()
    assert line.endswith(message), line
    assert "hidden" not in line


def test_secrets_in_commands_are_told_and_not_shown(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_TOKEN", "hidden-1")
    monkeypatch.setenv("SECRET_SET", "echo")
    folder = project(TOUCH)
    with (folder / "project.yaml").open("a") as config:
        config.write(
            "sample_modifiers: {append: {word: $LAB_TOKEN, file: 'http://me:hidden-2@h'}}\n"
        )
    edit(folder / "samples.csv", "file,word", "place,words")
    edit(folder / "touch.yaml", "input_schema: schema.yaml", "")
    edit(folder / "touch.yaml", "grep", "curl {sample.file}; grep")
    with (folder / "touch.yaml").open("a") as interface:
        interface.write("inject_env_vars: {PGPASSWORD: x, URL: 'https://h/x?a=1'}\n")
    kinds = ["the value of $LAB_TOKEN", "a value for $PGPASSWORD", "a URL with a login or a key"]
    assert standalone(folder).warnings == [
        f"jobs of touch have {one}, and so has config/jobs.tsv; remove it there before you give it away"
        for one in kinds
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--standalone", "a", "-o", "b"),
            "--standalone: names a folder, and so does --output; name it once",
        ),
        (("--copy-all",), "--copy-all: is about --standalone; add that, or leave this out"),
    ],
)
def test_arguments_that_contradict_each_other(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(ProjectError) as caught:
        generate.execute(parser().parse_args(["generate", *words]))
    assert str(caught.value) == message


def test_the_command_prints_what_it_writes(
    project: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(TOUCH)
    target, config = folder.parent / "given", str(folder / ".looper.yaml")
    words = ["generate", "--standalone", str(target), "--config", config, "--samples", "b"]
    assert generate.execute(parser().parse_args(words)) == 0
    assert f"{target}/config/jobs.tsv\n" in capsys.readouterr().out
    assert [row["sample"] for row in rows(target)] == ["b"]


def test_the_projects_own_folder_is_refused(project: Callable[..., Path]) -> None:
    folder = project(TOUCH)
    (folder.parent / "link").symlink_to(folder)
    link = folder.parent / "link"
    for target in (folder, folder.parent, folder / "results/x", link, link / "results"):
        with pytest.raises(ProjectError, match=r"name (a new|another) one"):
            write_standalone(folder / ".looper.yaml", Options(), target, force=False)
