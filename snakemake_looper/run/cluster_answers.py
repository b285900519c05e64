"""Answers of clusters: the outcome of a job that they ended, and how their programs are asked."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import Literal, NamedTuple

_TIMEOUT = 60
"""Seconds that a program has for its answer."""


class Verdict(NamedTuple):
    """The status that a job has by the way it ended, and why, in plain words."""

    status: Literal["failed", "partial"]
    reason: str


def answer_of(command: Sequence[str], none: str = "") -> str:
    """The output of a program that knows the jobs of a cluster.

    Args:
        command: the program and its arguments.
        none: the message with which the program fails if it knows no job; this is an answer, too.

    Raises:
        OSError: there is no such program here, or it does not answer.
    """
    name, environment = command[0], {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT,
            env=environment,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise OSError(f"{name} does not answer") from error
    if done.returncode and not (none and none in done.stderr):
        raise OSError(f"{name} failed: {done.stderr.strip()}")
    return done.stdout
