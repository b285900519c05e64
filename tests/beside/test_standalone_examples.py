"""The examples with results in files, as workflows to give away: the same flags and results.

They are here, and not in `tests/runs`, because they start Snakemake ten times.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.bare import bare_environment
from support.projects import flags
from support.running import EXAMPLES, cli, run, use_looper

NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.name != "results_in_database")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bare_environment(tmp_path_factory.mktemp("bare"))


def results(folder: Path) -> dict[str, Any]:
    """The content of all results files by path, without times and with one name for the folder."""
    found = {}
    for path in sorted(folder.rglob("results.yaml")):
        if path.parent.name != "config":
            text = path.read_text().replace(str(folder), "HERE")
            found[str(path.relative_to(folder))] = _without_times(yaml.safe_load(text))
    return found


def _without_times(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        key: _without_times(one)
        for key, one in value.items()
        if key not in ("meta", "pipestat_created_time", "pipestat_modified_time")
    }


@pytest.mark.parametrize("name", NAMES)
def test_same_flags_and_results(
    example: Callable[[str], Path], programs: Path, tmp_path: Path, name: str
) -> None:
    project, given = example(name), tmp_path / "given"
    assert cli("generate", "--standalone", str(given), cwd=project).code == 0
    assert use_looper(cwd=project).code == 0
    expected, all_flags = results(project), flags(project)
    shutil.rmtree(project)
    path = f"{programs}:/usr/local/bin:/usr/bin:/bin"
    done = run(str(programs / "snakemake"), "--cores", "2", cwd=given, PATH=path)
    assert done.code == 0, done.text[-3000:]
    assert flags(given) == all_flags
    assert results(given) == expected
