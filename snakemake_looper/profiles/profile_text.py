"""The text of a profile: YAML, with a comment above options that need an explanation."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from .divvy.translate import Profile

_WIDTH = 98
_COMMENTS = {
    "cores": "Jobs run here, as they fit; `--cores 8` for fewer.",
    "jobs": "At most this many jobs are queued or run at once.",
    "default-resources": "For jobs without a value of their own. Snakemake evaluates these values:"
    " text is in quotes twice.",
    "latency-wait": "A file that a node has written may take this long to be seen here (seconds).",
    "precommand": "/bin/sh runs this on the node before each job.",
    "jobscript": "The script that is submitted: the template's shell around the job, whose exit"
    " code is kept.",
    "cluster-generic-status-cmd": "Prints the state of a job: running, success or failed.",
    "seconds-between-status-checks": "Each check asks once for each job.",
    "software-deployment-method": "Jobs run in the images that the project names.",
    "cluster-generic-submit-cmd": "The options of the template; {…} is what a job needs.",
    "slurm-pass-command-as-script": "Without this, substitutions in the precommand would be made"
    " here, not on the node.",
}


def profile_text(profile: Profile, origin: str, folder: Path, notes: list[str]) -> str:
    """The text of `config.v9+.yaml`.

    Args:
        profile: the options.
        origin: the package that it was made from, for the first comment.
        folder: the profile's folder, for the same comment.
        notes: lines about parts of the package that have no counterpart in Snakemake, for the
            last comments.
    """
    head = f"""\
# Made by snakemake-looper from {origin}.
#
#   snakemake --use-looper-config --profile {folder}
#
# The site decides these options. The needs of each job are in the rules, from looper's compute
# settings.
"""
    settings = dict(profile.settings)
    if profile.defaults:
        settings["default-resources"] = {
            key: default_resource(value) for key, value in sorted(profile.defaults.items())
        }
    parts = [head.rstrip("\n")]
    for key, value in settings.items():
        comment = _COMMENTS.get(key)
        text = "\n".join(setting_lines(key, value))
        if comment:
            parts.append(
                f"\n{textwrap.fill(f'# {comment}', _WIDTH, subsequent_indent='# ')}\n{text}"
            )
        else:
            parts.append(text)
    if notes:
        parts.append("\n# Without a counterpart in Snakemake:")
        parts += [_note(note) for note in notes]
    return "\n".join(parts) + "\n"


def _note(text: str) -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent="# - ", subsequent_indent="#   ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def setting_lines(key: str, value: Any) -> list[str]:
    """One option as lines of YAML. Text is quoted where YAML would read it as another type."""
    if isinstance(value, Mapping):
        return [f"{key}:", *(f"  {name}: {item}" for name, item in value.items())]
    if isinstance(value, list):
        return [f"{key}: >-", *(f"  {part}" for part in value)]
    text = str(value)
    if isinstance(value, (bool, int)):
        return [f"{key}: {text.lower()}"]
    block = [f"{key}: |-", *(f"  {line}" for line in text.split("\n"))]
    if "\n" in text and _reads_as("\n".join(block), {key: text}):
        return block
    plain = re.fullmatch(r"[A-Za-z][\w./-]*( [\w./+=][\w./+=-]*)*", text) and _reads_as(text, text)
    return [f"{key}: {text if plain else _quoted(text)}"]


def _reads_as(line: str, value: Any) -> bool:
    """Whether YAML reads a line as this value. It reads `no` as False, and `null` as nothing."""
    try:
        return bool(yaml.safe_load(line) == value)
    except yaml.YAMLError:
        return False


def _quoted(text: str) -> str:
    """A text as YAML in double quotes, on one line."""
    width = sys.maxsize
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=width).rstrip("\n")


def default_resource(value: int | str) -> str:
    """A default resource as YAML. Snakemake evaluates it, so text is the expression of a string.

    Plain words are in quotes, too: each version of Snakemake knows more names, and a partition may
    have one of them.
    """
    return str(value) if isinstance(value, int) else _quoted(repr(value))
