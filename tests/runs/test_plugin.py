"""The plugin and Snakemake: options pass through, child processes stay cheap, others unharmed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from snakemake.cli import parse_args
from support.projects import edit, flags, write
from support.running import BIN, Run, cli, environment, python, snakemake, use_looper

from snakemake_logger_plugin_looper import hook
from snakemake_looper.run.from_command_line import Asked

CHILD = ("--mode", "subprocess", "--nolock", "--force", "--cores", "1", "--quiet", "all")


def snakefile(folder: Path) -> Path:
    (found,) = folder.glob(".snakemake/looper/*/Snakefile")
    return found


# --- options -----------------------------------------------------------------------------------


def test_help_shows_the_option(tmp_path: Path) -> None:
    assert "--use-looper-config [PATH]" in snakemake("--help", cwd=tmp_path).out


def test_the_nearest_config_upwards_and_by_path(touch: Path, tmp_path: Path) -> None:
    below = touch / "some/where"
    below.mkdir(parents=True)
    assert len(use_looper("-n", cwd=below).jobs()) == 3
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    as_in_the_catalog = ("--logger", "looper", "--logger-looper-use-looper-config")
    assert len(snakemake(*as_in_the_catalog, "--cores", "1", "-n", cwd=touch).jobs()) == 3
    for words in (
        ("--use-looper-config", "../project"),
        ("--use-looper-config", "../project/.looper.yaml"),
        (*as_in_the_catalog, str(touch)),
    ):
        done = snakemake(*words, "--cores", "1", cwd=elsewhere)
        assert done.code == 0, done.err
    assert not list(elsewhere.iterdir()), "everything is in the project's folder"
    assert len(flags(touch)) == 3


def test_no_looper_config_says_where_it_looked(tmp_path: Path) -> None:
    done = snakemake("--use-looper-config", cwd=tmp_path)
    assert done.code == 2
    assert (
        f"{tmp_path}: no .looper.yaml here nor in any folder above ({tmp_path.parent}" in done.err
    )
    assert "Traceback" not in done.err


def test_options_of_snakemake_pass_through(touch: Path) -> None:
    assert use_looper("-n", cwd=touch).jobs() == [f"touch_sample:{name}" for name in "abc"]
    assert not (touch / "results").exists(), "a dry run writes nothing outside .snakemake"
    assert use_looper(
        "-n", "results/results_pipeline/b/touch_b_completed.flag", cwd=touch
    ).jobs() == ["touch_sample:b"]
    assert use_looper(cwd=touch).code == 0
    assert use_looper("-n", "--forcerun", "touch_sample", cwd=touch).jobs() == [
        f"touch_sample:{name}" for name in "abc"
    ]
    assert use_looper("-n", "--forceall", "--until", "touch_sample", cwd=touch).jobs()
    assert "digraph" in use_looper("--dag", cwd=touch).out
    assert "touch_sample" in use_looper("--list-rules", cwd=touch).text
    report = use_looper("--report", "report.html", cwd=touch)
    assert report.code == 0, report.err
    assert (touch / "report.html").stat().st_size > 10_000
    assert use_looper("--unlock", cwd=touch).code == 0


@pytest.mark.parametrize("target", ["samples", "project", "count_lines"])
def test_targets_are_those_of_the_snakefile(example: Callable[[str], Path], target: str) -> None:
    jobs = use_looper("-n", target, cwd=example("count_lines")).jobs()
    assert ("count_lines_project" in jobs) == (target != "samples")
    assert "count_lines_sample:canada" in jobs


def test_a_target_behind_an_option_that_takes_words(touch: Path) -> None:
    """Behind `--use-looper-config` it is no path, behind `--logger` no logger."""
    jobs = [f"touch_sample:{name}" for name in "abc"]
    done = snakemake("--cores", "1", "-n", "--use-looper-config", "touch", cwd=touch)
    assert (done.code, done.jobs()) == (0, jobs), done.err
    done = use_looper("-n", "--logger", "looper", "touch", cwd=touch)
    assert (done.code, done.jobs()) == (0, jobs), done.err


def test_directory_overrides_where_jobs_run(touch: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write(other, {"fail.txt": "", **{f"{name}.txt": name for name in "abc"}})
    edit(touch / "touch.yaml", "echo {sample.word}", "pwd > {sample.file}.pwd")
    done = use_looper("--directory", str(other), cwd=touch)
    assert done.code == 0, done.err
    assert (other / "a.txt.pwd").read_text().strip() == str(other)
    assert (other / ".snakemake").is_dir() and not (touch / ".snakemake").exists()


def test_a_snakefile_of_ones_own_is_a_contradiction(touch: Path) -> None:
    done = use_looper("--snakefile", "Snakefile", cwd=touch)
    assert (done.code, done.err) == (
        2,
        "error: --use-looper-config chooses the Snakefile; remove --snakefile\n",
    )


def test_a_profile_of_ones_own_is_merged_and_the_plan_made_once(touch: Path) -> None:
    write(touch, {"site/config.yaml": "printshellcmds: true\n"})
    done = use_looper("--profile", "site", cwd=touch)
    assert done.code == 0
    assert "source .snakemake/looper/scripts/job.sh" in done.text
    assert len(list((touch / ".snakemake/looper/index").iterdir())) == 1


def test_snakemake_names_profiles_of_users_only(
    touch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The profile beside the plan applies to every run, so it is no news."""
    monkeypatch.chdir(touch)
    write(touch, {"site/config.yaml": "printshellcmds: true\n"})

    def said(*words: str) -> str:
        _, parsed = parse_args(["--use-looper-config", "--cores", "1", *words])
        assert parsed.keep_going or "--workflow-profile" in words, "it applies"
        return capsys.readouterr().err

    assert said() == ""
    assert said("--verbose").startswith("Using workflow specific profile /")
    # Snakemake 9.14 names the profile as it was typed, later versions name its folder.
    assert re.match(rf"Using profiles ({touch}/)?site and ", said("--profile", "site"))
    assert said("--workflow-profile", "site").startswith("Using workflow specific profile site")
    assert said() == ""


def test_a_kept_plan_is_for_the_second_parsing_of_the_same_call(
    touch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call of Snakemake that ends between its two parsings leaves its plan behind."""
    monkeypatch.chdir(touch)
    asked = Asked()
    kept = hook._plan(asked, is_first=True, is_second=False)
    assert hook._plan(asked, is_first=False, is_second=True) is kept
    hook._plan(asked, is_first=True, is_second=False)
    edit(touch / "samples.csv", "two", "deux")
    later = hook._plan(asked, is_first=False, is_second=False)
    assert later.folder != kept.folder


@pytest.mark.parametrize(
    ("module", "where"),
    [
        ("run.controller", "controller.Controller.take"),
        ("run.controller", "controller.Controller.mark_abandoned"),
        ("show.summary", "summary.closing_summary"),
        ("show.choice", "choice.choose"),
        ("show.plain", "plain.PlainLines.progress"),
        ("show.plain", "plain.PlainLines.failed"),
    ],
)
def test_errors_of_the_plugin_do_not_pass_silently_and_break_nothing(
    touch: Path, module: str, where: str
) -> None:
    """What goes wrong in the plugin is the plugin's problem, not the run's."""
    write(touch, {"fail.txt": "b\n"})
    code = (
        f"import snakemake_looper.{module} as {module.split('.')[-1]}\n"
        f"{where} = lambda *a, **k: 1 / 0\n"
        "from snakemake.cli import main\n"
        "main(['--use-looper-config', '--cores', '1'])\n"
    )
    done = python(code, cwd=touch)
    assert done.code == 1
    assert [name.rsplit("_")[-1] for name in flags(touch)] == [
        "completed.flag", "failed.flag", "completed.flag",
    ]  # fmt: skip
    assert "error in the looper logger plugin (the run is not affected)" in done.err
    assert "ZeroDivisionError" in done.err


def test_no_error_in_the_handler(touch: Path) -> None:
    (touch / "fail.txt").write_text("b\n")
    done = use_looper(cwd=touch)
    for word in ("Logging error", "error in the looper", "Traceback"):
        assert word not in done.text


# --- processes ---------------------------------------------------------------------------------


@pytest.fixture
def modules(tmp_path: Path) -> Callable[..., tuple[Run, set[str]]]:
    """Run snakemake and tell which modules it imported."""
    site = write(
        tmp_path / "site",
        {
            "sitecustomize.py": """
                import atexit, os, sys
                def dump():
                    with open(os.environ["DUMP"], "w") as file:
                        file.write("\\n".join(sys.modules))
                atexit.register(dump)
                """
        },
    )

    def measure(*words: str, cwd: Path) -> tuple[Run, set[str]]:
        dump = tmp_path / "modules.txt"
        done = snakemake(*words, cwd=cwd, PYTHONPATH=str(site), DUMP=str(dump))
        return done, set(dump.read_text().split("\n"))

    return measure


def test_a_child_process_imports_nothing_heavy(
    example: Callable[[str], Path], tmp_path: Path, modules: Callable[..., tuple[Run, set[str]]]
) -> None:
    folder = example("count_lines")
    assert use_looper(cwd=folder).code == 0
    target = ("--target-jobs", "count_lines_sample:sample=canada")
    allowed = ("--allowed-rules", "count_lines_sample")
    done, ours = modules(
        "--snakefile", str(snakefile(folder)), *target, *allowed, *CHILD, cwd=folder
    )
    assert done.code == 0, done.err
    bare = write(tmp_path / "bare", {
        "Snakefile": 'rule a:\n    output:\n        "{x}.txt",\n    shell:\n        "touch {output}"\n'
    })  # fmt: skip
    done, theirs = modules("--target-jobs", "a:x=1", "--allowed-rules", "a", *CHILD, cwd=bare)
    assert done.code == 0, done.err
    foreign = {name for name in ours - theirs if name.split(".")[0] not in sys.stdlib_module_names}
    names = (
        "engine", "engine_logs", "engine_records", "engine_storage", "forced", "job_table",
        "looper_records", "lookups", "lump_lookups", "lumps", "places", "rows",
    )  # fmt: skip
    reader = {f"workspace.{name}" for name in names}
    ground = {"addresses", "files", "layout", "remote_files", "system_errors", "version"}
    cheap = {"for_snakefiles", "workspace", *ground, *reader}
    assert foreign == {"snakemake_looper", *(f"snakemake_looper.{name}" for name in cheap)}
    # An executor plugin that is installed may bring some of these into every process.
    assert not {"peppy", "pandas", "eido", "pipestat"} & (ours - theirs)


def test_planning_again_without_changes_imports_no_peppy(
    touch: Path, modules: Callable[..., tuple[Run, set[str]]]
) -> None:
    assert "peppy" in modules("--use-looper-config", "-n", cwd=touch)[1]
    assert "peppy" not in modules("--use-looper-config", "-n", cwd=touch)[1]
    edit(touch / "samples.csv", "two", "deux")
    assert "peppy" in modules("--use-looper-config", "-n", cwd=touch)[1]


def test_the_plugin_package_imports_nothing_of_ours(tmp_path: Path) -> None:
    code = """
import sys, snakemake.cli
before = set(sys.modules)
import snakemake_logger_plugin_looper
print(sorted(set(sys.modules) - before))
"""
    done = python(code, cwd=tmp_path)
    assert done.out.strip() == (
        "['snakemake_logger_plugin_looper', 'snakemake_logger_plugin_looper.hook']"
    )


# --- plans on disk -----------------------------------------------------------------------------


def test_a_changed_plan_is_a_new_folder_beside_the_old_one(touch: Path) -> None:
    assert use_looper("-n", cwd=touch).code == 0
    first = snakefile(touch).parent
    before = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    edit(touch / "samples.csv", "two", "deux")
    assert use_looper("-n", cwd=touch).code == 0
    assert {path: path.read_bytes() for path in first.rglob("*") if path.is_file()} == before
    assert len(list(touch.glob(".snakemake/looper/*/Snakefile"))) == 2
    edit(touch / "samples.csv", "deux", "two")
    assert use_looper("-n", cwd=touch).code == 0
    assert len(list(touch.glob(".snakemake/looper/*/Snakefile"))) == 2, "the first is used again"


def test_another_text_of_the_rules_runs_nothing_again(touch: Path) -> None:
    """As after an upgrade of this package: what can change in a job is in params and inputs."""
    assert use_looper(cwd=touch).code == 0
    notes = [path for path in (touch / ".snakemake/metadata").iterdir() if path.is_file()]
    for path in notes:
        note = json.loads(path.read_text())
        path.write_text(json.dumps({**note, "code": "of another version"}))
    assert notes
    assert "Nothing to be done" in use_looper("-n", cwd=touch).text
    dry = use_looper("-n", "--rerun-triggers", "code", cwd=touch)
    assert "touch_sample:a" in dry.jobs()


def test_a_comment_makes_no_new_plan(touch: Path) -> None:
    assert use_looper("-n", cwd=touch).code == 0
    stamp = snakefile(touch).stat().st_mtime_ns
    edit(touch / "touch.yaml", "pipeline_name", "# comment\npipeline_name")
    assert use_looper("-n", cwd=touch).code == 0
    assert snakefile(touch).stat().st_mtime_ns == stamp


def test_a_change_of_the_environment_is_noticed(touch: Path) -> None:
    edit(touch / "touch.yaml", "echo {sample.word}", "echo {pipeline.var_templates.who}")
    with (touch / "touch.yaml").open("a") as file:
        file.write('var_templates: {who: "$WHO"}\n')
    assert use_looper(cwd=touch, WHO="me").code == 0
    assert use_looper(cwd=touch, WHO="me").jobs() == []
    assert len(use_looper("-n", cwd=touch, WHO="you").jobs()) == 3


def test_what_a_plan_watches(project: Callable[..., Path]) -> None:
    """Nested imports of the PEP, variables in its table, and what a pattern matches."""
    folder = project(
        {
            ".looper.yaml": """
                pep_config: project.yaml
                output_dir: results
                pipeline_interfaces: [p.yaml]
                sample_modifiers:
                  append: {more: x}
                """,
            "project.yaml": "project_modifiers:\n  import: [one.yaml]\nsample_table: s.csv\n",
            "one.yaml": "project_modifiers:\n  import: [two.yaml]\n",
            "two.yaml": "color: red\n",
            "s.csv": "sample_name,file\na,${DD}/a.txt\n",
            "in.yaml": "properties: {samples: {items: {tangible: [file]}}}\n",
            "p.yaml": "pipeline_name: p\ninput_schema: in.yaml\nsample_interface:\n"
            "  command_template: echo {project.color} {sample.file}\n",
            "one/a.txt": "",
            "two/a.txt": "",
        }
    )

    def inputs(**env: str) -> str:
        done = use_looper("-n", cwd=folder, **env)
        found = re.search(r"input: (\S*a.txt)", done.text)
        assert found, done.text
        return found[1]

    assert inputs(DD="one") == "one/a.txt"
    assert inputs(DD="two") == "two/a.txt"
    assert use_looper(cwd=folder, DD="two").code == 0
    edit(folder / "two.yaml", "red", "blue")
    assert use_looper("-n", cwd=folder, DD="two").jobs() == ["p_sample:a"]


def test_a_new_match_of_a_pattern_is_noticed(project: Callable[..., Path]) -> None:
    folder = project(
        {
            ".looper.yaml": """
                pep_config: project.yaml
                output_dir: results
                pipeline_interfaces: [p.yaml]
                sample_modifiers:
                  append: {more: x}
                """,
            "project.yaml": """
                sample_table: s.csv
                sample_modifiers:
                  append: {files: all}
                  derive: {attributes: [files], sources: {all: "data/{sample_name}_*.txt"}}
                """,
            "s.csv": "sample_name\na\n",
            "p.yaml": "pipeline_name: p\nsample_interface:\n  command_template: echo {sample.files}\n",
            "data/a_1.txt": "",
        }
    )
    assert use_looper(cwd=folder).jobs() == ["p_sample:a"]
    write(folder, {"data/a_2.txt": ""})
    assert use_looper(cwd=folder).jobs() == ["p_sample:a"]
    assert (folder / "results/submission/p_a.log").read_text() == "data/a_1.txt data/a_2.txt\n"


# --- both doors ---------------------------------------------------------------------------------


def test_options_mean_the_same_through_both_doors(touch: Path) -> None:
    edit(touch / "samples.csv", "one", "ATAC seq")
    edit(touch / "samples.csv", "two", '"a,b"')
    words = ("--sel-attr", "word", "--sel-incl", "ATAC seq", '["a,b"]')
    assert len(cli("inspect", "--json", *words, cwd=touch).out.split('"record"')) == 4
    assert cli("run", "-d", *words, cwd=touch).jobs() == ["touch_sample:a", "touch_sample:b"]
    below = touch / "below"
    below.mkdir()
    assert cli("run", "-o", "out", "--limit", "1", cwd=below).code == 0
    assert (below / "out/submission/touch_a.log").is_file()
    assert "completed" in cli("check", "-o", "out", cwd=below).out
    assert "completed" not in cli("check", "-o", "out", cwd=touch).out


@pytest.mark.parametrize("given", [("--config", "skip=1"), ("-C", "skip=1"), ("--config=skip=1",)])
def test_config_of_snakemake_and_options_add_up(touch: Path, given: tuple[str, ...]) -> None:
    done = cli("run", "-d", "--limit", "1", "--", *given, cwd=touch)
    assert done.jobs() == ["touch_sample:b"]


def test_warnings_are_said_once(touch: Path) -> None:
    with (touch / ".looper.yaml").open("a") as config:
        config.write("nonsense: 1\ncli:\n  run: {lumpn: 3}\n  check: {limit: 1}\n")
    done = cli("run", cwd=touch)
    for word in (
        "nonsense: unknown key",
        "lumpn: is not read",
        "cli.check: ignored; only 'run' and 'runp'",
    ):
        assert done.err.count(word) == 1, word


# --- Snakemake without looper ------------------------------------------------------------------


def without(*words: str, cwd: Path) -> Run:
    """Snakemake as it was before the package was installed: the plugin is not found."""
    code = """
import pkgutil, sys
original = pkgutil.iter_modules
def iter_modules(*args, **kwargs):
    return (m for m in original(*args, **kwargs) if "plugin_looper" not in m.name)
pkgutil.iter_modules = iter_modules
sys.argv[0] = "snakemake"
from snakemake.cli import main
main()
"""
    return python(code, *words, cwd=cwd)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, ("--cores", "1")),
        ({}, ()),
        ({"Snakefile": 'rule a:\n    output: "x"\n    shell: "exit 3"\n'}, ("--cores", "1")),
        ({"Snakefile": 'rule a:\n    output: "x"\n    shell: "touch x"\n'}, ("-n",)),
        ({"Snakefile": "rule a\n"}, ("-n",)),
    ],
)
def test_others_see_no_difference(
    tmp_path: Path, files: dict[str, str], words: tuple[str, ...]
) -> None:
    def plain(done: Run) -> tuple[int, list[str]]:
        changing = ("Workflow ID", "Date:", "[", "Complete log", "Elapsed", "Command:")
        lines = done.text.replace("/theirs", "").replace("/ours", "").splitlines()
        return done.code, [line for line in lines if not line.strip().startswith(changing)]

    theirs = without(*words, cwd=write(tmp_path / "theirs", {"x/.keep": "", **files}))
    ours = snakemake(*words, cwd=write(tmp_path / "ours", {"x/.keep": "", **files}))
    assert plain(ours) == plain(theirs)


def test_help_differs_by_the_options_only(tmp_path: Path) -> None:
    ours = set(re.findall(r"--[\w-]+", snakemake("--help", cwd=tmp_path).out))
    theirs = set(re.findall(r"--[\w-]+", without("--help", cwd=tmp_path).out))
    assert ours - theirs == {"--use-looper-config", "--logger-looper-use-looper-config"}
    assert theirs - ours == set()


# --- generated workflows and the module --------------------------------------------------------


def test_a_generated_workflow_runs_and_follows_the_project(touch: Path) -> None:
    made = cli("generate", cwd=touch)
    assert made.code == 0, made.err
    names = [str(Path(line).relative_to(touch)) for line in made.out.splitlines()]
    assert names[:3] == ["workflow/Snakefile", "config/config.yaml", "config/README.md"]
    assert snakemake("--cores", "2", cwd=touch).jobs() == [f"touch_sample:{name}" for name in "abc"]
    edit(touch / "samples.csv", "two", "deux")
    done = snakemake("--cores", "2", cwd=touch)
    assert done.jobs() == ["touch_sample:b"]
    assert "\npipeline  completed\ntouch     3\n" in done.err, "its profile has the plugin"
    with (touch / "config/config.yaml").open("a") as config:
        config.write('limit: "2"\n')
    assert len(snakemake("--cores", "2", "-n", "-F", cwd=touch).jobs()) == 2


def test_a_generated_workflow_in_a_folder_of_its_own(example: Callable[[str], Path]) -> None:
    folder = example("count_lines")
    assert cli("generate", "-o", "flow", cwd=folder).code == 0
    done = snakemake("--cores", "2", cwd=folder / "flow")
    assert done.code == 0, done.err
    assert len(flags(folder / "results")) == 4
    assert not (folder / ".snakemake").exists()
    assert "Nothing to be done" in snakemake("--cores", "2", cwd=folder / "flow").text


def test_a_generated_workflow_says_when_it_is_out_of_date(touch: Path) -> None:
    assert cli("generate", cwd=touch).code == 0
    edit(touch / "touch.yaml", "pipeline_name: touch", "pipeline_name: other")
    done = snakemake("-n", cwd=touch)
    assert done.code == 1
    assert "run 'snakemake-looper generate' again" in done.text


def test_a_generated_workflow_runs_selected_samples(example: Callable[[str], Path]) -> None:
    """Results of these get where they belong; the project level waits for a run of all samples."""
    folder = example("count_lines")
    flow = folder / "flow"
    assert cli("generate", "-o", "flow", cwd=folder).code == 0
    done = snakemake("--cores", "2", "--config", "samples=canada", cwd=flow)
    assert done.code == 0, done.err
    assert "count_lines_project" not in done.jobs()
    results = (folder / "results/count_lines/results.yaml").read_text()
    assert "canada" in results and "mexico" not in results
    done = snakemake("--cores", "2", cwd=flow)
    assert {"count_lines_sample:mexico", "count_lines_project"} < set(done.jobs())
    assert "count_lines_sample:canada" not in done.jobs()
    assert "Nothing to be done" in snakemake("--cores", "2", cwd=flow).text


def test_generate_keeps_what_others_wrote(touch: Path) -> None:
    write(touch, {"workflow/Snakefile": "# mine\n"})
    done = cli("generate", cwd=touch)
    assert done.code == 2
    assert done.err == (
        f"error: {touch}/workflow/Snakefile: exists and was not written by this command; use --force\n"
    )
    assert not (touch / "config").exists(), "nothing is half written"
    assert cli("generate", "--force", cwd=touch).code == 0
    assert cli("generate", cwd=touch).out == "", "what is as it should be is not written again"
    edit(touch / "workflow/Snakefile", "rule all:", "# my remark\nrule all:")
    assert cli("generate", cwd=touch).code == 2


MODULE = """
from snakemake_looper.layout import data_dir


module looper:
    snakefile:
        str(data_dir("Snakefile") / "Snakefile")
    config:
        {"looper_config": "project/.looper.yaml", "skip": "1"}


use rule * from looper as looper_*


rule mine:
    default_target: True
    input:
        rules.looper_all.input,
    output:
        "mine.txt",
    shell:
        "wc -l {input} > {output}"
"""


def test_the_module_in_a_workflow_of_ones_own(touch: Path, tmp_path: Path) -> None:
    write(tmp_path, {"Snakefile": MODULE.replace(' / "Snakefile")', ")")})
    done = snakemake("--cores", "2", cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.jobs() == ["looper_touch_sample:b", "looper_touch_sample:c", "mine"]
    assert (tmp_path / "mine.txt").is_file()
    assert flags(touch) == ["touch_b_completed.flag", "touch_c_completed.flag"]
    assert "Nothing to be done" in snakemake("--cores", "2", cwd=tmp_path).text


def test_the_logger_plugin_in_a_workflow_of_ones_own(touch: Path, tmp_path: Path) -> None:
    write(touch, {"fail.txt": "b\n"})
    write(tmp_path, {"Snakefile": MODULE.replace(' / "Snakefile")', ")")})
    done = snakemake("--cores", "2", "--keep-going", "--logger", "looper", cwd=tmp_path)
    assert done.code == 1
    assert re.search(r"^touch b failed: exit code 1\n  log: .*touch_b.log$", done.err, re.MULTILINE)
    assert "looper: touch b failed: exit code 1" in done.err


def test_the_module_assembles_after_a_failed_run(example: Callable[[str], Path]) -> None:
    folder = example("count_lines")
    edit(
        folder / "pipeline/count_lines.py",
        "import pipestat",
        "import pipestat\n\nif 'canada' in sys.argv: sys.exit('no')",
    )
    text = MODULE.replace(' / "Snakefile")', ")").replace("project/", folder.name + "/")
    write(folder.parent, {"Snakefile": text.replace(', "skip": "1"', "")})
    assert snakemake("--cores", "2", "--keep-going", cwd=folder.parent).code == 1
    assert "mexico" in (folder / "results/count_lines/results.yaml").read_text()


def test_the_packaged_snakefile_on_its_own(touch: Path) -> None:
    code = "from snakemake_looper.layout import data_dir; print(data_dir('Snakefile'))"
    path = python(code, cwd=touch).out.strip()
    assert len(snakemake("-s", path, "--cores", "2", cwd=touch).jobs()) == 3


def test_jobs_on_a_cluster_see_the_plan_they_were_started_with(touch: Path) -> None:
    """A child of a module is told the plan by a variable, and does not plan by itself."""
    assert cli("generate", cwd=touch).code == 0
    assert snakemake("--cores", "1", cwd=touch).code == 0
    env = environment()
    child = subprocess.run(
        [str(BIN / "snakemake"), "--target-jobs", "touch_sample:sample=a", *CHILD[:-2]],
        cwd=touch, env=env, capture_output=True, text=True,
    )  # fmt: skip
    assert child.returncode != 0
    assert "SNAKEMAKE_LOOPER_PLAN_" in child.stdout + child.stderr


def test_inspect_writes_nothing(touch: Path) -> None:
    before = sorted(touch.rglob("*"))
    done = cli("inspect", "--json", cwd=touch)
    assert sorted(touch.rglob("*")) == before
    plan = json.loads(done.out)
    assert [job["record"] for job in plan["jobs"]] == ["a", "b", "c"]
    assert set(plan) == {"workdir", "jobs", "skipped", "pipestat_configs"}
    assert set(plan["jobs"][0]) == {
        "pipeline", "level", "record", "command", "env", "threads", "resources", "compute",
        "inputs", "log", "flag",
    }  # fmt: skip
    shown = cli("inspect", "--sample", "b", cwd=touch).out
    assert "command: echo two && ! grep -qx b fail.txt" in shown
    assert "  word: two" in shown


def test_check_as_json(touch: Path) -> None:
    assert use_looper("--config", "limit=2", cwd=touch).code == 0
    records = json.loads(cli("check", "--json", cwd=touch).out)["records"]
    assert [(one["record"], one["status"]) for one in records] == [
        ("a", "completed"),
        ("b", "completed"),
        ("c", "none"),
    ]
    assert set(records[0]) == {
        "pipeline", "level", "record", "status", "reason", "log",
        "exit_code", "signal", "external_jobid", "attempt", "tail", "excerpt", "remedy", "started",
        "took", "memory_mb", "outdated",
    }  # fmt: skip
