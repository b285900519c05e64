"""Signals to the processes of a real run, and what stands in a flag's place: what is said after."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.projects import flags
from support.running import (
    BIN,
    PATIENCE,
    children,
    cli,
    command_line,
    environment,
    use_looper,
    wait_until,
)

from snakemake_looper.workspace.engine import let_sigterm_interrupt

# Two commands wait for a file `go`, and say when they have reached their end.
PROJECT = {
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [wait.yaml]
        pipestat: {flag_file_dir: flags}
        """,
    "project.yaml": "pep_version: 2.1.0\nname: demo\nsample_table: samples.csv\n",
    "samples.csv": "sample_name\na\nb\n",
    "wait.yaml": """
        pipeline_name: wait
        sample_interface:
          command_template: >
            touch begun_{sample.sample_name}; until [[ -e go ]]; do sleep 0.05; done;
            touch done_{sample.sample_name}
        """,
}
BOTH = ["wait_a_running.flag", "wait_b_running.flag"]


@pytest.fixture
def waiting(project: Callable[..., Path]) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """A run whose two commands run, in a process group of its own."""
    folder = project(PROJECT)

    def plain() -> None:
        for one in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            signal.signal(one, signal.SIG_DFL)

    with (folder / "out.txt").open("w") as output:
        process = subprocess.Popen(
            [str(BIN / "snakemake"), "--use-looper-config", "--cores", "2", "--keep-going"],
            cwd=folder, env=environment(), stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=plain,
        )  # fmt: skip
    # A signal in the first moment of a command is lost to it: bash has trapped it for the shell,
    # and forgets it in the subshell. The flags are right then, too, but only when the command ends.
    wait_until(lambda: all((folder / f"begun_{one}").exists() for one in "ab"))
    assert flags(folder) == BOTH
    yield folder, process
    (folder / "go").touch()
    process.kill()
    process.wait()


def told(folder: Path) -> dict[str, tuple[str, str]]:
    records = json.loads(cli("check", "--json", cwd=folder).out)["records"]
    return {one["record"]: (one["status"], one["reason"]) for one in records}


def is_over(folder: Path) -> bool:
    return not any(name.endswith("_running.flag") for name in flags(folder))


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("HUP", "partial", "interrupted by SIGHUP"),
        ("USR1", "failed", "its shell was killed by SIGUSR1"),
    ],
)
def test_a_signal_to_the_whole_run(
    waiting: tuple[Path, subprocess.Popen[bytes]], name: str, status: str, reason: str
) -> None:
    """As from a terminal that is closed: what was cut off is not completed, and is run again."""
    folder, process = waiting
    os.killpg(process.pid, getattr(signal, f"SIG{name}"))
    assert process.wait(PATIENCE) != 0
    wait_until(lambda: is_over(folder))
    assert flags(folder) == [f"wait_a_{status}.flag", f"wait_b_{status}.flag"]
    assert told(folder) == {"a": (status, reason), "b": (status, reason)}
    (folder / "go").touch()
    done = use_looper(cwd=folder)
    assert done.code == 0, done.text
    assert "taking over" not in done.text
    assert (folder / "done_a").exists() and (folder / "done_b").exists()
    assert flags(folder) == ["wait_a_completed.flag", "wait_b_completed.flag"]


def test_ctrl_c_is_an_interrupt_and_no_failure(
    waiting: tuple[Path, subprocess.Popen[bytes]],
) -> None:
    """The terminal sends SIGINT to all processes of the run."""
    folder, process = waiting
    os.killpg(process.pid, signal.SIGINT)
    (folder / "go").touch()  # bash may lose a SIGINT that comes while a program of its loop ends
    assert process.wait(PATIENCE) == 1
    assert flags(folder) == ["wait_a_partial.flag", "wait_b_partial.flag"]
    output = (folder / "out.txt").read_text()
    _, _, summary = output.partition("\npipeline")
    assert summary == (
        "  partial\nwait      2\n\ninterrupted: 0 of 2 done; go on with: snakemake"
        " --use-looper-config --cores 2 --keep-going\noutput: results\n"
    )
    assert "Error" not in output, "the log of Snakemake has what it says of each job"
    (log,) = (folder / ".snakemake/log").glob("*.log")
    assert "Error in rule" in log.read_text()


def test_a_signal_to_one_shell(waiting: tuple[Path, subprocess.Popen[bytes]]) -> None:
    """Its command ends, as nobody told it not to; the job was asked to end, and is partial."""
    folder, process = waiting
    # The command's own shell, and for a moment each program that it starts, have the same words.
    shells = [one for one in children(process.pid) if "wait_a_completed" in command_line(one)]
    shell = min(shells, key=lambda one: (one.create_time(), one.pid))
    shell.send_signal(signal.SIGTERM)
    (folder / "go").touch()
    assert process.wait(PATIENCE) == 1
    assert flags(folder) == ["wait_a_partial.flag", "wait_b_completed.flag"]
    assert told(folder)["a"] == ("partial", "interrupted by SIGTERM")


def test_a_command_of_more_bytes_than_an_argument_may_have(project: Callable[..., Path]) -> None:
    """A system takes 128 KiB as one argument of a program.

    Snakemake counts characters, and writes what has 64 Ki of them to a file; these have three
    bytes each. The environment of `b` is too long, and nothing can be done about that.
    """
    folder = project(PROJECT)
    (folder / "go").touch()
    (folder / "samples.csv").write_text(
        f"sample_name,text,more\na,{'字' * 54_000},\nb,x,{'字' * 54_000}\n"
    )
    (folder / "wait.yaml").write_text(
        "pipeline_name: wait\ninject_env_vars: {MORE: '{sample.more}'}\nsample_interface:\n"
        "  command_template: echo {sample.text} && ls\n"
    )
    assert use_looper("--keep-going", cwd=folder).code == 1
    assert flags(folder) == ["wait_a_completed.flag", "wait_b_failed.flag"]
    assert (folder / "results/submission/wait_a.log").read_text().startswith("字" * 54_000 + "\n")
    reason = told(folder)["b"][1]
    assert reason.startswith("never began: its command is too long for this system")
    again = use_looper("-n", cwd=folder).jobs()
    assert again[-1:] == ["wait_sample:b"], "a command in a file is compared by its text"
    assert "wait_sample:a" not in again


@pytest.mark.parametrize("name", ["flags/wait_a_running.flag", "results/submission/wait_a.log"])
def test_a_folder_in_a_files_place(project: Callable[..., Path], name: str) -> None:
    """Nothing is started before it is removed: what to remove is said."""
    folder = project(PROJECT)
    (folder / "go").touch()
    (folder / name / "inside").mkdir(parents=True)
    done = use_looper("--keep-going", cwd=folder)
    assert done.code == 2
    assert done.err == f"error: {name} is not a file; remove it\n"
    assert flags(folder) == []
    assert told(folder)["a"][1].endswith(f"{name} is not a file; remove it")
    assert list((folder / name).iterdir()) == [folder / name / "inside"]
    (folder / name / "inside").rmdir()
    (folder / name).rmdir()
    assert use_looper(cwd=folder).code == 0
    assert flags(folder) == ["wait_a_completed.flag", "wait_b_completed.flag"]


def test_sigterm_is_heard_while_snakemake_holds_its_own_lock() -> None:
    """Snakemake's scheduler takes the lock again in its handler, and would wait for itself."""

    class Scheduler:
        def __init__(self) -> None:
            self.lock = threading.Lock()
            self.ends = False

        def exit_gracefully(self, *_: object) -> None:
            with self.lock:
                self.ends = True

    scheduler = Scheduler()
    before = signal.signal(signal.SIGTERM, scheduler.exit_gracefully)
    try:
        let_sigterm_interrupt()
        with scheduler.lock:
            for _ in range(2):
                signal.raise_signal(signal.SIGTERM)
            assert not scheduler.ends
        wait_until(lambda: scheduler.ends)
    finally:
        signal.signal(signal.SIGTERM, before)
