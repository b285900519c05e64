"""Merged pipestat configs: their text, and functions that write them outside of their rules.

A rule of the Snakefile writes each merged config: it copies the content from the plan. If the
content has a literal secret, the plan has a reference in its place, and a script fills it in and
writes the config for its owner only. For each config, a *marker* notes the digest of the content
that was last written, see `layout.marker`.

Every command that opens a plan imports this module. So it imports YAML and `read.secrets` only
inside of functions.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..files import read_text, write_atomic
from ..layout import marker
from .job_table import JobTable
from .metadata import unmark
from .own_files import put


def write_pipestat_config(source: str, target: str, written: str) -> None:
    """Write a merged pipestat config with its secrets, for its owner only.

    Args:
        source: the file with its content.
        target: the config.
        written: the marker.

    Raises:
        KeyError, TypeError: a secret is no longer where it was.
        OSError: a file cannot be written.
    """
    write_atomic(Path(target), _revealed(Path(source)), mode=0o600)
    write_atomic(Path(written), Path(source).stem)


def refresh_configs(table: JobTable, workdir: Path) -> None:
    """Write merged configs again that have the paths of the project's former place.

    After a move, Snakemake does not run the rules of the configs, so the first job of a run would
    find a config with old paths. Call this before the first job.

    Raises:
        OSError, KeyError, TypeError: one cannot be written.
    """
    for config in table.configs(workdir):
        target = workdir / config.path
        if config.last_written == config.digest and not _is_current(
            workdir / config.source, target
        ):
            text = read_text(workdir / config.source) or ""
            if _is_secret(text):
                write_atomic(target, _revealed(workdir / config.source), mode=0o600)
            else:
                write_atomic(target, text)


def note_written(table: JobTable, workdir: Path) -> None:
    """Write lost markers again, for configs whose content is current.

    A killed run may have left Snakemake's mark that a config is incomplete. Then Snakemake would make
    the config and no job that reads it: it looks at none of them, and to jobs an up-to-date config
    is no reason to run. The mark goes. `refresh_configs` sees to the content.
    """
    for config in table.configs(workdir):
        if config.last_written == config.digest:
            for output in (config.path, marker(config.path)):
                with contextlib.suppress(OSError):
                    unmark(workdir, output)
        if config.last_written in (None, "") and _is_current(
            workdir / config.source, workdir / config.path
        ):
            with contextlib.suppress(OSError):
                put(workdir / marker(config.path), config.digest)


def changed_keys(source: Path, target: Path) -> list[str]:
    """The keys that a merged config on disk has with another value, or lacks, or has in excess.

    Args:
        source: the file with the content that the plan has for it.
        target: the config. If one of the two cannot be read, no key is known.
    """
    from yaml import YAMLError, safe_load

    there, text = read_text(target), read_text(source)
    if there is None or text is None:
        return []
    try:
        old, new = safe_load(there), safe_load(_revealed(source) if _is_secret(text) else text)
    except (YAMLError, KeyError, TypeError):
        return []
    if not isinstance(old, dict) or not isinstance(new, dict):
        return []
    return sorted(str(key) for key in old.keys() | new.keys() if old.get(key) != new.get(key))


def _is_current(source: Path, target: Path) -> bool:
    """Whether a merged config exists and has the content that the plan has for it."""
    there, text = read_text(target), read_text(source)
    if there is None or text is None:
        return False
    return there == (_revealed(source) if _is_secret(text) else text)


def _is_secret(text: str) -> bool:
    from ..read.secrets import SECRET_KEY

    return SECRET_KEY in text


def _revealed(source: Path) -> str:
    import yaml

    from ..read.secrets import reveal

    return as_yaml(reveal(yaml.safe_load(source.read_text(encoding="utf-8"))))


def as_yaml(content: Any) -> str:
    """A merged config as text."""
    import yaml

    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def plain(value: Any) -> Any:
    """A nested value with dicts for mappings and lists for sequences, as YAML needs it."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value
