"""The command of `on_end`: it gets a summary of a run that has ended, for mail and chat.

The command comes from `on_end:` in the `snakemake:` section of the looper config, or from
`--on-end`. A shell runs it in the folder of the looper config, and it reads the summary, a JSON
object, from its standard input. Its output goes to standard error. It has a minute. Whatever
happens to it, the exit code of the run stays as it is.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..messages import warn
from ..results.json_values import json_text, moment
from ..results.places_of_results import places_of_results
from ..results.statuses import counts, read_statuses, record_form
from ..status_words import FAILURES
from ..system_errors import explained
from ..workspace.job_table import JobTable
from .outcome import Outcome

MOST_LISTED = 100
"""Failed records, and skipped ones, that a summary lists. It counts all of them."""
SECONDS = 60.0
"""The time that the command has."""


def call_on_end(table: JobTable, workdir: Path, outcome: Outcome) -> None:
    """Hand the summary of a run to its command, and print a warning if the command fails."""
    facts = table.facts
    text = json_text(summary(table, workdir, outcome))
    problem = _run(facts.on_end, text, facts.looper_config.parent)
    if problem:
        warn(f"{facts.looper_config}: on_end: {problem}; the exit code of the run stays as it is")


def summary(table: JobTable, workdir: Path, outcome: Outcome) -> dict[str, Any]:
    """The summary of a run. Later versions may add keys; they do not change any."""
    facts, now = table.facts, time.time()
    records = read_statuses(table, workdir, why=True, times=True)
    failed = [one for one in records if one.status in FAILURES]
    skips = [skip for skip in table.skipped() if skip.fault]
    return {
        "project": facts.project_name,
        "looper_config": str(facts.looper_config),
        "host": socket.gethostname(),
        "state": outcome.state,
        "started": moment(outcome.began),
        "ended": moment(now),
        "took": round(now - outcome.began, 3),
        "planned": outcome.planned,
        "completed": outcome.completed,
        "counts": counts(records),
        "failures": len(failed),
        "failed": [record_form(one) for one in failed[:MOST_LISTED]],
        "skips": len(skips),
        "skipped": [
            {"pipeline": one.pipeline, "record": one.record, "reason": one.reason}
            for one in skips[:MOST_LISTED]
        ],
        "output_dir": str(facts.output_dir),
        "results": list(places_of_results(table, workdir)),
    }


def _run(command: str, text: str, folder: Path) -> str:
    """Why the command failed; empty if it did not."""
    try:
        process = subprocess.Popen(
            ["/bin/sh", "-c", command], cwd=folder, stdin=subprocess.PIPE, stdout=_stderr(),
            stderr=_stderr(), start_new_session=True,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        said = explained(error) if isinstance(error, OSError) else str(error)
        return f"its command cannot be started: {said}"
    return _outcome(process, lambda: process.communicate(text.encode(), timeout=SECONDS))


def _outcome(process: subprocess.Popen[bytes], wait: Callable[[], object]) -> str:
    try:
        wait()
    except subprocess.TimeoutExpired:
        _kill(process)
        return f"its command was ended, since it took more than {SECONDS:.0f} seconds"
    except KeyboardInterrupt:
        _kill(process)
        return "its command was interrupted"
    if process.returncode < 0:
        return f"its command was killed by {signal.Signals(-process.returncode).name}"
    return f"its command ended with exit code {process.returncode}" if process.returncode else ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the command, and all that it has started."""
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _stderr() -> int | None:
    """Standard error; None, which means the same, if Python's own is not a file."""
    try:
        sys.stderr.flush()
        return sys.stderr.fileno()
    except (OSError, ValueError, AttributeError):
        return None
