"""The cases of the differential tests: small projects, and the expected differences from looper.

They are in `tests/looper/cases/`, a YAML file for each part of looper, an entry for each case:

    name        of the test
    like        a shape, or another case. If both have a mapping, the two are joined key by key;
                anything else the case replaces. An entry with `shape` is no case itself.

The project, which has one interface, `p.yaml`, unless more are named:

    template    its command, `run {sample.sample_name}` if there is none
    level       of that command: sample, or project
    table       the sample table; one sample, `a`, if there is none. In one line, ` | ` parts rows
    config, pep, interface
                further keys of the looper config, the PEP and the interface; null takes a key
                away. Text is appended unchanged, for cases about spelling.
    files       any other files, and those above where a case writes them in full
    example     one of the examples, instead of all these
    sizes       input files, sparse ones, with their sizes as `truncate --size` takes them
    env         environment variables

The commands:

    words       options on the command line, looper's and ours
    select      the same, for those that choose samples

The expected differences. Without one of these keys, nothing may differ:

    demand      by our job name, `*` for all: the values that are not looper's
    jobs        our sample-level jobs, where looper submits others
    refused     looper's message, where it does not render; then only `demand` is compared
    error       our message, where we do not plan

Each difference has a reason: `quirks` are numbers of looper's faults (docs/coming-from-looper.md),
`fault` is the text of a row without a number there, and `contract` names a difference that we want.
A test fails if a difference is not named, or if a named one does not occur. The hand-off to
pipestat (quirks 17, 21, 24) and 1.x interfaces (28) change every job in the same way. The
comparison knows these changes; such a case has only the numbers.
"""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from support.running import EXAMPLES

GB = 1024**3
ABSENT = "(absent)"
PROJECT = "<project>"
"""Stands for the project's folder in a case."""

RUN = "run {sample.sample_name}"
FOLDER = Path(__file__).parent.parent / "looper" / "cases"
ENTRIES = [
    entry
    for path in sorted(FOLDER.glob("*.yaml"))
    for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
]
_BY_NAME = {entry.get("shape") or entry["name"]: entry for entry in ENTRIES}
assert len(_BY_NAME) == len(ENTRIES), "two cases of one name"


@dataclass(frozen=True)
class Case:
    """A project as files, and the rest of an entry."""

    name: str
    files: Mapping[str, str]
    sizes: Mapping[str, int] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    theirs: Mapping[str, str] = field(default_factory=dict)
    """Files in looper 2's format, where ours are looper 1.x's."""
    words: Sequence[str] = ()
    select: Sequence[str] = ()
    demand: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    jobs: Sequence[str] | None = None
    refused: str = ""
    error: str = ""
    quirks: Sequence[int] = ()
    contract: str = ""
    fault: str = ""

    def __post_init__(self) -> None:
        differs = self.demand or self.jobs or bool(self.error) != bool(self.refused)
        reason = self.contract or self.fault
        assert reason or self.quirks or not differs, f"{self.name}: no reason is given"
        assert differs or not reason, f"{self.name}: no difference is named"


def all_cases() -> list[Case]:
    """All entries that are cases, in the order of the files."""
    return [case(**entry) for entry in ENTRIES if "name" in entry]


def case(**entry: Any) -> Case:
    """A case from an entry, as in the files."""
    entry = _whole(entry)
    own = {one.name for one in dataclasses.fields(Case)}
    rest = {key: value for key, value in entry.items() if key in own}
    if "example" in entry:
        files = _example(entry["example"])
    else:
        project = _project(**{key: value for key, value in entry.items() if key not in own})
        files = {**project, **_written(rest.get("files", {}))}
    rest |= {key: shlex.split(rest.get(key, "")) for key in ("words", "select")}
    sizes = {name: _bytes(str(size)) for name, size in rest.get("sizes", {}).items()}
    return Case(**{**rest, "files": files, "theirs": _of_looper_2(files), "sizes": sizes})


def _whole(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry with what it takes from the one that it is like."""
    if "like" not in entry:
        return {key: value for key, value in entry.items() if key != "shape"}
    base = _whole(_BY_NAME[entry["like"]])
    both = {**base, **{key: value for key, value in entry.items() if key not in ("like", "shape")}}
    for key in base.keys() & entry.keys():
        if isinstance(base[key], Mapping) and isinstance(entry[key], Mapping):
            both[key] = {**base[key], **entry[key]}
    return both


def _project(
    template: str = RUN,
    level: str = "sample",
    table: str = "sample_name | a",
    config: Mapping[str, Any] | str = "",
    pep: Mapping[str, Any] | str = "",
    interface: Mapping[str, Any] | str = "",
) -> dict[str, str]:
    looper = {
        "pep_config": "project.yaml",
        "output_dir": "results",
        "pipeline_interfaces": ["p.yaml"],
    }
    demo = {"pep_version": "2.1.0", "name": "demo", "sample_table": "samples.csv"}
    p = {"pipeline_name": "p", f"{level}_interface": {"command_template": template}}
    return {
        ".looper.yaml": _document(looper, config),
        "project.yaml": _document(demo, pep),
        "samples.csv": table if "\n" in table else table.replace(" | ", "\n") + "\n",
        "p.yaml": _document(p, interface),
    }


def _example(name: str) -> dict[str, str]:
    files = {str(path.relative_to(EXAMPLES / name)): path for path in EXAMPLES.glob(f"{name}/**/*")}
    return {
        name: path.read_text(encoding="utf-8")
        for name, path in files.items()
        if path.is_file() and not name.startswith(("results/", ".snakemake/"))
    }


def _of_looper_2(files: Mapping[str, str]) -> dict[str, str]:
    """Files of looper 1.x in looper 2's format, which is all that it reads (quirk 28)."""
    config = yaml.safe_load(files[".looper.yaml"])
    listed = config.get("pipeline_interfaces")
    if not isinstance(listed, Mapping):
        return {}
    found: dict[str, Any] = {}
    for level, names in listed.items():
        for name in [names] if isinstance(names, str) else names:
            data = yaml.safe_load(files[name])
            template = {"command_template": data.pop("command_template")}
            if "path" in data:
                data["path"] = f"{PROJECT}/{Path(name).parent}/{data['path']}"  # quirk 36
            del data["pipeline_type"]
            found[name] = {**data, f"{level}_interface": template}
    return _written({**found, ".looper.yaml": {**config, "pipeline_interfaces": [*found]}})


def _document(given: Mapping[str, Any], more: Mapping[str, Any] | str) -> str:
    if isinstance(more, str):
        return _text(given) + more
    return _text({key: value for key, value in {**given, **more}.items() if value is not None})


def _written(files: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(content) for name, content in files.items()}


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def _bytes(size: str) -> int:
    return int(size.removesuffix("G")) * GB if size.endswith("G") else int(size)
