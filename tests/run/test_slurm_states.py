"""SLURM's word on jobs, with a stand-in for `squeue`."""

from __future__ import annotations

from pathlib import Path

import pytest

from snakemake_looper.run.slurm import (
    Verdict,
    slurm_states,
    state_in,
    state_of,
    unfinished_jobs,
    verdict_on,
)


def squeue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = tmp_path / "squeue"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_states_of_known_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    squeue(tmp_path, monkeypatch, "echo '1|RUNNING'; echo '2_1|TIMEOUT'; echo '3|CANCELLED by 0'")
    assert slurm_states(["1", "2_1", "3", "4"]) == {
        "1": "RUNNING", "2_1": "TIMEOUT", "3": "CANCELLED"
    }  # fmt: skip
    assert unfinished_jobs(["1", "2_1", "3", "4"]) == {"1"}
    assert (state_of("3"), state_of("4")) == ("CANCELLED", "")


def test_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    squeue(tmp_path, monkeypatch, "echo no controller >&2; exit 1")
    with pytest.raises(OSError, match="squeue failed: no controller"):
        slurm_states(["1"])
    assert state_of("1") == ""
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(OSError):
        unfinished_jobs(["1"])


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("TIMEOUT", Verdict("failed", "wall time exceeded")),
        ("CANCELLED", Verdict("partial", "cancelled")),
        ("OUT_OF_MEMORY", Verdict("failed", "out of memory")),
        ("FAILED", None),
        ("RUNNING", None),
        ("", None),
    ],
)
def test_verdicts(state: str, verdict: Verdict | None) -> None:
    assert verdict_on(state) == verdict


def test_a_state_in_a_message() -> None:
    said = "SLURM-job '9' failed, SLURM status is: 'OUT_OF_MEMORY'. For further error details"
    assert state_in(said) == "OUT_OF_MEMORY"
    assert state_in("sbatch failed") == ""
