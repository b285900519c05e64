"""Times and memory of a record: those of its last try, or none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.projects import edit
from support.reporting import set_flag

from snakemake_looper.layout import TIMES, flag_with, note_on_times
from snakemake_looper.read.options.options import Options
from snakemake_looper.results.remove import destroy, removal_of_selected
from snakemake_looper.results.statuses import RecordStatus, read_statuses
from snakemake_looper.results.times import KILLED_WITH_ITS_RUN
from snakemake_looper.status.flags import stamp_of
from snakemake_looper.status.journal import Death, Journal
from snakemake_looper.workspace.current_plan import current_plan
from snakemake_looper.workspace.job_table import JobTable
from snakemake_looper.workspace.rows import Brief

BEGAN, ENDED = 1_795_000_000.25, 1_795_000_012.75
BENCHMARK = "s\th:m:s\tmax_rss\tmax_vms\n1.0\t0:00:01\t{}\t9\n"


@pytest.fixture
def jobs(touch: Path) -> Iterator[JobTable]:
    edit(
        touch / "touch.yaml",
        "sample_interface:",
        "snakemake: {benchmark: BENCH}\nsample_interface:",
    )
    edit(touch / "touch.yaml", "BENCH", '"bench/{sample.sample_name}.tsv"')
    table = current_plan(touch / ".looper.yaml", Options()).jobs()
    yield table
    table.close()


def brief_of(jobs: JobTable) -> Brief:
    return next(one for one in jobs.briefs() if one.record == "a")


def flagged(jobs: JobTable, status: str, at: float = ENDED) -> Path:
    """Set the flag of record `a`, as its job did at a time."""
    set_flag(jobs, "a", status)
    path = Path(flag_with(str(jobs.facts.workdir / brief_of(jobs).flag), status))
    os.utime(path, (at, at))
    return path


def log_written(jobs: JobTable, at: float) -> None:
    path = jobs.facts.workdir / brief_of(jobs).log
    path.touch()
    os.utime(path, (at, at))


def noted(jobs: JobTable, text: str, at: float = ENDED) -> Path:
    """Write the note of record `a`, as its job's shell did at a time."""
    path = jobs.facts.workdir / note_on_times(brief_of(jobs).flag)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (at, at))
    return path


def died(jobs: JobTable, flag: Path, at: float, started: float | None, reason: str = "") -> None:
    """Note in a journal that record `a` died."""
    journal = Journal.open(jobs.facts.workdir, "plan")
    journal.begin("local", {brief_of(jobs).flag: ""})
    death = Death("failed", at, stamp_of(flag), reason, started=started)
    journal.record_death(brief_of(jobs).flag, death)
    journal.end()


def read(jobs: JobTable, times: bool = True) -> RecordStatus:
    return next(
        one for one in read_statuses(jobs, jobs.facts.workdir, times=times) if one.record == "a"
    )


def times(jobs: JobTable) -> tuple[float | None, float | None]:
    found = read(jobs)
    return found.started, found.took


def whole(status: str = "completed") -> str:
    """The note of a job that ended."""
    return f"{BEGAN}\n{ENDED} {status}\n"


WHOLE = whole()


@pytest.mark.parametrize("status", ["completed", "failed", "partial"])
def test_a_job_that_ended(jobs: JobTable, status: str) -> None:
    flagged(jobs, status)
    noted(jobs, whole(status))
    assert times(jobs) == (BEGAN, 12.5)
    plain = read(jobs, times=False)
    assert (plain.started, plain.took) == (None, None), "only where they are shown"


def test_a_job_that_runs(jobs: JobTable) -> None:
    flagged(jobs, "running", BEGAN)
    noted(jobs, f"{BEGAN}\n", BEGAN)
    assert times(jobs) == (BEGAN, None)


def test_a_job_that_waits_has_no_times_of_its_last_run(jobs: JobTable) -> None:
    flagged(jobs, "waiting", ENDED + 60)
    noted(jobs, WHOLE)
    assert times(jobs) == (None, None)


@pytest.mark.parametrize("status", ["completed", "failed", "partial", "running"])
def test_a_flag_that_something_else_has_set_since(jobs: JobTable, status: str) -> None:
    """As looper, which writes a log, or the main process for a job that never began."""
    flagged(jobs, status, ENDED + 60)
    log_written(jobs, ENDED + 60)
    noted(jobs, whole(status))
    assert times(jobs) == (None, None)
    noted(jobs, whole("completed" if status != "completed" else "failed"), ENDED + 60)
    assert times(jobs) == (None, None), "the note is of another try"


def test_a_flag_that_snakemake_has_touched_since(jobs: JobTable) -> None:
    """It touches outputs when it notices that a job on a cluster is complete."""
    flagged(jobs, "completed", ENDED + 60)
    log_written(jobs, ENDED)
    noted(jobs, WHOLE)
    assert times(jobs) == (BEGAN, 12.5)


def test_a_job_that_never_began(jobs: JobTable) -> None:
    flag = flagged(jobs, "failed", ENDED + 60)
    noted(jobs, f"{BEGAN}\n", BEGAN)
    died(jobs, flag, ENDED + 60, None, "never began: out of space")
    assert times(jobs) == (None, None)


def test_a_job_whose_shell_was_killed(jobs: JobTable) -> None:
    flag = flagged(jobs, "failed", ENDED + 5)
    noted(jobs, f"{BEGAN}\n", BEGAN)
    died(jobs, flag, ENDED, BEGAN)
    assert times(jobs) == (BEGAN, 12.5)
    os.utime(flag, (ENDED + 90, ENDED + 90))
    assert times(jobs) == (None, None), "the flag is of another try"


def test_a_job_that_a_cluster_ended_after_its_own_last_word(jobs: JobTable) -> None:
    flag = flagged(jobs, "failed", ENDED + 60)
    noted(jobs, whole("partial"))
    died(jobs, flag, ENDED + 60, BEGAN, "wall time exceeded")
    assert times(jobs) == (BEGAN, 12.5)


def test_a_job_that_was_killed_with_its_run(jobs: JobTable) -> None:
    """Nobody knows when."""
    flag = flagged(jobs, "failed", ENDED + 3600)
    noted(jobs, f"{BEGAN}\n", BEGAN)
    died(jobs, flag, ENDED + 3600, BEGAN, KILLED_WITH_ITS_RUN)
    assert times(jobs) == (BEGAN, None)


@pytest.mark.parametrize(
    "text",
    [
        "", "\n\n", "soon\n", f"{BEGAN}\n{ENDED}\n", f"{ENDED}\n{BEGAN} completed\n", "\0" * 300,
        "nan\n1 completed\n", "1e300\n1e301 completed\n", "inf\ninf completed\n", "-5\n1 completed\n",
        f"{BEGAN}\n{ENDED} \xff\n",
    ],
)  # fmt: skip
def test_a_damaged_note(jobs: JobTable, text: str) -> None:
    flagged(jobs, "completed")
    noted(jobs, text)
    assert times(jobs) == (None, None)


def test_a_note_that_is_no_file(jobs: JobTable) -> None:
    flagged(jobs, "completed")
    path = noted(jobs, WHOLE)
    path.unlink()
    path.mkdir()
    assert times(jobs) == (None, None)
    path.rmdir()
    os.mkfifo(path)
    assert times(jobs) == (None, None)
    path.unlink()
    path.parent.rmdir()
    (jobs.facts.workdir / TIMES).write_text("")
    assert times(jobs) == (None, None)


def test_a_comma_for_the_point(jobs: JobTable) -> None:
    flagged(jobs, "completed")
    noted(jobs, WHOLE.replace(".", ","))
    assert times(jobs) == (BEGAN, 12.5)


@pytest.mark.parametrize(
    ("text", "at", "memory"),
    [
        (BENCHMARK.format("6.76"), ENDED, 6.76),
        (BENCHMARK.format("6.76") + "2.0\t0:00:02\t8.5\t9\n", ENDED, 8.5),
        (BENCHMARK.format("6.76"), ENDED - 60, None),
        (BENCHMARK.format("NA"), ENDED, None),
        (BENCHMARK.format("nan"), ENDED, None),
        ("s\tmax_vms\n1\t2\n", ENDED, None),
        ("s\tmax_rss\n1\n", ENDED, None),
        ("", ENDED, None),
    ],
)
def test_memory_of_a_benchmark(jobs: JobTable, text: str, at: float, memory: float | None) -> None:
    path = jobs.facts.workdir / "bench/a.tsv"
    path.parent.mkdir()
    path.write_text(text)
    os.utime(path, (at, at))
    flagged(jobs, "completed")
    assert read(jobs).memory_mb == memory
    os.unlink(flagged(jobs, "completed"))
    flagged(jobs, "failed")
    assert read(jobs).memory_mb is None, "Snakemake measures no job that fails"


def test_destroy_removes_notes(jobs: JobTable) -> None:
    path = noted(jobs, WHOLE)
    destroy(removal_of_selected(jobs, jobs.facts.workdir, ["sample"]))
    assert not path.exists()


PYPIPER = """\
# Pipeline started at 11-25 10:00:00

# pid\thash\tcid\truntime\tmem\tcmd\tlock
11\tab\tNone\t0:00:01\t 9.5000\tbwa\tx
# Pipeline started at 11-26 10:00:00

# pid\thash\tcid\truntime\tmem\tcmd\tlock
12\tab\tNone\t0:00:01\t 1.0240\tbwa\tx
13\tab\tNone\t0:00:01\t 0.5000\tsort\tx
"""


@pytest.mark.parametrize(
    ("text", "at", "memory"),
    [
        (PYPIPER, ENDED, 1000.0),
        (PYPIPER * 1_000, ENDED, 1000.0),
        (PYPIPER, BEGAN - 60, None),
        ("# Pipeline started at 11-26 10:00:00\n\n", ENDED, None),
        (PYPIPER.replace("0.5000", "much"), ENDED, None),
        ("", ENDED, None),
    ],
)
def test_memory_of_pypiper(jobs: JobTable, text: str, at: float, memory: float | None) -> None:
    """Also of a job that failed; of its last run, and not of the runs before."""
    flagged(jobs, "failed")
    noted(jobs, whole("failed"))
    path = jobs.facts.results_dir / "a/touch_profile.tsv"
    path.write_text(text)
    os.utime(path, (at, at))
    assert read(jobs).memory_mb == memory
