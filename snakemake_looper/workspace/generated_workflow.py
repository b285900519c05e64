"""`snakemake-looper generate`: a plan's Snakefile in Snakemake's standard layout.

    workflow/Snakefile           the rules, which the user may keep and change
    workflow/scripts/            the scripts that the rules call
    workflow/profiles/default/   defaults that Snakemake finds by itself
    workflow/schemas/            the schema of the config
    config/config.yaml           the looper config and the options, each explained
    README.md                    for people, if there is none
    .snakemake-workflow-catalog.yml  for Snakemake's workflow catalog, if there is none

The Snakefile has the structure of the plan, see `structure`. Each run makes the job table from the
project's files as they are then, as with `--use-looper-config`. A run is refused if the project
needs other rules by then.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ..layout import data_dir
from ..model import Plan
from ..read.options.options import OPTIONS, Group, Option, Options
from .sized_plan import sized_plan
from .snakefile import JOB_SCRIPT, snakefile
from .structure import digest_of, structure_of
from .workflow_catalog import OF_THE_REPOSITORY, SCHEMA, catalog_files
from .written_files import check_folder, write_files

_CONFIG_HEAD = f"""\
# yaml-language-server: $schema=../{SCHEMA}
# The looper config: relative to the folder that Snakemake is started in.
looper_config: {{looper_config}}
"""
_GROUP_HEADS: Mapping[Group, str] = {
    "samples": "# Which samples. Values compare as text; `toggle: 0` in the sample table turns a "
    "sample off.\n",
    "jobs": "# How jobs run. Other options change the rules (output_dir, amend, compute, …): give them\n"
    "# to 'snakemake-looper generate'.\n",
}
_COMMENT_COLUMN = 24
_README = """\
# Configuration

`config.yaml` names the looper project that this workflow runs, and the options it is run with.
Samples, pipelines and results are described in the project's own files: the looper config, the
PEP (sample table and its config) and the pipeline interfaces. When one of them changes, the next
run takes it up by itself; only when pipelines are added or taken away is the workflow to be made
again, with `snakemake-looper generate`.
"""


def write_workflow(
    looper_config: Path, options: Options, folder: Path, force: bool = False
) -> list[Path]:
    """Write a workflow. A file whose text is right already is not written.

    Args:
        looper_config: the looper config.
        options: options of the command line; they become keys of `config/config.yaml`.
        folder: the folder to write to.
        force: whether to replace files that somebody else wrote or changed.

    Returns:
        The files that were written.

    Raises:
        ProjectError: the project cannot be planned, or a file is in the way.
        OSError: a file cannot be written.
    """
    folder = Path(os.path.abspath(folder))
    check_folder(folder)
    # The rules name the resources that all jobs share, which may depend on sizes of remote files.
    plan = sized_plan(looper_config, options, folder, rundir=looper_config.parent)
    return write_files(folder, _files(plan, options, folder), force, kept=OF_THE_REPOSITORY)


def _files(plan: Plan, options: Options, folder: Path) -> dict[str, str]:
    """The text of each file of the workflow, by path relative to its folder."""
    structure = structure_of(plan)
    files = {
        "workflow/Snakefile": snakefile(
            structure, "scripts", f"workflow/scripts/{JOB_SCRIPT}", digest_of(structure)
        ),
        "config/config.yaml": config_text(plan, options, folder),
        "config/README.md": _README,
        **catalog_files(structure, plan.project_name),
    }
    for kind in ("scripts", "report", "profiles/default"):
        for source in sorted(data_dir(kind).iterdir()):
            if source.is_file():
                text = source.read_text(encoding="utf-8")
                files[f"workflow/{kind}/{source.name}"] = _for_editors(text)
    return files


def _for_editors(text: str) -> str:
    """A profile without its rerun triggers: jobs run again if the user changes their rule."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(one for one in paragraphs if "\nrerun-triggers:" not in one)


def config_text(plan: Plan, options: Options, folder: Path) -> str:
    """The text of `config.yaml`: the options that were given, below an example of each option."""
    import yaml

    given = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in options.by_name().items()
        if value is not None
    }
    if "compute" in given:
        given["compute"] = dict(given["compute"])
    relative = os.path.relpath(plan.looper_config, folder)
    parts = [_CONFIG_HEAD.format(looper_config=relative)]
    for group, head in _GROUP_HEADS.items():
        shown = (_example(one) for one in OPTIONS if one.group == group and one.example)
        parts.append(head + "".join(shown))
    if given:
        parts.append(yaml.safe_dump(given, sort_keys=False))
    return "\n".join(parts)


def _example(option: Option) -> str:
    """An option as a comment: its example in YAML, and beside it what the option is for."""
    first, *others = option.example.split("\n")
    lines = [f"{first:<{_COMMENT_COLUMN}}# {option.comment}", *others]
    return "".join(f"# {line}\n" for line in lines)
