"""TODO: workspace.pipestat_files."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files import read_text, write_atomic
from ..layout import marker
from .job_table import JobTable

if TYPE_CHECKING:
    pass
from .own_files import put


def write_pipestat_config(source: str, target: str, written: str) -> None:
    """Write a merged pipestat config, its secrets filled in, for its owner only.

    `written` is the file that notes which content it was.

    Raises:
        KeyError, TypeError: a secret is no longer where it was.
    """
    write_atomic(Path(target), _revealed(Path(source)), mode=0o600)
    write_atomic(Path(written), Path(source).stem)


def refresh_configs(jobs: JobTable, workdir: Path) -> None:
    """Write merged configs again that are of another place: the project was moved since.

    Their rules do not run for that, and neither do jobs that are complete. Called before the
    first job of a run.

    Raises:
        OSError, KeyError, TypeError: one cannot be written.
    """
    for config in jobs.configs(workdir):
        target = workdir / config.path
        if config.written == config.digest and not _is_current(workdir / config.source, target):
            text = read_text(workdir / config.source) or ""
            if _is_secret(text):
                write_atomic(target, _revealed(workdir / config.source), mode=0o600)
            else:
                write_atomic(target, text)


def note_written(jobs: JobTable, workdir: Path) -> None:
    """Note again which content a merged config has, where the note was lost."""
    for config in jobs.configs(workdir):
        if config.written in (None, "") and _is_current(
            workdir / config.source, workdir / config.path
        ):
            with contextlib.suppress(OSError):
                put(workdir / marker(config.path), config.digest)


def _is_current(source: Path, target: Path) -> bool:
    """Whether a merged config that is there has the content that the plan has for it."""
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
    """Mappings and sequences as the dicts and lists that YAML knows."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value
