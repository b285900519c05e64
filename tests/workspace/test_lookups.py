"""Functions of wildcards over a real job table, with a stand-in for Snakemake."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from snakemake.rules import Rule
from support.projects import TOUCH

from snakemake_looper.layout import LEFT_OVER, marker
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.options.options import Options
from snakemake_looper.workspace.lookups import Lookups
from snakemake_looper.workspace.places import Compared
from snakemake_looper.workspace.plan_folder_writer import write_plan

CONFIG = "results/pipestat_config_p.yaml"
PROJECT_CONFIG = "results/pipestat_config_p_project.yaml"
REPORTING = {
    **TOUCH,
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [touch.yaml]
        pipestat: {flag_file_dir: flags, results_file_path: results.yaml}
        """,
    "touch.yaml": """
        pipeline_name: p
        input_schema: schema.yaml
        output_schema: output.yaml
        sample_interface:
          command_template: echo {sample.word} {pipestat.config_file}
        project_interface:
          command_template: echo {pipestat.config_file}
        """,
    "output.yaml": """
        pipeline_name: p
        samples: {number: {type: integer, description: a number}}
        project: {total: {type: integer, description: a total}}
        """,
}


class Wildcards(dict[str, str]):
    """As Snakemake's."""

    @property
    def sample(self) -> str:
        return self["sample"]


def needed_config(jobs: Lookups, rule: str, wildcards: Wildcards) -> Any:
    """The config as an input of a job: a path for all jobs, or a function of wildcards."""
    found = jobs.config(rule)
    return found(wildcards) if callable(found) else found


def of(sample: str) -> Wildcards:
    return Wildcards(sample=sample)


@dataclass
class FakeEngine:
    """What lookups ask of Snakemake, and tell it."""

    is_main: bool = True
    is_dry_run: bool = False
    has_graph: bool = True
    forced_rules: set[str] = field(default_factory=set)
    recorded: set[str] = field(default_factory=set)
    made_again: list[str] = field(default_factory=list)

    def is_forced(self, rules: Iterable[str], files: Iterable[str] = ()) -> bool:
        return not self.forced_rules.isdisjoint({*rules, *files})

    def is_recorded(self, output: str) -> bool:
        return output in self.recorded

    def force(self, files: Iterable[str]) -> None:
        self.made_again += files


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


Open = Callable[..., Lookups]


@pytest.fixture
def opened(
    project: Callable[..., Path], engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> Open:
    """The lookups of a project, whose folder is the working directory, as with Snakemake."""

    def lookups(
        files: Any = TOUCH, options: Options | None = None, left: tuple[str, ...] = ()
    ) -> Lookups:
        folder = project(files)
        monkeypatch.chdir(folder)
        plan = plan_project(folder / ".looper.yaml", options or Options())
        fake: Any = engine
        return Lookups(write_plan(plan).jobs(), fake, lambda: list(left))

    return lookups


# --- one job --------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(Rule, "expand_priority"), reason="Snakemake 9.20 brought it")
def test_earlier_rows_have_a_greater_priority(opened: Open, engine: FakeEngine) -> None:
    jobs = opened({**TOUCH, "samples.csv": "sample_name,file,word\nc,c.txt,x\na,a.txt,y\n"})
    of_row, of_own = jobs.priority("touch_sample"), jobs.priority("touch_sample", 5)
    assert callable(of_row) and callable(of_own)
    assert (of_row(of("c")), of_row(of("a"))) == (0.999999, 0.999998)
    assert of_own(of("a")) == 5.999998, "a priority that somebody chose counts first"
    engine.is_dry_run = True
    assert jobs.priority("touch_sample", 5) == 5


def test_outputs_besides_the_flag(opened: Open) -> None:
    own = "snakemake: {output: ['{sample.sample_name}.out', 'x/{sample.sample_name}']}\n"
    text = own + textwrap.dedent(TOUCH["touch.yaml"])
    table = "sample_name,file,word\nc,c.txt,x\na,a.txt,y\n"
    jobs = opened({**TOUCH, "touch.yaml": text, "samples.csv": table})
    assert jobs.outputs("touch_sample")(Wildcards()) == ["c.out", "x/c", "a.out", "x/a"]
    assert opened().outputs("touch_sample")(Wildcards()) == []


def test_the_command_of_a_sample(opened: Open) -> None:
    command = opened().command("touch_sample")(of("b"))
    assert command.splitlines()[-1].startswith("echo two ")
    assert not isinstance(command, Compared)


def test_the_environment_is_exported_before_the_command(opened: Open) -> None:
    text = (
        TOUCH["touch.yaml"].rstrip() + '\n        inject_env_vars: {WORD: "it\'s {sample.word}"}\n'
    )
    command = opened({**TOUCH, "touch.yaml": text}).command("touch_sample")(of("a"))
    assert command.splitlines()[0] == """export WORD='it'"'"'s one'"""


def test_commands_of_a_moved_project_are_compared_as_before(
    opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = TOUCH["touch.yaml"].replace("echo {sample.word}", "echo {looper.output_dir}")
    before = opened({**TOUCH, "touch.yaml": text}).command("touch_sample")(of("a"))
    moved = tmp_path / "moved"
    os.rename(tmp_path / "project", moved)
    monkeypatch.chdir(moved)
    fake: Any = FakeEngine()
    plan = plan_project(moved / ".looper.yaml", Options())
    after = Lookups(write_plan(plan).jobs(), fake, list).command("touch_sample")(of("a"))
    assert f"echo {moved}/results" in after
    assert repr(after) == repr(before)


def test_a_sample_that_the_project_lacks_is_an_error(opened: Open) -> None:
    with pytest.raises(ValueError, match="the project has no sample 'x' for rule touch_sample"):
        opened().command("touch_sample")(of("x"))


def test_inputs_threads_resources_and_image(opened: Open) -> None:
    text = (
        TOUCH["touch.yaml"].rstrip() + "\n        compute: {cores: 2, mem: 3G, partition: long}\n"
    )
    jobs = opened({**TOUCH, "touch.yaml": text})
    assert jobs.inputs("touch_sample")(of("b")) == ["b.txt"]
    assert jobs.threads("touch_sample")(of("b")) == 2
    assert jobs.resource("touch_sample", "mem_mb")(of("b")) == 3072
    assert jobs.resource("touch_sample", "slurm_partition")(of("b")) == "long"
    assert jobs.resource("touch_sample", "slurm_account")(of("b")) == ""
    assert jobs.resource("touch_sample", "runtime")(of("b")) == 0
    assert jobs.container("touch_sample")(of("b")) is None


def test_a_lookup_takes_wildcards_only(opened: Open) -> None:
    """Snakemake inspects the arguments of each function for each job."""
    lookup: Any = opened().command("touch_sample")
    assert list(lookup.__signature__.parameters) == ["wildcards"]


# --- many jobs ------------------------------------------------------------------------------------


def test_flags_of_all_samples_and_of_one(opened: Open) -> None:
    jobs = opened()
    flag = "results/results_pipeline/{0}/touch_{0}_completed.flag"
    assert jobs.flags("touch_sample")(Wildcards()) == [flag.format(name) for name in "abc"]
    assert jobs.flags_of_sample("touch_sample")(of("b")) == [flag.format("b")]
    assert jobs.flags_of_sample("touch_sample")(of("x")) == []
    assert jobs.flags_of_sample("other")(of("b")) == []


# --- merged pipestat configs ----------------------------------------------------------------------


def is_ancient(path: Any) -> bool:
    return bool(getattr(path, "flags", {}).get("ancient"))


def write_config(jobs: Lookups, path: str = CONFIG, rule: str = "p_sample") -> None:
    """As the rule of the config does."""
    config = Path(path)
    config.parent.mkdir(parents=True, exist_ok=True)
    config.touch()
    note = Path(marker(path))
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(str(jobs.config_digest(rule)) + "\n")
    reopen(jobs)


def reopen(jobs: Lookups) -> None:
    """What a process has read it does not read again; the next run is another process."""
    jobs._table.config.cache_clear()  # type: ignore[attr-defined]


def complete(flag: str, at: float = 2e9) -> None:
    path = Path(flag)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("completed")
    os.utime(path, (at, at))


def test_a_config_that_is_to_be_written_is_a_plain_input(opened: Open) -> None:
    jobs = opened(REPORTING)
    found = needed_config(jobs, "p_sample", of("a"))
    assert found == CONFIG and not is_ancient(found)
    assert not is_ancient(jobs.config_source("p_sample")(of("a")))


def test_a_config_that_is_current_is_ancient(opened: Open) -> None:
    jobs = opened(REPORTING)
    write_config(jobs)
    found = needed_config(jobs, "p_sample", of("a"))
    assert found == CONFIG and is_ancient(found)
    source = jobs.config_source("p_sample")(of("a"))
    assert is_ancient(source)
    assert Path(source).stem == jobs.config_digest("p_sample")


@pytest.mark.parametrize("note", ["0" * 16, "", "damaged"])
def test_a_config_of_another_content_is_a_plain_input(opened: Open, note: str) -> None:
    jobs = opened(REPORTING)
    write_config(jobs)
    Path(marker(CONFIG)).write_text(note)
    complete("flags/p_a_completed.flag")
    reopen(jobs)
    found = needed_config(jobs, "p_sample", of("a"))
    assert found == CONFIG and not is_ancient(found)


def test_a_config_that_is_gone_is_a_plain_input(opened: Open) -> None:
    jobs = opened(REPORTING)
    write_config(jobs)
    Path(CONFIG).unlink()
    reopen(jobs)
    assert not is_ancient(needed_config(jobs, "p_sample", of("a")))


def test_all_jobs_share_the_path_of_a_config_while_no_record_is_completed(
    opened: Open, engine: FakeEngine
) -> None:
    jobs = opened(REPORTING)
    assert jobs.config("p_sample") == CONFIG
    engine.is_main = False  # a job's own process asks for its own record only
    assert callable(jobs.config("p_sample"))
    engine.is_main = True
    complete("flags/p_a_completed.flag")
    assert callable(jobs.config("p_sample"))


def test_all_jobs_share_the_path_of_a_config_that_was_written(opened: Open) -> None:
    jobs = opened(REPORTING)
    write_config(jobs)
    complete("flags/p_a_completed.flag")
    assert jobs.config("p_sample") == CONFIG


def test_a_record_that_looper_completed_needs_no_config(opened: Open, engine: FakeEngine) -> None:
    jobs = opened(REPORTING)
    flag = "flags/p_a_completed.flag"
    assert needed_config(jobs, "p_sample", of("a")) == CONFIG, "it has no flag"
    complete(flag)
    assert needed_config(jobs, "p_sample", of("a")) == []
    assert needed_config(jobs, "p_sample", of("b")) == CONFIG
    engine.recorded = {flag}
    assert needed_config(jobs, "p_sample", of("a")) == CONFIG, "Snakemake ran it"


@pytest.mark.parametrize("forced", ["p_sample", "flags/p_a_completed.flag"])
def test_a_forced_record_of_looper_needs_its_config(
    opened: Open, engine: FakeEngine, forced: str
) -> None:
    jobs = opened(REPORTING)
    complete("flags/p_a_completed.flag")
    engine.forced_rules = {forced}
    assert needed_config(jobs, "p_sample", of("a")) == CONFIG


def test_a_record_of_looper_with_a_newer_input_needs_its_config(opened: Open) -> None:
    jobs = opened(REPORTING)
    complete("flags/p_a_completed.flag", at=1e9)
    assert needed_config(jobs, "p_sample", of("a")) == CONFIG


@pytest.mark.parametrize(
    ("changed", "at", "wanted"),
    [
        (None, 0.0, []),
        ("results.yaml", 4e9, PROJECT_CONFIG),  # assembled after the project-level job
        ("flags/p_b_completed.flag", 2.5e9, PROJECT_CONFIG),  # completed after the assembly
    ],
)
def test_a_project_of_looper_is_completed_after_its_samples(
    opened: Open, changed: str | None, at: float, wanted: object
) -> None:
    jobs = opened(REPORTING)
    reads = jobs._table.config("p_project").reads
    for sample in "abc":
        complete(f"flags/p_{sample}_completed.flag", at=1e9)
    assert "results.yaml" in reads
    results = next(path for path in reads.strip("[]").replace('"', "").split(", "))
    complete(results, at=2e9)
    complete("flags/p_demo_completed.flag", at=3e9)
    if changed:
        complete(results if changed == "results.yaml" else changed, at=at)
    assert needed_config(jobs, "p_project", Wildcards()) == wanted


# --- what earlier runs have left ------------------------------------------------------------------


def test_what_is_left_is_forced_once(opened: Open, engine: FakeEngine) -> None:
    jobs = opened(left=("settled/1",))
    jobs.flags("touch_sample")(Wildcards())
    jobs.flags("touch_sample")(Wildcards())
    assert engine.made_again == ["settled/1"]


@pytest.mark.parametrize("state", [{"is_main": False}, {"has_graph": False}])
def test_nothing_is_forced_in_a_job_or_before_the_graph(
    opened: Open, engine: FakeEngine, state: dict[str, bool]
) -> None:
    for name, value in state.items():
        setattr(engine, name, value)
    jobs = opened(left=("settled/1",))
    jobs.flags("touch_sample")(Wildcards())
    assert jobs.left_over()(Wildcards()) == []
    assert engine.made_again == []


def test_a_plan_of_some_samples_makes_what_is_left(opened: Open, engine: FakeEngine) -> None:
    assert opened().left_over()(Wildcards()) == []
    jobs = opened(left=("settled/1",))
    assert jobs.left_over()(Wildcards()) == [LEFT_OVER]
    assert engine.made_again == ["settled/1", LEFT_OVER]


def test_paths_of_the_table(opened: Open) -> None:
    jobs = opened()
    assert jobs.own_path()(Wildcards(), []) == str(jobs.path)
    assert jobs.path.name == "jobs.sqlite"


def test_the_note_of_a_store_does_not_depend_on_the_folder(
    opened: Open, project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        **REPORTING,
        ".looper.yaml": REPORTING[".looper.yaml"].replace(
            "results_file_path: results.yaml", "sqlite_url: all.db"
        ),
    }
    first = opened(files).settled("p_sample")
    folder = project(files, "elsewhere")
    monkeypatch.chdir(folder)
    fake: Any = FakeEngine()
    plan = plan_project(folder / ".looper.yaml", Options())
    assert Lookups(write_plan(plan).jobs(), fake, list).settled("p_sample") == first
