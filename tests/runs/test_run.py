"""Real runs: what is where afterwards, what runs again, what happens when something fails."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import yaml
from snakemake.rules import Rule
from support.projects import TOUCH, edit, flags, write
from support.running import (
    BIN,
    PATIENCE,
    children,
    cli,
    command_line,
    environment,
    inspect_json,
    python,
    snakemake,
    use_looper,
    wait_until,
)

NOTHING = "Nothing to be done"


def results(folder: Path, pipeline: str = "count_lines") -> dict:
    return yaml.safe_load((folder / "results" / pipeline / "results.yaml").read_text())[pipeline]


# --- the examples ------------------------------------------------------------------------------


def test_count_lines_from_one_command(example: Callable[[str], Path]) -> None:
    folder = example("count_lines")
    done = use_looper(cwd=folder)
    assert done.code == 0, done.err
    found = results(folder)
    lines = {name: record["number_of_lines"] for name, record in found["sample"].items()}
    assert lines == {"mexico": 32, "switzerland": 26, "canada": 13}
    plot = found["project"]["regions"]["regions_plot"]["path"]
    assert "mexico" in Path(plot).read_text()
    assert flags(folder / "results") == [
        "count_lines_canada_completed.flag",
        "count_lines_mexico_completed.flag",
        "count_lines_regions_completed.flag",
        "count_lines_switzerland_completed.flag",
    ]
    assert (folder / "results/flags/count_lines_mexico_completed.flag").read_text() == "completed"
    assert (folder / "results/submission/count_lines_mexico.log").is_file()
    assert NOTHING in use_looper(cwd=folder).text


def test_pipestat_works_on_the_merged_configs(example: Callable[[str], Path]) -> None:
    folder = example("count_lines")
    assert use_looper(cwd=folder).code == 0
    script = """
import sys
from pipestat import PipestatManager
project = PipestatManager.from_config(sys.argv[1], pipeline_type="project")
print(project.get_status("regions"), list(project.retrieve_one("regions")))
sample = PipestatManager(config_file=sys.argv[2], record_identifier="canada")
print(sample.get_status("canada"), sample.retrieve_one("canada")["number_of_lines"])
"""
    configs = [
        "results/pipestat_config_count_lines_project.yaml",
        "results/pipestat_config_count_lines.yaml",
    ]
    done = python(script, *configs, cwd=folder)
    assert done.code == 0, done.err
    assert done.out.split("\n")[0].startswith("completed ['regions_plot'")
    assert done.out.split("\n")[1] == "completed 13"


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("no_pipestat", {"count_letters": 3}),
        ("looper_1x", {"count_lines": 3, "longest": 1}),
        ("two_pipelines", {"count_lines": 3, "count_words": 3}),
        ("results_in_database", {"count_words": 3}),
        ("on_a_cluster", {"sort_lines": 2}),
    ],
)
def test_other_examples_run(
    example: Callable[[str], Path], name: str, statuses: dict[str, int]
) -> None:
    folder = example(name)
    done = cli("run", "--", "--cores", "2", cwd=folder)
    assert done.code == 0, done.err
    table = cli("check", cwd=folder).out.splitlines()
    rows = [line.split() for line in table]
    assert rows == [["pipeline", "completed"], *([k, str(v)] for k, v in statuses.items())]
    assert NOTHING in cli("run", "--", "--cores", "2", cwd=folder).text


def test_numbers_reported_by_command_line_are_numbers(example: Callable[[str], Path]) -> None:
    folder = example("two_pipelines")
    assert use_looper(cwd=folder).code == 0
    assert results(folder, "count_words")["sample"]["canada"]["number_of_words"] == 21


def test_no_pipestat_puts_flags_into_sample_folders(example: Callable[[str], Path]) -> None:
    folder = example("no_pipestat")
    assert use_looper(cwd=folder).code == 0
    flag = folder / "results/results_pipeline/canada/count_letters_canada_completed.flag"
    assert flag.read_text() == "completed"
    assert (folder / "results/results_pipeline/canada/letters.txt").is_file()


# --- re-runs are exact -------------------------------------------------------------------------


def test_first_and_second_run(touch: Path) -> None:
    assert use_looper(cwd=touch).jobs() == ["touch_sample:a", "touch_sample:b", "touch_sample:c"]
    assert NOTHING in use_looper(cwd=touch).text


@pytest.mark.parametrize(
    ("file", "old", "new", "jobs"),
    [
        ("samples.csv", "two", "deux", ["touch_sample:b"]),
        ("samples.csv", "c,c.txt,three\n", "c,c.txt,three\nd,a.txt,four\n", ["touch_sample:d"]),
        ("samples.csv", "c,c.txt,three\n", "", []),
        ("b.txt", "b", "changed", ["touch_sample:b"]),
        ("touch.yaml", "echo", "echo new", ["touch_sample:a", "touch_sample:b", "touch_sample:c"]),
        ("touch.yaml", "pipeline_name", "# a comment\npipeline_name", []),
        ("project.yaml", "name: demo", "name: other", []),
    ],
)
def test_an_edit_runs_the_affected_jobs_only(
    touch: Path, file: str, old: str, new: str, jobs: list[str]
) -> None:
    assert use_looper(cwd=touch).code == 0
    edit(touch / file, old, new)
    done = use_looper(cwd=touch)
    assert (done.code, done.jobs()) == (0, jobs), done.err
    assert NOTHING in use_looper(cwd=touch).text


def test_a_pipestat_key_runs_its_pipeline_again(example: Callable[[str], Path]) -> None:
    folder = example("two_pipelines")
    assert use_looper(cwd=folder).code == 0
    edit(folder / "pipeline/count_words.yaml", "count_words_output.yaml", "./words_output.yaml")
    (folder / "pipeline/count_words_output.yaml").rename(folder / "pipeline/words_output.yaml")
    samples = ("canada", "mexico", "switzerland")
    assert use_looper(cwd=folder).jobs() == sorted(
        [
            *(f"count_words_sample:{name}" for name in samples),
            "pipestat_config_count_words_sample",
            "results_count_words",
        ]
    )
    assert NOTHING in use_looper(cwd=folder).text
    edit(folder / ".looper.yaml", "project_name: regions", "project_name: countries")
    jobs = use_looper(cwd=folder).jobs()
    assert sum("sample:" in job for job in jobs) == 6
    assert NOTHING in use_looper(cwd=folder).text


def test_a_new_sample_runs_its_job_and_what_depends_on_it(example: Callable[[str], Path]) -> None:
    folder = example("count_lines")
    assert use_looper(cwd=folder).code == 0
    (folder / "data/peru.txt").write_text("Lima\nCusco\n")
    with (folder / "samples.csv").open("a") as table:
        table.write("peru,region\n")
    done = use_looper(cwd=folder)
    assert done.jobs() == ["count_lines_project", "count_lines_sample:peru", "results_count_lines"]
    assert results(folder)["sample"]["peru"]["number_of_lines"] == 2
    assert "peru" in (folder / "results/regions.svg").read_text()


def test_removing_a_sample_runs_the_project_level_only(example: Callable[[str], Path]) -> None:
    folder = example("count_lines")
    assert use_looper(cwd=folder).code == 0
    edit(folder / "samples.csv", "canada,province\n", "")
    assert use_looper(cwd=folder).jobs() == ["count_lines_project", "results_count_lines"]
    assert "canada" in results(folder)["sample"], "records of other runs stay"
    assert NOTHING in use_looper(cwd=folder).text


def test_resources_do_not_run_anything_again(touch: Path) -> None:
    assert use_looper(cwd=touch).code == 0
    with (touch / "touch.yaml").open("a") as file:
        file.write("compute:\n  cores: 2\n  mem: 4G\n")
    assert NOTHING in use_looper(cwd=touch).text


def test_what_looper_completed_is_not_run_again(example: Callable[[str], Path]) -> None:
    """looper ran two samples and the project level; only the third sample is left to do."""
    folder = example("count_lines")
    edit(folder / "samples.csv", "canada,province\n", "")
    assert use_looper(cwd=folder).code == 0
    # What looper leaves: flags and its own pipestat config, and nothing of Snakemake's.
    subprocess.run(["rm", "-r", ".snakemake", "results/count_lines/results_records"], cwd=folder)
    (folder / "results/pipestat_config_count_lines_project.yaml").unlink()
    (folder / "results/pipestat_config_count_lines.yaml").write_text("pipeline_name: count_lines\n")
    assert not [job for job in use_looper(cwd=folder).jobs() if "pipestat" not in job]
    assert NOTHING in use_looper(cwd=folder).text
    edit(folder / "samples.csv", "canton\n", "canton\ncanada,province\n")
    assert use_looper(cwd=folder).jobs() == [
        "count_lines_project",
        "count_lines_sample:canada",
        "pipestat_config_count_lines_project",
        "pipestat_config_count_lines_sample",
        "results_count_lines",
    ]
    assert set(results(folder)["sample"]) == {"mexico", "switzerland", "canada"}
    assert NOTHING in use_looper(cwd=folder).text


def test_forcing_what_looper_completed_brings_the_configs_along(
    example: Callable[[str], Path],
) -> None:
    folder = example("count_lines")
    assert use_looper(cwd=folder).code == 0
    subprocess.run(["rm", "-r", ".snakemake"], cwd=folder)
    for config in (folder / "results").glob("pipestat_config*.yaml"):
        config.unlink()
    assert NOTHING in use_looper(cwd=folder).text
    done = use_looper("--forcerun", "count_lines_sample", cwd=folder)
    assert done.code == 0, done.err
    assert "pipestat_config_count_lines_project" in done.jobs()


def test_forcing_one_rule_leaves_what_looper_completed_alone(
    example: Callable[[str], Path],
) -> None:
    folder = example("count_lines")
    assert use_looper(cwd=folder).code == 0
    subprocess.run(["rm", "-r", ".snakemake"], cwd=folder)
    done = use_looper("--forcerun", "count_lines_project", cwd=folder)
    assert done.code == 0, done.err
    assert not [job for job in done.jobs() if "sample:" in job]


def test_a_selection_in_between_changes_nothing(example: Callable[[str], Path]) -> None:
    folder = example("count_lines")
    assert use_looper(cwd=folder).code == 0
    assert NOTHING in use_looper("--config", "limit=2", cwd=folder).text
    assert NOTHING in use_looper(cwd=folder).text


def test_skipping_file_checks_changes_nothing(touch: Path) -> None:
    assert use_looper(cwd=touch).code == 0
    assert NOTHING in use_looper("--config", "skip_file_checks=true", cwd=touch).text
    (touch / "b.txt").unlink()
    done = use_looper("-n", "--config", "skip_file_checks=true", cwd=touch)
    assert done.code == 0 and "skipped" not in done.err


# --- failing -----------------------------------------------------------------------------------


def test_a_failing_command_leaves_failed_log_and_code(touch: Path) -> None:
    (touch / "fail.txt").write_text("b\n")
    done = use_looper(cwd=touch)
    assert done.code == 1
    assert flags(touch) == [
        "touch_a_completed.flag",
        "touch_b_failed.flag",
        "touch_c_completed.flag",
    ]
    flag = touch / "results/results_pipeline/b/touch_b_failed.flag"
    assert flag.read_text() == "failed"
    log = (touch / "results/submission/touch_b.log").read_text()
    assert log == "two\nthe command exited with 1\n"
    assert (
        "touch b failed: exit code 1\n  log: results/submission/touch_b.log\n    two\n" in done.err
    )
    check = cli("check", "--itemized", cwd=touch)
    assert check.code == 1
    row = r"^touch +sample +b +failed .* results/submission/touch_b.log +exit code 1$"
    assert re.search(row, check.out, re.MULTILINE)
    (touch / "fail.txt").write_text("")
    assert use_looper(cwd=touch).jobs() == ["touch_sample:b"]
    assert [flag for flag in flags(touch) if "completed" not in flag] == []


def test_lock_files_that_pypiper_left_are_named(touch: Path) -> None:
    write(touch, {"fail.txt": "b\n", "results/results_pipeline/b/lock.aligned": ""})
    done = use_looper(cwd=touch)
    line = "pypiper left lock.aligned in results/results_pipeline/b: remove"
    line = line.replace("results/", f"{touch}/results/", 1)
    assert line in done.err
    assert line in cli("check", "--itemized", cwd=touch).out


def test_results_of_a_failed_run_are_assembled(example: Callable[[str], Path]) -> None:
    folder = example("count_lines")
    edit(
        folder / "pipeline/count_lines.py",
        "import pipestat",
        "import pipestat\n\nif 'canada' in sys.argv: sys.exit('no')",
    )
    assert use_looper(cwd=folder).code == 1
    assert set(results(folder)["sample"]) == {"mexico", "switzerland"}
    assert results(folder)["project"] == {}
    assert "no\n" in (folder / "results/submission/count_lines_canada.log").read_text()


def interrupted(folder: Path, number: int, only: str | None = None) -> tuple[int, str]:
    """Start a run of sleeping jobs, send a signal once they run; its exit code and output."""
    log = folder / "out.txt"
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(BIN / "snakemake"), "--use-looper-config", "--cores", "3"],
            cwd=folder,
            env=environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def shells(record: str) -> list[psutil.Process]:
        wanted = f"{record}_completed.flag"
        return [child for child in children(process.pid) if wanted in command_line(child)]

    def sleeps(record: str) -> bool:
        below = [child for shell in shells(record) for child in children(shell.pid)]
        return any(command_line(child).startswith("sleep ") for child in below)

    records = [only] if only else ["sleep_long", "sleep_longer"]
    wait_until(lambda: all(map(sleeps, records)), "the jobs do not start")
    if only is None:
        wait_until(lambda: "Finished jobid" in log.read_text(), "the short job does not end")
        os.killpg(process.pid, number)
    else:
        for shell in shells(only):
            shell.send_signal(number)
    code = process.wait(timeout=PATIENCE)
    return code, log.read_text()


@pytest.fixture
def sleepers(project: Callable[..., Path]) -> Path:
    return project(
        {
            ".looper.yaml": """
                pep_config: samples.csv
                output_dir: results
                pipeline_interfaces: [sleep.yaml]
                """,
            "samples.csv": "sample_name,seconds\nlong,600\nlonger,601\nshort,0\n",
            "sleep.yaml": """
                pipeline_name: sleep
                sample_interface:
                  command_template: "echo begin; sleep {sample.seconds}"
                """,
        }
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_job_is_partial(sleepers: Path, number: int) -> None:
    code, _ = interrupted(sleepers, number)
    assert code == 1
    assert flags(sleepers) == [
        "sleep_long_partial.flag",
        "sleep_longer_partial.flag",
        "sleep_short_completed.flag",
    ]
    assert (sleepers / "results/submission/sleep_long.log").read_text().startswith("begin\n")
    edit(sleepers / "samples.csv", "600", "0")
    edit(sleepers / "samples.csv", "601", "0")
    assert use_looper(cwd=sleepers).jobs() == ["sleep_sample:long", "sleep_sample:longer"]
    assert len(flags(sleepers)) == 3


def test_a_killed_job_is_failed(sleepers: Path) -> None:
    edit(sleepers / "samples.csv", "601", "2")
    code, output = interrupted(sleepers, signal.SIGKILL, only="sleep_long")
    assert code == 1
    assert flags(sleepers) == [
        "sleep_long_failed.flag",
        "sleep_longer_completed.flag",
        "sleep_short_completed.flag",
    ]
    assert "Traceback" not in output
    assert "error in the looper logger plugin" not in output


@pytest.mark.parametrize("word", ["failed", "partial"])
def test_a_status_that_the_pipeline_sets_counts(touch: Path, word: str) -> None:
    """A command that exits with 0 and says itself that it failed has failed."""
    edit(touch / "touch.yaml", "echo {sample.word} &&", "mv {looper.sample_output_folder}/*.flag"
         " {looper.sample_output_folder}/touch_{sample.sample_name}_" + word + ".flag &&")  # fmt: skip
    assert use_looper(cwd=touch).code == 1
    assert flags(touch) == [f"touch_{name}_{word}.flag" for name in "abc"]


def test_every_line_and_every_part_of_a_pipe_counts(touch: Path) -> None:
    """Every line counts, and every part of a pipe (looper loses both, quirk 7)."""
    edit(touch / "touch.yaml", "echo {sample.word} &&", "false | cat;")
    assert use_looper(cwd=touch).code == 1
    assert {flag.rsplit("_")[-1] for flag in flags(touch)} == {"failed.flag"}


@pytest.mark.parametrize(
    "command",
    [
        "trap 'echo mine' EXIT; true",
        "exec true",
        "exit 0",
        "trap '' INT TERM; true",
        "cat <<END\nx\nEND\ntrue",
    ],
)
def test_what_a_command_may_do_to_its_shell(touch: Path, command: str) -> None:
    (touch / "touch.yaml").write_text(
        "pipeline_name: touch\nsample_interface:\n  command_template: |\n    "
        + command.replace("\n", "\n    ")
        + "\n"
    )
    done = use_looper(cwd=touch)
    assert done.code == 0, done.text[-2000:]
    assert flags(touch) == [f"touch_{name}_completed.flag" for name in "abc"]


# --- samples without jobs ----------------------------------------------------------------------


def test_a_missing_file_skips_its_sample(touch: Path) -> None:
    (touch / "b.txt").unlink()
    done = cli("run", cwd=touch)
    assert done.code == 1
    assert done.jobs() == ["touch_sample:a", "touch_sample:c"]
    assert "1 skipped" in done.err and "missing files: b.txt" in done.err
    assert use_looper(cwd=touch).code == 0, "snakemake ends with its own code"
    itemized = cli("check", "--itemized", cwd=touch).out
    row = r"^touch +sample +b +skipped +- +- +- +missing files: b.txt$"
    assert re.search(row, itemized, re.MULTILINE)
    (touch / "b.txt").write_text("here now")
    assert use_looper(cwd=touch).jobs() == ["touch_sample:b"]


def test_toggled_off_samples_are_no_fault(touch: Path) -> None:
    edit(
        touch / "samples.csv",
        "sample_name,file,word\na,a.txt,one",
        "sample_name,file,word,toggle\na,a.txt,one,1",
    )
    edit(touch / "samples.csv", "two", "two,0")
    edit(touch / "samples.csv", "three", "three,1")
    done = cli("run", cwd=touch)
    assert (done.code, done.jobs()) == (0, ["touch_sample:a", "touch_sample:c"])
    assert [skip["reason"] for skip in inspect_json(touch)["skipped"]] == ["toggle is 0"]


def test_selection_through_both_doors(touch: Path) -> None:
    assert cli("run", "--limit", "2:3", "--dry-run", cwd=touch).jobs() == [
        "touch_sample:b",
        "touch_sample:c",
    ]
    done = use_looper("-n", "--config", "sel_attr=word", "sel_incl=one,three", cwd=touch)
    assert done.jobs() == ["touch_sample:a", "touch_sample:c"]


def test_a_selection_leaves_the_project_level_out(example: Callable[[str], Path]) -> None:
    """A project-level pipeline is about all samples; with a few selected it waits to be asked."""
    folder = example("count_lines")
    few = cli("run", "--samples", "canada", cwd=folder)
    assert few.code == 0
    assert "count_lines_project" not in few.jobs()
    asked = use_looper("project", "--config", "samples=canada", cwd=folder)
    assert asked.jobs() == ["count_lines_project", "pipestat_config_count_lines_project"]


# --- results under load ------------------------------------------------------------------------


def test_60_samples_report_through_api_and_command_line(project: Callable[..., Path]) -> None:
    names = [f"s{number:03d}" for number in range(60)]
    rows = "".join(f"{name},{'cli' if i % 20 == 0 else 'api'}\n" for i, name in enumerate(names))
    folder = project(
        {
            ".looper.yaml": """
                pep_config: samples.csv
                output_dir: results
                pipeline_interfaces: [report.yaml]
                pipestat:
                  results_file_path: results.yaml
                """,
            "samples.csv": f"sample_name,way\n{rows}",
            "report.yaml": """
                pipeline_name: report
                output_schema: schema.yaml
                sample_interface:
                  command_template: >
                    {% if sample.way == "cli" %}
                    pipestat report -c {pipestat.config_file} -i number -v 7
                    {% else %}
                    python report.py {pipestat.config_file} {sample.sample_name}
                    {% endif %}
                """,
            "report.py": """
                import sys
                import pipestat
                results = pipestat.PipestatManager.from_config(sys.argv[1])
                results.report(record_identifier=sys.argv[2], values={"number": 7})
                """,
            "schema.yaml": """
                pipeline_name: report
                samples:
                  number: {type: integer, description: A number}
                """,
        }
    )
    done = snakemake("--use-looper-config", "--cores", "8", cwd=folder)
    assert done.code == 0, done.err[-2000:]
    found = results(folder, "report")["sample"]
    assert {name: record["number"] for name, record in found.items()} == dict.fromkeys(names, 7)


@pytest.mark.parametrize(
    "target",
    [("--until", "count_lines_sample"), ("results/flags/count_lines_canada_completed.flag",)],
)
def test_results_of_a_partial_run_are_assembled(
    example: Callable[[str], Path], target: tuple[str, ...]
) -> None:
    folder = example("count_lines")
    assert use_looper(*target, cwd=folder).code == 0
    assert results(folder)["sample"]["canada"]["number_of_lines"] == 13


def test_project_levels_that_share_a_results_file_run_in_turn(
    project: Callable[..., Path], tmp_path: Path
) -> None:
    """pipestat's file back end would lose the record of one. So the first comes before the second,
    also if only the second is asked for."""
    interface = """
        pipeline_name: {name}
        project_interface:
          command_template: >
            python report.py {{pipestat.results_file}} {name}
        """
    folder = project(
        {
            ".looper.yaml": f"""
                pep_config: samples.csv
                output_dir: results
                pipeline_interfaces: [one.yaml, two.yaml]
                pipestat:
                  results_file_path: {tmp_path}/shared.yaml
                """,
            "samples.csv": "sample_name\na\n",
            "one.yaml": interface.format(name="one"),
            "two.yaml": interface.format(name="two"),
            "report.py": """
                import sys
                turns = open("turns.txt", "a")
                print("begin", sys.argv[2], file=turns, flush=True)
                import pipestat
                psm = pipestat.PipestatManager.from_file_backend(
                    sys.argv[1], pipeline_name=sys.argv[2], pipeline_type="project",
                    multi_pipelines=True,
                )
                psm.report(record_identifier="p", values={"n": 1})
                print("end", sys.argv[2], file=turns, flush=True)
                """,
        }
    )
    done = use_looper("two", cwd=folder)
    assert done.code == 0, done.text[-2000:]
    turns = (folder / "turns.txt").read_text().splitlines()
    assert turns == ["begin one", "end one", "begin two", "end two"]
    assert set(yaml.safe_load((tmp_path / "shared.yaml").read_text())) == {"one", "two"}


@pytest.mark.parametrize("password", ["pa$word", "s3cret", "$a$b", "12345"])
def test_secrets_in_every_place(project: Callable[..., Path], password: str) -> None:
    """As a value, in an address and in a list: another one in each, so none betrays another."""
    value, address, listed = f"{password}1", f"{password}2".replace("$", "%24"), f"{password}3"
    config = f"""
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [touch.yaml]
        pipestat:
          database:
            password: '{value}'
            url: 'postgresql://me:{address}@host/db'
            x: [{{password: '{listed}'}}]
        """
    folder = project({**TOUCH, ".looper.yaml": config})
    shown = cli("inspect", "--json", cwd=folder).text
    done = use_looper("--config", "limit=1", cwd=folder)
    assert done.code == 0, done.err
    for secret in (value, address, listed):
        assert secret not in shown
        holders = {
            path.name
            for path in folder.rglob("*")
            if path.is_file() and secret.encode() in path.read_bytes()
        }
        assert holders == {".looper.yaml", "pipestat_config_touch.yaml"}


def test_a_variable_is_no_secret_and_stays_one(project: Callable[..., Path]) -> None:
    folder = project(
        {
            **TOUCH,
            ".looper.yaml": "pep_config: project.yaml\noutput_dir: results\npipeline_interfaces:"
            " [touch.yaml]\npipestat:\n  database:\n    password: ${DB_PASSWORD}\n",
        }
    )
    assert use_looper("--config", "limit=1", cwd=folder, DB_PASSWORD="geheim").code == 0
    config = folder / "results/pipestat_config_touch.yaml"
    assert yaml.safe_load(config.read_text())["database"]["password"] == "${DB_PASSWORD}"
    assert stat.S_IMODE(config.stat().st_mode) != 0o600
    assert not [p for p in folder.rglob("*") if p.is_file() and b"geheim" in p.read_bytes()]


def test_a_literal_password_is_in_the_config_only(project: Callable[..., Path]) -> None:
    """The database example of the reference document; nothing is run against a server here."""
    folder = project(
        {
            **TOUCH,
            ".looper.yaml": """
                pep_config: project.yaml
                output_dir: results
                pipeline_interfaces: [touch.yaml]
                pipestat:
                  flag_file_dir: output/results_pipeline
                  database:
                    dialect: postgresql
                    driver: psycopg2
                    name: pipestat-test
                    user: postgres
                    password: pipestat-password
                    host: 127.0.0.1
                    port: 5432
                """,
        }
    )
    done = use_looper("--verbose", cwd=folder)
    assert done.code == 0, done.err
    assert "pipestat-password" not in done.text
    config = folder / "results/pipestat_config_touch.yaml"
    content = yaml.safe_load(config.read_text())
    assert content["database"]["password"] == "pipestat-password"
    assert content["project_name"] == "demo", "pipestat refuses a database without one"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    holders = [
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and b"pipestat-password" in path.read_bytes()
    ]
    assert sorted(map(str, holders)) == [".looper.yaml", "results/pipestat_config_touch.yaml"]
    edit(folder / ".looper.yaml", "pipestat-password", "another-password")
    assert use_looper(cwd=folder).code == 0
    assert yaml.safe_load(config.read_text())["database"]["password"] == "another-password"


@pytest.mark.parametrize("scheduler", ["greedy", "ilp"])
def test_samples_start_in_the_order_of_the_table(touch: Path, scheduler: str) -> None:
    """Sample by sample, also where a sample has two pipelines."""
    if not hasattr(Rule, "expand_priority"):
        pytest.skip("this Snakemake knows one priority for all jobs of a rule; install 9.20")
    names = ["d", "a", "e", "c", "b", "g", "f"]
    command = "pipeline_name: {0}\nsample_interface:\n  command_template: echo {{sample.sample_name}}-{0} >> order.txt\n"
    write(touch, {
        "samples.csv": "sample_name\n" + "".join(f"{name}\n" for name in names),
        "touch.yaml": command.format("touch"),
        "more.yaml": command.format("more"),
    })  # fmt: skip
    edit(touch / ".looper.yaml", "[touch.yaml]", "[touch.yaml, more.yaml]")
    done = use_looper("--cores", "1", "--scheduler", scheduler, cwd=touch)
    assert done.code == 0, done.text
    order = (touch / "order.txt").read_text().split()
    assert order == [f"{name}-{pipeline}" for name in names for pipeline in ("touch", "more")]
