"""A project on both sides: the values of a job in looper, and ours.

Both are flat mappings with every value of every namespace that a template can see: `command`,
`env.X`, `sample.x`, `compute.x`. They also have the merged pipestat config (`config.x`), the folder
of the status flag (`flags`), and files that hooks wrote (`written.FILE.x`).

looper's samples share state: a sample gets the templates, settings and results file of the sample
before. So a project with such state is run for one sample and one interface at a time, in a fresh
output folder.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Mapping
from math import isinf
from pathlib import Path
from typing import Any

import yaml

from snakemake_looper.cli_options import options_of, parser
from snakemake_looper.model import Job, Plan
from snakemake_looper.plan.planner import explain, plan_project
from snakemake_looper.read.secrets import reveal
from support.looper_cases import PROJECT, Case
from support.looper_oracle import Answer, Looper, plain
from support.projects import write

Values = dict[str, Any]

# Words in a project's files: with one of them, looper's jobs share state that templates can show.
SHARED = ("compute:", "var_templates:", "pipestat:", "pre_submit:")

# Keys of `compute` that are no settings of a job: the frame of looper's job script, the name of the
# size table, and the number that pandas gives to its row.
NO_SETTINGS = (
    "submission_template",
    "submission_command",
    "pre_command",
    "post_command",
    "size_dependent_variables",
    "dynamic_variables_command_template",
    "id",
)


class _Loader(yaml.SafeLoader):
    """For YAML with Python's objects in it, as looper writes it: they are left out."""


_Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


class Project:
    """A case's files in a folder, for looper and for us."""

    def __init__(self, case: Case, folder: Path, looper: Looper) -> None:
        self.case, self.folder, self._looper = case, folder, looper
        self.out = folder / "results"
        self.config = folder / ".looper.yaml"
        self.env = {name: self.filled(value) for name, value in case.env.items()}
        self.as_2 = {name: self.filled(text) for name, text in case.theirs.items()}
        self.words = [self.filled(word) for word in case.words]
        self.options = options_of(parser().parse_args(["run", *self.words, *case.select]))
        write(folder, case.files)
        for name, size in case.sizes.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.truncate(path, size)

    def filled(self, value: Any) -> Any:
        """A text with the project's folder in the place of `<project>`."""
        return value.replace(PROJECT, str(self.folder)) if isinstance(value, str) else value

    def plan(self) -> Plan:
        return plan_project(self.config, self.options)

    def ask(self, command: str, *words: str, interface: str | None = None) -> Answer:
        """Run looper in a fresh output folder, with one of the interfaces or with all."""
        shutil.rmtree(self.out, ignore_errors=True)
        write(self.folder, self.as_2)
        config = yaml.safe_load(self.config.read_text(encoding="utf-8"))
        if interface is not None:
            config["pipeline_interfaces"] = [interface]
        if words:
            for key in [key for key in _cli(config) if _selects(key)]:
                del config["cli"]["run"][key]  # it beats the command line (quirk 10)
        path = self.folder / "oracle.yaml"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        answer = self._looper.ask(
            command, "--config", str(path), "--dry-run", *self.words, *words,
            cwd=self.folder, out=self.folder / config.get("output_dir", "results"), env=self.env,
        )  # fmt: skip
        write(self.folder, {name: self.case.files[name] for name in self.case.theirs})
        return answer

    def interface(self, job: Job) -> str | None:
        """The interface of a job as the looper config names it; None if only samples do."""
        text = self.case.theirs.get(".looper.yaml") or self.case.files[".looper.yaml"]
        found = yaml.safe_load(text).get("pipeline_interfaces") or []
        for name in [found] if isinstance(found, str) else found:
            path = self.folder / os.path.expandvars(name)
            if yaml.safe_load(path.read_text(encoding="utf-8"))["pipeline_name"] == job.pipeline:
                return str(name)
        return None

    def theirs(self, job: Job, whole: Answer) -> Values | None:
        """looper's values of a job; None if it makes no such job. `whole` is a run of all jobs."""
        name = name_of(job)
        texts = self.case.files.values()
        shares = len(whole.scripts) > 1 and any(word in text for text in texts for word in SHARED)
        if job.level == "project":
            answer = self.ask("runp", interface=self.interface(job))
            (name,) = answer.scripts or (name,)  # a project without a name has others there
        elif name in whole.scripts and not shares:
            answer = whole
        else:
            select = ("--sel-attr", "sample_name", "--sel-incl", job.record)
            answer = self.ask("run", *select, interface=self.interface(job))
        if name not in answer.scripts:
            assert re.search(self.case.refused or "(?!)", answer.log), answer.log
            return None
        namespaces = dict(answer.namespaces[name])
        seen: Values = {"flags": namespaces.pop("flags")}
        if job.level == "project" and not namespaces["pipestat"]:
            del seen["flags"]  # looper looks at none
        env, command = split_exports(answer.scripts[name], namespaces["pipeline"])
        config = self.out / f"pipestat_config_{job.pipeline}.yaml"
        if config.exists():
            seen["config"] = yaml.safe_load(config.read_text(encoding="utf-8"))
        seen["written"] = self.written(job)
        return as_ours(flat({**seen, "command": command, "env": env, **namespaces}))

    def ours(self, job: Job, plan: Plan) -> Values:
        """Our values of a job."""
        shutil.rmtree(self.out, ignore_errors=True)  # hooks write for a plan, too
        (namespaces,) = (
            namespaces
            for one, namespaces in explain(self.config, self.options, job.record)
            if (one.pipeline, one.level) == (job.pipeline, job.level)
        )
        seen: dict[str, Any] = {"command": job.command, "env": job.env, **namespaces}
        for config in plan.configs:
            interface = config.interface
            if (interface.pipeline_name, interface.level) == (job.pipeline, job.level):
                seen["config"] = reveal(config.content)
        if job.level == "sample" or namespaces["pipestat"]:
            seen["flags"] = str((plan.workdir / job.flag).parent)
        seen["written"] = self.written(job)
        return flat(seen)

    def written(self, job: Job) -> dict[str, Any]:
        """The content of the files that hooks wrote for a record."""
        return {
            str(path.relative_to(self.out)): yaml.load(path.read_text(encoding="utf-8"), _Loader)
            for path in self.out.rglob(f"{job.record}*.yaml")
        }


def name_of(job: Job) -> str:
    """looper's name for a job."""
    return f"{job.pipeline}_{job.record}"


def exports(env: Mapping[str, str]) -> list[str]:
    """The lines that looper puts before a command."""
    return [f"export {name}={shlex.quote(value)}" for name, value in env.items()]


def split_exports(text: str, interface: Mapping[str, Any]) -> tuple[dict[str, str], str]:
    """The environment of a job script, and its command."""
    env = {}
    for name in interface.get("inject_env_vars") or {}:
        found = re.match(rf"export {name}=((?:'[^']*'|\"'\"|[^\s'\"])*)\n", text)
        assert found, text
        (env[name],) = shlex.split(found[1])
        text = text[found.end() :]
    return env, text


def flat(value: Any, path: str = "") -> Values:
    """Every value of nested mappings by its dotted path."""
    if not isinstance(value, Mapping):
        return {path: value}
    return {
        inner: item
        for key, each in plain(value).items()
        if not (re.fullmatch(r"(written\..*\.)?compute", path) and key in NO_SETTINGS)
        for inner, item in flat(each, f"{path}.{key}" if path else key).items()
    }


def as_ours(theirs: Values) -> Values:
    """looper's values without differences that every project has.

    It puts the looper config's interfaces into each sample and the modifiers. The bound of a size
    table's row is a float, and no bound is infinite (quirk 6); ours is the cell as it is written.
    """
    listed = theirs.get("project.sample_modifiers.append.pipeline_interfaces")
    for sample in theirs.get("samples", ()):
        if sample.get("pipeline_interfaces") == listed:
            sample.pop("pipeline_interfaces", None)
    bound = theirs.get("compute.max_file_size")
    if bound is not None:
        whole = not isinf(bound) and bound == int(bound)
        theirs["compute.max_file_size"] = "NaN" if isinf(bound) else int(bound) if whole else bound
    return {
        path: value
        for path, value in theirs.items()
        if not (path.endswith(".pipeline_interfaces") and value == listed)
    }


def _cli(config: Mapping[str, Any]) -> Mapping[str, Any]:
    return (config.get("cli") or {}).get("run") or {}


def _selects(key: str) -> bool:
    return key.replace("-", "_") in ("sel_attr", "sel_incl", "sel_excl", "limit", "skip")
