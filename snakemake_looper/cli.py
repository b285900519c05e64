"""`snakemake-looper`: run, generate, inspect, check.

Options that looper has keep their names; everything after `--` goes to Snakemake.

Exit codes: 0 all is done; 1 a job failed, or a sample was skipped for a fault of its own;
2 the input is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import __version__
from .errors import Problems, ProjectError, near
from .frontend import active, options_of_config, report
from .model import STATUSES, Options
from .settings import OPTION_NAMES, is_registry_path, locate, words_of
from .workspace import current_plan

DONE, FAILED = 0, 1  # and 2 for wrong input: ProjectError.exit_code


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the command; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    ours, rest = words, []
    if "--" in words:
        position = words.index("--")
        ours, rest = words[:position], words[position + 1 :]
    arguments = _parser().parse_args(ours)
    if rest and arguments.command != "run":
        _parser().error(f"{arguments.command} hands nothing on to Snakemake; leave out '--'")
    try:
        return int(arguments.action(arguments, rest))
    except ProjectError as error:
        report(error)
        return error.exit_code
    except BrokenPipeError:  # the reader of a pipe has gone, as with `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


# --- commands ----------------------------------------------------------------------------------


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Run the project: the same as `snakemake --use-looper-config`, all cores by default."""
    from snakemake.cli import main as snakemake

    looper_config = locate(arguments.looper_config)
    words = ["--use-looper-config", str(looper_config)]
    if arguments.dry_run:
        words.append("--dry-run")
    if not _says_how_many(rest):
        words += ["--cores", "all"]
    words += _with_config(rest, _config_entries(arguments))
    try:
        snakemake(words)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else FAILED
    if code != DONE:
        return code
    ready = active()
    assert ready is not None, "Snakemake ran without the plan"
    jobs = ready.folder.jobs()
    try:
        return FAILED if any(skip.fault for skip in jobs.skipped()) else DONE
    finally:
        jobs.close()


def _says_how_many(rest: list[str]) -> bool:
    """Whether cores are chosen already: by an option for Snakemake, or by a profile."""
    chosen = (
        "--cores",
        "-c",
        "--jobs",
        "-j",
        "--profile",
        "--workflow-profile",
        "--executor",
        "-e",
    )
    if any(word.split("=")[0] in chosen or word[:2] in ("-c", "-j") for word in rest):
        return True
    return "SNAKEMAKE_PROFILE" in os.environ or Path("profiles/default").is_dir()


def _with_config(rest: list[str], entries: list[str]) -> list[str]:
    """Snakemake's words and our options; Snakemake takes the last `--config` only, so it is one."""
    if not entries:
        return rest
    for position, word in enumerate(rest):
        if word in ("--config", "-C"):
            return [*rest[: position + 1], *entries, *rest[position + 1 :]]
        if word.startswith("--config="):
            own = word.removeprefix("--config=")
            return [*rest[:position], "--config", *entries, own, *rest[position + 1 :]]
    return [*rest, "--config", *entries]


def generate(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Write a workflow in Snakemake's standard layout."""
    from .generate import write_workflow

    written = write_workflow(
        locate(arguments.looper_config),
        _options(arguments),
        Path(arguments.output),
        arguments.force,
    )
    for path in written:
        print(path)
    return DONE


def inspect(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Show the plan; writes nothing."""
    from . import views
    from .plan import explain, plan_project

    looper_config = locate(arguments.looper_config)
    options = _options(arguments)
    if arguments.sample:
        found = explain(looper_config, options, arguments.sample)
        if not found:
            return _no_such_sample(arguments.sample, looper_config, options)
        for job, namespaces in found:
            print(views.job_text(job), end="\n\n")
            print(views.namespaces_text(namespaces))
        return DONE
    plan = plan_project(looper_config, options)
    for warning in plan.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(views.plan_json(plan) if arguments.json else views.plan_text(plan))
    return DONE


def check(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Show the status of every record, from the flags as they are now."""
    from . import views
    from .status import read_statuses

    folder = current_plan(locate(arguments.looper_config), _options(arguments))
    jobs = folder.jobs()
    try:
        records = read_statuses(jobs, Path(jobs.value("workdir")))
    finally:
        jobs.close()
    if arguments.flags:
        records = [record for record in records if record.status in arguments.flags]
    if arguments.json:
        print(views.check_json(records))
    else:
        print(views.check_text(records, arguments.itemized))
    return FAILED if any(one.status in ("failed", "skipped") for one in records) else DONE


def _no_such_sample(name: str, looper_config: Path, options: Options) -> int:
    from .plan import plan_project

    plan = plan_project(looper_config, options)
    reasons = [skip for skip in plan.skipped if skip.record == name]
    for skip in reasons:
        print(f"{skip.pipeline or '-'}: {name} is skipped: {skip.reason}")
    if reasons:
        return DONE
    problems = Problems()
    known = {job.record for job in plan.jobs}
    problems.add("--sample", "", f"there is no sample '{name}'{near(name, known)}; see inspect")
    raise ProjectError(problems)


# --- options -----------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="snakemake-looper",
        description="Run looper projects on Snakemake.",
        epilog="Everything after '--' goes to Snakemake: snakemake-looper run -- --profile slurm",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    command = commands.add_parser("run", help="run the project (default: on all cores)")
    command.add_argument("-d", "--dry-run", action="store_true", help="show what would be run")
    _common(command, run)

    command = commands.add_parser("generate", help="write a workflow in Snakemake's layout")
    command.add_argument("-o", "--output", default=".", metavar="DIR", help="where (default: here)")
    command.add_argument("--force", action="store_true", help="overwrite files of yours")
    _common(command, generate)

    command = commands.add_parser("inspect", help="show the plan: jobs, commands, skips")
    command.add_argument("--sample", metavar="NAME", help="one sample: its commands and namespaces")
    command.add_argument("--json", action="store_true", help="the whole plan as JSON")
    _common(command, inspect)

    command = commands.add_parser("check", help="show the status of the runs")
    command.add_argument("--itemized", action="store_true", help="a row per record")
    command.add_argument(
        "--flags",
        nargs="+",
        choices=STATUSES,
        metavar="STATUS",
        help="only records in these states",
    )
    command.add_argument("--json", action="store_true", help="all records as JSON")
    _common(command, check)
    return parser


def _common(command: argparse.ArgumentParser, action: object) -> None:
    command.set_defaults(action=action)
    command.add_argument(
        "-c", "--config", dest="looper_config", metavar="PATH",
        help="the looper config (default: the nearest .looper.yaml, here or above)",
    )  # fmt: skip
    group = command.add_argument_group("options of looper")
    group.add_argument("-o", "--output-dir", help="output folder") if action is not generate else (
        group.add_argument("--output-dir", help="output folder")
    )
    several: dict[str, Any] = {"nargs": "+", "action": "extend"}
    group.add_argument("--amend", **several, metavar="NAME", help="amendments to activate")
    group.add_argument("--sel-attr", metavar="ATTR", help="attribute to select samples by (toggle)")
    group.add_argument(
        "--sel-incl", **several, metavar="VALUE", help="only samples with these values"
    )
    group.add_argument(
        "--sel-excl", **several, metavar="VALUE", help="no samples with these values"
    )
    group.add_argument(
        "--sel-flag", **several, metavar="STATUS", help="only runs in these states, as in failed"
    )
    group.add_argument("--exc-flag", **several, metavar="STATUS", help="no runs in these states")
    group.add_argument("-l", "--limit", metavar="N", help="only these samples: 3, 2:5, :4 or 6-")
    group.add_argument("-k", "--skip", metavar="N", help="all but these samples: 3, 2:5, :4 or 6-")
    group.add_argument("--samples", **several, metavar="NAME", help="only samples of these names")
    group.add_argument("-x", "--command-extra", metavar="TEXT", help="append to every command")
    group.add_argument(
        "-y", "--command-extra-override", metavar="TEXT",
        help="append to every command, instead of the samples' own command_extra",
    )  # fmt: skip
    group.add_argument(
        "-f", "--skip-file-checks", action="store_true", default=None,
        help="do not check samples against the input schema",
    )  # fmt: skip
    group.add_argument("--compute", **several, metavar="KEY=VALUE", help="compute settings")
    group.add_argument("--settings", metavar="FILE", help="compute settings, as a YAML file")
    group.add_argument(
        "-p", "--package", metavar="NAME", help="compute package of the divvy config"
    )
    group.add_argument("--divvy", metavar="FILE", help="divvy config (default: $DIVCFG)")
    group.add_argument(
        "-u", "--lump", metavar="GB", help="cluster jobs of several samples, this much input each"
    )
    group.add_argument(
        "-n", "--lump-n", metavar="N", help="cluster jobs of several samples, this many each"
    )
    group.add_argument(
        "-j", "--lump-j", metavar="N", help="cluster jobs of several samples, this many jobs"
    )
    group.add_argument("--pep-config", metavar="PATH", help="another PEP")
    group.add_argument(
        "--spi", "--sample-pipeline-interfaces", dest="sample_pipeline_interfaces", **several,
        metavar="FILE", help="other interfaces, sample level",
    )  # fmt: skip
    group.add_argument(
        "--ppi", "--project-pipeline-interfaces", dest="project_pipeline_interfaces", **several,
        metavar="FILE", help="other interfaces, project level",
    )  # fmt: skip


# Options that name files: what is typed is relative to where it is typed.
_PATHS = (
    "output_dir", "settings", "divvy", "pep_config", "sample_pipeline_interfaces",
    "project_pipeline_interfaces",
)  # fmt: skip


def _given(arguments: argparse.Namespace) -> dict[str, object]:
    given: dict[str, object] = {}
    for name in OPTION_NAMES:
        value = getattr(arguments, name, None)
        if isinstance(value, list) and name != "compute":
            value = [part for word in value for part in words_of(word)]
        if name in _PATHS:
            value = _absolute(value)
        if value is not None:
            given[name] = value
    return given


def _absolute(value: Any) -> Any:
    if isinstance(value, list):
        return [_absolute(one) for one in value]
    if value is None or (is_registry_path(value, Path.cwd())):
        return value
    return os.path.abspath(os.path.expanduser(value))


def _options(arguments: argparse.Namespace) -> Options:
    return options_of_config(_given(arguments))


def _config_entries(arguments: argparse.Namespace) -> list[str]:
    """The options as `--config` entries, the way they reach the plugin."""
    entries = []
    for name, value in _given(arguments).items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)
        entries.append(f"{name}={text}")
    return entries


if __name__ == "__main__":
    sys.exit(main())
