"""Where options come from, and which of several counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import pytest
from support.projects import TOUCH, edit, flags, write
from support.running import cli, inspect_json, use_looper

from snakemake_looper import Options, ProjectError
from snakemake_looper.plan.planner import plan_project

BOTH = {
    **TOUCH,
    "touch.yaml": """
        pipeline_name: touch
        sample_interface:
          command_template: sample {compute.mem}
        project_interface:
          command_template: project {compute.mem} {% for one in samples %}{one.sample_name}{% endfor %}
        compute: {mem: 1}
        """,
}


def commands(folder: Path, **options: object) -> dict[str, str]:
    """The project's command, and that of sample `a`, by level."""
    plan = plan_project(folder / ".looper.yaml", Options(**options))  # type: ignore[arg-type]
    return {job.level: job.command for job in plan.jobs if job.record in ("a", "demo")}


def cli_section(folder: Path, text: str) -> None:
    with (folder / ".looper.yaml").open("a") as file:
        file.write("cli:\n" + indent(text, "  "))


def test_each_level_has_its_section(project: Callable[..., Path]) -> None:
    """`cli: run:` is about samples, `cli: runp:` about the project; the command line about both."""
    folder = project(BOTH)
    cli_section(folder, "run: {command-extra: -s, compute: mem=2}\nrunp: {command-extra: -p}\n")
    assert commands(folder) == {"sample": "sample 2 -s", "project": "project 1 abc -p"}
    over = commands(folder, command_extra="-c", compute=(("mem", "3"),))
    assert over == {"sample": "sample 3 -c", "project": "project 3 abc -c"}


def test_the_pep_may_have_a_cli_section(project: Callable[..., Path]) -> None:
    folder = project(BOTH)
    with (folder / "project.yaml").open("a") as file:
        file.write("looper:\n  cli:\n    run: {command_extra: -r}\n    all: {compute: mem=5}\n")
    assert commands(folder) == {"sample": "sample 5 -r", "project": "project 5 abc "}
    cli_section(folder, "run: {command-extra: -s}\n")
    assert commands(folder)["sample"] == "sample 5 -s"


def test_settings_are_below_compute_and_above_the_rest(project: Callable[..., Path]) -> None:
    folder = project({**BOTH, "cluster.yaml": "mem: 8\ncores: 3\n"})
    plan = plan_project(folder / ".looper.yaml", Options(settings="cluster.yaml"))
    assert {(job.threads, job.resources["mem_mb"]) for job in plan.jobs} == {(3, 8)}
    over = Options(settings="cluster.yaml", compute=(("mem", "9"),))
    plan = plan_project(folder / ".looper.yaml", over)
    assert {(job.threads, job.resources["mem_mb"]) for job in plan.jobs} == {(3, 9)}
    below = folder / "below"
    write(below, {"mine.yaml": "mem: 4\n"})
    jobs = inspect_json(below, "--settings", "mine.yaml")["jobs"]
    assert {job["compute"]["mem"] for job in jobs} == {4}, "relative to where it is typed"


def test_an_edited_settings_file_makes_a_new_plan(project: Callable[..., Path]) -> None:
    folder = project({**BOTH, "cluster.yaml": "mem: 8\n"})
    words = ("-n", "--config", "settings=cluster.yaml")
    assert "sample 8" in use_looper(*words, "-p", cwd=folder).text
    write(folder, {"cluster.yaml": "mem: 10\n"})
    assert "sample 10" in use_looper(*words, "-p", cwd=folder).text


DIVVY = """
compute_packages:
  default: {submission_template: t.sub, submission_command: sh, partition: short}
  big: {submission_template: t.sub, submission_command: sbatch, partition: long, mem: 77}
"""


def test_compute_packages(project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """What a divvy package sets is below everything else; templates see all of it."""
    folder = project({**BOTH, "divvy.yaml": DIVVY})
    edit(folder / "touch.yaml", "sample {", "cmd {compute.submission_command} {")

    def job(**options: str) -> tuple[str, object]:
        found = plan_project(folder / ".looper.yaml", Options(**options)).jobs[0]
        return found.command, found.resources.get("slurm_partition")

    assert job(divvy="divvy.yaml") == ("cmd sh 1 ", "short")
    assert job(divvy="divvy.yaml", package="big") == ("cmd sbatch 1 ", "long")
    monkeypatch.setenv("DIVCFG", str(folder / "divvy.yaml"))
    assert job(package="big") == ("cmd sbatch 1 ", "long")
    assert inspect_json(folder)["jobs"][0]["command"] == "cmd sh 1 "
    with pytest.raises(ProjectError, match=r"there is no package 'bigg' \(did you mean 'big'\?\)"):
        job(package="bigg")
    monkeypatch.delenv("DIVCFG")
    with pytest.raises(ProjectError, match=r"compute\.submission_command\} is undefined"):
        job()


def test_a_package_of_no_file_is_a_warning(project: Callable[..., Path]) -> None:
    plan = plan_project(project(BOTH) / ".looper.yaml", Options(package="slurm"))
    (warning,) = plan.warnings
    assert warning == (
        "--package: 'slurm' is ignored: neither --divvy nor $DIVCFG names a file with packages;"
        " choose a cluster with a Snakemake profile"
    )


def test_another_pep_and_other_interfaces(project: Callable[..., Path]) -> None:
    folder = project(
        {
            **BOTH,
            "other.csv": "sample_name\nz\n",
            "more.yaml": "pipeline_name: more\nsample_interface: {command_template: more}\n",
            "end.yaml": "pipeline_name: end\nproject_interface: {command_template: end}\n",
        }
    )
    below = folder / "below"
    below.mkdir()
    words = ("--pep-config", "../other.csv", "--spi", "../more.yaml", "--ppi", "../end.yaml")
    jobs = inspect_json(below, *words)["jobs"]
    assert [(job["pipeline"], job["record"]) for job in jobs] == [("more", "z"), ("end", "project")]


def test_interfaces_of_the_pep_are_project_level(project: Callable[..., Path]) -> None:
    folder = project(
        {**TOUCH, "end.yaml": "pipeline_name: end\nproject_interface: {command_template: end}\n"}
    )
    with (folder / "project.yaml").open("a") as file:
        file.write("looper: {pipeline_interfaces: [end.yaml]}\n")
    assert [job.pipeline for job in plan_project(folder / ".looper.yaml").jobs][-1] == "end"


# --- the output folder ----------------------------------------------------------------------------

AMENDED = """
    name: demo
    sample_table: samples.csv
    project_modifiers:
      amend:
        other: {looper: {output_dir: amended}}
        more: {looper: {output_dir: more, cli: {run: {command_extra: -m}}}}
        plain: {description: plain}
    """
WHERE = {
    **TOUCH,
    ".looper.yaml": """
        pep_config: meta/project.yaml
        output_dir: config
        pipeline_interfaces: [touch.yaml]
        """,
    "meta/project.yaml": AMENDED,
    "meta/samples.csv": "sample_name\na\n",
    "touch.yaml": "pipeline_name: touch\nsample_interface: {command_template: 'echo {looper.output_dir}x'}\n",
}


def where(folder: Path, **options: object) -> str:
    """`{looper.output_dir}` and an `x`, relative to the project."""
    (command,) = commands(folder, **options).values()
    return command.removeprefix("echo ").strip().replace(f"{folder}/", "")


def test_the_output_folder_of_an_amendment(project: Callable[..., Path]) -> None:
    """Precedence pair by pair: command line, `cli:`, amendment, PEP, looper config."""
    folder = project(WHERE)
    assert where(folder) == "configx"
    assert where(folder, amend=("plain",)) == "configx"
    assert where(folder, amend=("other",)) == "meta/amendedx", "relative to the PEP"
    assert where(folder, amend=("more", "other")) == "meta/amendedx", "the last one counts"
    assert where(folder, amend=("other", "more")) == "meta/more" + "x -m"
    with (folder / "meta/project.yaml").open("a") as file:
        file.write("looper: {output_dir: pep}\n")
    assert where(folder) == "meta/pepx"
    assert where(folder, amend=("other",)) == "meta/amendedx"
    cli_section(folder, "run: {output_dir: cli}\n")
    assert where(folder, amend=("other",)) == "clix", "relative to the looper config"
    assert where(folder, amend=("other",), output_dir="typed") == "typedx"


def test_the_output_folder_of_an_import(project: Callable[..., Path]) -> None:
    """Relative to the file that declares it, which is the import; the PEP's own beats it."""
    folder = project(
        {
            **WHERE,
            "meta/project.yaml": "sample_table: samples.csv\nproject_modifiers:\n"
            "  import: [first/one.yaml, lab/two.yaml]\n",
            "meta/first/one.yaml": "name: demo\nlooper: {output_dir: one}\n",
            "meta/lab/two.yaml": "looper: {output_dir: two}\n",
        }
    )
    assert where(folder) == "meta/lab/twox"
    with (folder / "meta/project.yaml").open("a") as file:
        file.write("looper: {output_dir: own}\n")
    assert where(folder) == "meta/ownx"


def test_an_amended_run_has_its_own_flags(project: Callable[..., Path]) -> None:
    folder = project(WHERE)
    assert use_looper("--quiet", cwd=folder).code == 0
    amended = use_looper("--config", "amend=other", cwd=folder)
    assert amended.jobs() == ["touch_sample:a"]
    assert flags(folder / "meta/amended") == flags(folder / "config") == ["touch_a_completed.flag"]
    assert "Nothing to be done" in use_looper("--config", "amend=other", cwd=folder).text


@pytest.mark.parametrize("pipestat", ["", "pipestat: {flag_file_dir: flags}\n"])
def test_a_slash_behind_the_output_folder(project: Callable[..., Path], pipestat: str) -> None:
    """It reaches the template, from wherever it comes; no path changes by it."""
    folder = project({**WHERE, "meta/samples.csv": "sample_name\na\nb\n"})
    with (folder / ".looper.yaml").open("a") as file:
        file.write(pipestat)
    with (folder / "touch.yaml").open("a") as file:
        file.write(
            "snakemake: {input: '{looper.output_dir}/x.txt', output: '{looper.output_dir}/y{sample.sample_name}'}\n"
        )
    config = folder / ".looper.yaml"
    amend = folder / "meta/project.yaml"

    def planned(**options: object) -> tuple[str, list[object]]:
        plan = plan_project(config, Options(**options))  # type: ignore[arg-type]
        paths = [(job.flag, job.log, job.inputs, dict(job.env)) for job in plan.jobs]
        paths += [(one.path, dict(one.content)) for one in plan.configs]
        return plan.jobs[0].command, [plan.out, plan.results_dir, *paths]

    command, plain = planned()
    edit(config, "output_dir: config", "output_dir: config/")
    assert planned() == (command.replace("configx", "config/x"), plain)
    assert planned(output_dir="config/") == (command.replace("configx", "config/x"), plain)
    assert planned(output_dir="config") == (command, plain)
    edit(amend, "output_dir: amended", "output_dir: ../config//")
    assert planned(amend=("other",)) == (command.replace("configx", "config/x"), plain)
    (job, _) = inspect_json(folder / "meta", "--output-dir", "../config/")["jobs"]
    assert job["command"] == command.replace("configx", "config/x")


def test_a_brace_in_the_output_folder_is_named_where_it_stands(
    project: Callable[..., Path],
) -> None:
    folder = project(WHERE)
    edit(folder / "meta/project.yaml", "output_dir: amended", "output_dir: 'a{b}'")
    for options, place in (
        (Options(amend=("other",)), "meta/project.yaml:5: output_dir: "),
        (Options(output_dir="<x>"), "--output-dir: "),
    ):
        with pytest.raises(ProjectError) as caught:
            plan_project(folder / ".looper.yaml", options)
        (problem,) = caught.value.problems
        assert str(problem).removeprefix(f"{folder}/").startswith(place)
        assert "to Snakemake; rename the folder" in str(problem)


# --- selection by status --------------------------------------------------------------------------


def test_selection_by_status(project: Callable[..., Path]) -> None:
    """For each pipeline by itself, where its flags are (quirk 13)."""
    folder = project(
        {
            **TOUCH,
            "touch.yaml": TOUCH["touch.yaml"].replace("{sample.word} &&", "{sample.word} && ! test -e fail_touch &&"),
            "more.yaml": "pipeline_name: more\nsample_interface: {command_template: '[ {sample.sample_name} != b ]'}\n",
        }
    )  # fmt: skip
    edit(folder / ".looper.yaml", "[touch.yaml]", "[touch.yaml, more.yaml]")
    write(folder, {"fail.txt": "a\n"})
    assert use_looper(cwd=folder).code == 1

    def selected(*words: str) -> list[tuple[str, str]]:
        jobs = inspect_json(folder, *words)["jobs"]
        return [(job["pipeline"], job["record"]) for job in jobs]

    failed = [("touch", "a"), ("more", "b")]
    assert selected("--sel-flag", "failed") == failed
    assert selected("--exc-flag", "completed") == failed
    assert selected("--sel-flag", "FAILED,partial") == failed
    assert len(selected("--exc-flag", "failed")) == 4
    assert selected("--sel-flag", "running") == []
    reasons = {one["reason"] for one in inspect_json(folder, "--sel-flag", "failed")["skipped"]}
    assert reasons == {"status completed is not among --sel-flag failed"}
    write(folder, {"fail.txt": ""})
    done = use_looper("--config", "sel_flag=failed", cwd=folder)
    assert done.jobs() == ["more_sample:b", "touch_sample:a"]
    again = use_looper("-n", "--config", "sel_flag=failed", cwd=folder)
    assert again.jobs() == ["more_sample:b"], "what has another status now is looked at anew"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--sel-flag", "done"),
            "--sel-flag: 'done' is no status; there are completed, running, waiting, partial,"
            " failed",
        ),
        (("--sel-flag", "failed", "--exc-flag", "failed"), "--sel-flag: cannot be combined with --exc-flag; choose one"),
    ],
)  # fmt: skip
def test_an_unknown_status(touch: Path, words: tuple[str, ...], message: str) -> None:
    done = cli("inspect", *words, cwd=touch)
    assert (done.code, done.err) == (2, f"error: {message}\n")


@pytest.mark.parametrize(
    "words",
    [
        ("--compute", "mem=7", "partition=a,b"),
        ("--compute", "mem=7,partition=a,b"),
        ("--compute", "mem=7", "--compute", "partition=a,b"),
    ],
)
def test_compute_settings_in_one_word_or_several(touch: Path, words: tuple[str, ...]) -> None:
    jobs = inspect_json(touch, *words)["jobs"]
    assert jobs[0]["compute"] == {"mem": "7", "partition": "a,b"}


def test_samples_by_name(touch: Path) -> None:
    jobs = inspect_json(touch, "--samples", "a,c")["jobs"]
    assert [job["record"] for job in jobs] == ["a", "c"]
    assert use_looper("-n", "--config", "samples=a,c", cwd=touch).jobs() == [
        "touch_sample:a",
        "touch_sample:c",
    ]
    repeated = inspect_json(touch, "--samples", "a", "--samples", "c")["jobs"]
    assert [job["record"] for job in repeated] == ["a", "c"]


# --- older spellings -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "text", "warning"),
    [
        (".looper.yaml", "config_file_path: x", "config_file_path: is not read any more; write pep_config"),
        (".looper.yaml", "cli: {run: {lumpn: 3}}", "lumpn: is not read any more; write 'lump_n'"),
        (".looper.yaml", "cli: {run: {ignore-flags: true}}", "ignore-flags: is not read any more; write Snakemake's --forceall"),
        ("project.yaml", "derived_attributes: [x]", "derived_attributes: is not read any more; write 'sample_modifiers: derive: attributes: [x]'"),
        ("project.yaml", "looper: {toggle_key: x}", "toggle_key: is not read any more; write a column 'toggle', or 'sel_attr'"),
        ("touch.yaml", "required_input_files: [x]", "required_input_files: is not read any more; write 'tangible' in the input schema"),
        ("touch.yaml", "compute: {dynamic_variables_script_path: x}", "compute.dynamic_variables_script_path: is not read any more; write 'pre_submit: command_templates:'"),
        ("touch.yaml", "ouput_schema: x", "ouput_schema: unknown key, and no template uses {pipeline.ouput_schema} (did you mean 'output_schema'?)"),
    ],
)  # fmt: skip
def test_older_spellings_are_named(touch: Path, file: str, text: str, warning: str) -> None:
    with (touch / file).open("a") as opened:
        opened.write(f"{text}\n")
    (said,) = plan_project(touch / ".looper.yaml").warnings
    assert said.endswith(warning)


@pytest.mark.parametrize("name", ["file", "record_id", "config", "schema", "namespace"])
def test_names_of_looper_1_in_templates(project: Callable[..., Path], name: str) -> None:
    new = {
        "file": "results_file",
        "record_id": "record_identifier",
        "config": "config_file",
        "schema": "output_schema",
    }
    folder = project(
        {
            **TOUCH,
            "touch.yaml": "pipeline_name: t\noutput_schema: out.yaml\nsample_interface:\n"
            f"  command_template: '{{pipestat.{name}}}={{pipestat.{new.get(name, 'record_identifier')}}}'\n",
            "out.yaml": "pipeline_name: t\nsamples: {n: {type: integer, description: n}}\n",
        }
    )
    with (folder / ".looper.yaml").open("a") as file:
        file.write("pipestat: {results_file_path: r.yaml}\n")
    old, _, now = plan_project(folder / ".looper.yaml").jobs[0].command.strip().partition("=")
    assert old == ("demo" if name == "namespace" else now)
    assert old


# --- the place of an option's file ------------------------------------------------------------------

DIVVY_FILE = "compute_packages: {default: {submission_command: sh}, slurm: {}}\n"


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        ({"settings": "nope.yaml"}, ["--settings: 'nope.yaml' does not exist (nope.yaml); correct the path"]),
        ({"settings": "."}, ["--settings: '.' is a folder; write the path of a file"]),
        ({"settings": "$NO_SUCH_X/a.yaml"}, ["--settings: '$NO_SUCH_X/a.yaml': the environment variable NO_SUCH_X is not set; set it, or write the value itself"]),
        ({"divvy": "nope.yaml"}, ["--divvy: 'nope.yaml' does not exist (nope.yaml); correct the path"]),
        ({"divvy": "divvy.yaml", "package": "slum"}, ["--package: there is no package 'slum' (did you mean 'slurm'?); divvy.yaml has default, slurm"]),
        ({"lump_n": "2", "lump_j": "2"}, ["--lump-n: cannot be combined with --lump-j; choose one"]),
        ({"lump": "x"}, ["--lump: 'x' is not a number of GB; correct it"]),
    ],
)  # fmt: skip
def test_options_are_named_where_they_stand(
    touch: Path, options: dict[str, str], messages: list[str]
) -> None:
    """As typed; and in the same words at the line of a `cli:` section."""
    write(touch, {"divvy.yaml": DIVVY_FILE})

    def said(given: Options | None = None) -> list[str]:
        with pytest.raises(ProjectError) as caught:
            plan_project(touch / ".looper.yaml", given)
        return [str(one).replace(f"{touch}/", "") for one in caught.value.problems]

    assert said(Options(**options)) == messages  # type: ignore[arg-type]
    cli_section(touch, "run:\n" + "".join(f"  {key}: {value}\n" for key, value in options.items()))
    words = messages[0].partition(": ")[2]
    name = messages[0].partition(": ")[0].removeprefix("--").replace("-", "_")
    line = 6 + list(options).index(name)
    assert said() == [f".looper.yaml:{line}: {name}: {words}"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("run: [limit]\n", ".looper.yaml:5: cli.run: must be a mapping; write options with their values below it, as in 'limit: 3'"),
        ("run: limit\n", ".looper.yaml:5: cli.run: must be a mapping; write options with their values below it, as in 'limit: 3'"),
        ("run: {sel_incl: {a: b}}\n", ".looper.yaml:5: sel_incl: '{'a': 'b'}' is not a single value; write a text, or a list of texts"),
    ],
)  # fmt: skip
def test_a_section_of_another_form(touch: Path, text: str, line: str) -> None:
    cli_section(touch, text)
    with pytest.raises(ProjectError) as caught:
        plan_project(touch / ".looper.yaml")
    assert [str(one).replace(f"{touch}/", "") for one in caught.value.problems] == [line]


def test_an_option_below_no_command(touch: Path) -> None:
    cli_section(touch, "limit: 1\nrun:\n")
    (said,) = plan_project(touch / ".looper.yaml").warnings
    what = "ignored: it stands below no command; write it below 'run:'"
    assert said == f"{touch}/.looper.yaml:5: cli.limit: {what}"


def test_a_misspelt_section_and_option(touch: Path) -> None:
    cli_section(touch, "rum: {limit: 1}\nrun:\n  limt: 1\n")
    warnings = [
        one.replace(f"{touch}/", "") for one in plan_project(touch / ".looper.yaml").warnings
    ]
    assert warnings == [
        ".looper.yaml:5: cli.rum: ignored; only 'run' and 'runp' are read (did you mean 'run'?)",
        ".looper.yaml:7: limt: no option, ignored (did you mean 'limit'?)",
    ]
