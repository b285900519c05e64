"""`snakemake-looper`: run, rerun, generate, inspect, check, table, report, and more.

Options that looper has keep their names; everything after `--` goes to Snakemake.

Exit codes: 0 all is done; 1 a job failed, or a sample was skipped for a fault of its own;
2 the input is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .errors import LooperError, Problems, ProjectError, near
from .read.looper_config import is_registry_path, locate
from .read.options import (
    NARROWING,
    OPTION_NAMES,
    TYPED,
    Options,
    options_of_config,
    spelled,
    words_of,
)
from .results.table import FORMATS
from .run.prepare import plans_seen, report
from .status_words import STATUSES
from .version import __version__
from .workspace.current_plan import current_plan
from .workspace.job_table import JobTable

RERUN = ("failed", "partial", "waiting")
BAD = ("failed", "partial", "skipped")
DONE, FAILED = 0, 1  # and 2 for wrong input: ProjectError.exit_code


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the command; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    ours, rest = words, []
    if "--" in words:
        position = words.index("--")
        ours, rest = words[:position], words[position + 1 :]
    arguments = _parser().parse_args(ours)
    if rest and arguments.command not in ("run", "rerun"):
        _parser().error(f"{arguments.command} hands nothing on to Snakemake; leave out '--'")
    try:
        return int(arguments.action(arguments, rest))
    except ProjectError as error:
        report(error)
        return error.exit_code
    except LooperError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # the reader of a pipe has gone, as with `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:  # a place that may not be written, or is full
        print(f"error: {error.filename or arguments.command}: {error.strerror}", file=sys.stderr)
        return FAILED


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
    code = DONE
    with plans_seen() as seen:
        try:
            snakemake(words)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else FAILED
    if code != DONE:
        return code
    for ready in seen:
        jobs = ready.folder.jobs()
        try:
            if any(skip.fault for skip in jobs.skipped()):
                return FAILED
        finally:
            jobs.close()
    return DONE


def rerun(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Run what has failed, was interrupted, or was never begun; nothing else."""
    if not (arguments.sel_flag or arguments.exc_flag):
        arguments.sel_flag = list(RERUN)
    return run(arguments, rest)


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
    from .workspace.generated_workflow import write_workflow

    written = write_workflow(
        locate(arguments.looper_config),
        _options(arguments),
        Path(arguments.output),
        arguments.force,
    )
    for path in written:
        print(path)
    return DONE


def profile(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Write a Snakemake profile: one that comes along, or one from a divvy compute package."""
    from .profiles import profile as profiles

    package = arguments.package or ("default" if arguments.divvy else None)
    problems = Problems()
    name = arguments.name or package or ""
    folder = Path(arguments.output or Path("profiles") / name)
    if arguments.name and package:
        problems.add("profile", "", "give a name or a package, not both")
    elif arguments.name:
        files = profiles.bundled(name, folder, problems)
    elif package:
        files = profiles.of_package(arguments.divvy, package, folder, problems)
    else:
        names = ", ".join(profiles.BUNDLED)
        problems.add("profile", "", f"name one: {names}; or --package NAME of a divvy config")
    problems.raise_if_any()
    for path in profiles.write_profile(folder, files, arguments.force, problems):
        print(path)
    for warning in problems.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    plugin = profiles.missing_plugin(files)
    if plugin:
        print(f"warning: {plugin} is not installed; pip install {plugin}", file=sys.stderr)
    print(profiles.usage(folder, files))
    return DONE


def inspect(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Show the plan; writes nothing."""
    from .plan.planner import explain, plan_project
    from .show import views
    from .status.flags import obstacles

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
    problems = Problems()
    for line in obstacles(plan.workdir, plan.jobs):
        problems.add("", "", line)
    problems.raise_if_any()
    return FAILED if any(skip.fault for skip in plan.skipped) else DONE


def check(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Show the status of every record, from the flags as they are now."""
    from .results.statuses import RecordStatus, read_statuses
    from .show import views

    if arguments.describe_codes:
        print(views.codes_text())
        return DONE
    why = arguments.itemized or arguments.json or arguments.watch
    with _jobs(arguments) as jobs:
        workdir = jobs.facts.workdir

        def read() -> list[RecordStatus]:
            records = read_statuses(jobs, workdir, bool(why))
            if why:
                from .results.records import with_remarks

                records = with_remarks(records, jobs, workdir)
            return [
                one
                for one in records
                if (not arguments.flags or one.status in arguments.flags)
                and (not arguments.project or one.level == "project")
            ]

        if arguments.watch:
            records = _watch(read, arguments.watch)
        else:
            records = read()
            text = views.check_json(records) if arguments.json else None
            print(text or views.check_text(records, arguments.itemized))
    return FAILED if any(one.status in BAD for one in records) else DONE


def _watch(read: Callable[[], list[Any]], seconds: float) -> list[Any]:
    """Show statuses as they change, until nothing runs or waits any more, or Ctrl+C."""
    from .show import views

    try:
        return views.watch(read, seconds)
    except KeyboardInterrupt:
        return read()


def table(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Write the results as tables, or print them."""
    from .results import table as tables
    from .results.records import read_results

    with _jobs(arguments) as jobs:
        results = read_results(jobs, jobs.facts.workdir)
        amendments = jobs.facts.amendments
        folder = Path(arguments.report_dir or jobs.facts.output_dir)
    if not results:
        return _no_pipestat(arguments)
    for remark in tables.remarks(results):
        print(f"warning: {remark}", file=sys.stderr)
    if arguments.format:
        for levels in tables.by_pipeline(results).values():
            print(tables.text(levels, arguments.format), end="")
        return DONE
    for path in tables.write_tables(results, folder, amendments):
        print(path)
    return DONE


def write_report(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Write the results as web pages, or as a zip of them."""
    from .results.records import read_results
    from .results.report import write_report as write_pages
    from .results.table import remarks

    folder = Path(os.path.abspath(arguments.report_dir)) if arguments.report_dir else None
    with _jobs(arguments) as jobs:
        results = read_results(jobs, jobs.facts.workdir)
        for remark in remarks(results):
            print(f"warning: {remark}", file=sys.stderr)
        print(write_pages(jobs, folder, arguments.portable, results))
    return DONE


def link(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Link the files that were reported, by kind of result."""
    from .results.links import links, make_links
    from .results.records import read_results

    with _jobs(arguments) as jobs:
        results = read_results(jobs, jobs.facts.workdir)
        folder = Path(arguments.link_dir or jobs.facts.output_dir / "links")
        wanted = links(results, folder, jobs.facts.rundir)
    if not results:
        return _no_pipestat(arguments)
    make_links(wanted)
    missing = [str(path) for path in wanted.values() if not path.exists()]
    for path in missing:
        print(f"warning: {path} was reported and is not there", file=sys.stderr)
    print(f"{len(wanted)} links in {folder}")
    return DONE


def destroy(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Remove all that belongs to the selected records, so that the next run runs them."""
    from .results.remove import destroy as remove
    from .results.remove import removal_of_selected, removal_without_sample

    names = arguments.samples
    if arguments.removed:
        arguments.samples = None  # they are in no table: there is nothing to select
    options = _options(arguments)
    levels = ["project"] if arguments.project else ["sample"]
    if not arguments.project and not options.narrows():
        levels.append("project")
    try:
        with _jobs(arguments) as jobs:
            workdir = jobs.facts.workdir
            _refuse_during_a_run(jobs, workdir)
            if arguments.removed:
                only = [name for word in names for name in words_of(word)] if names else None
                what = removal_without_sample(jobs, workdir, only)
            else:
                what = removal_of_selected(jobs, workdir, levels)
    except ProjectError:
        _tell_of_removed(arguments)
        raise
    if not what:
        print("nothing to remove")
        return DONE
    for path in what.paths:
        print(f"{path}{'/' if path.is_dir() else ''}")
    for store, names in what.records:
        row, where = store.row, store.show()
        print(f"{row.pipeline}, {row.level} level: {_counted(names)} in {where}")
    if not _agreed(arguments, f"Remove these {len(what.paths)} files and folders, and records?"):
        return DONE if arguments.dry_run else FAILED
    with _no_run(arguments, workdir):
        remove(what, workdir)
    print("removed")
    return DONE


def _counted(names: Sequence[str]) -> str:
    """How many records, and which, as far as they fit on a line."""
    shown = ", ".join(names[:10]) + (", …" if names[10:] else "")
    return f"{len(names)} record{'s' if names[1:] else ''} ({shown})"


def _tell_of_removed(arguments: argparse.Namespace) -> None:
    """Say which of the samples that were named have left the table, and left results."""
    from .results.remove import without_sample

    wanted = {name for word in arguments.samples or () for name in words_of(word)}
    arguments.samples = None
    try:
        with _jobs(arguments) as jobs:
            found = without_sample(jobs, jobs.facts.workdir).values()
    except LooperError:  # something else is wrong as well, and is told
        return
    left = sorted(wanted & {name for names in found for name in names})
    if left:
        print(
            f"note: results of {', '.join(left)} are still there, though not in the sample table;"
            " 'snakemake-looper destroy --removed' removes them",
            file=sys.stderr,
        )


def clean(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Run the cleanup scripts that pipelines left in the samples' folders."""
    from .results.cleanup_scripts import clean as run_script
    from .results.cleanup_scripts import cleanup_scripts

    with _jobs(arguments) as jobs:
        workdir = jobs.facts.workdir
        _refuse_during_a_run(jobs, workdir)
        scripts = cleanup_scripts(jobs)
        folder = jobs.facts.rundir
    if not scripts:
        print("nothing to clean")
        return DONE
    for script in scripts:
        print(script)
    if not _agreed(arguments, f"Run these {len(scripts)} scripts?"):
        return DONE if arguments.dry_run else FAILED
    with _no_run(arguments, workdir):
        failed = [script for script in scripts if run_script(script, folder)]
    for script in failed:
        print(f"error: {script} failed", file=sys.stderr)
    return FAILED if failed else DONE


def _refuse_during_a_run(jobs: JobTable, workdir: Path) -> None:
    from .run.recovery import busy

    why = busy(jobs, workdir)
    if why:
        raise LooperError(f"nothing was removed: {why}")


@contextlib.contextmanager
def _no_run(arguments: argparse.Namespace, workdir: Path) -> Iterator[None]:
    """While this is held no run begins. Refused if one began while the user was asked."""
    from .run.recovery import closed_door

    try:
        with closed_door(workdir), _jobs(arguments) as jobs:
            _refuse_during_a_run(jobs, workdir)
            yield
    except OSError as error:
        raise LooperError(f"{error.filename or workdir}: {error.strerror}") from None


def _agreed(arguments: argparse.Namespace, question: str) -> bool:
    """Whether to go on: by `--force`, or by an answer."""
    if arguments.dry_run:
        return False
    if arguments.force:
        return True
    if not sys.stdin.isatty():
        print("not done: add --force where nobody can be asked", file=sys.stderr)
        return False
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


@contextlib.contextmanager
def _jobs(arguments: argparse.Namespace) -> Iterator[JobTable]:
    """The job table of the project as its files are now."""
    jobs = current_plan(locate(arguments.looper_config), _options(arguments)).jobs()
    try:
        if next(jobs.briefs(), None) is None:  # there is nothing to show: say why
            for warning in jobs.facts.warnings:
                print(f"warning: {warning}", file=sys.stderr)
        yield jobs
    finally:
        jobs.close()


def _no_pipestat(arguments: argparse.Namespace) -> int:
    print(
        f"{locate(arguments.looper_config)} has no 'pipestat:' section: no results are kept",
        file=sys.stderr,
    )
    return FAILED


def _no_such_sample(name: str, looper_config: Path, options: Options) -> int:
    from .plan.planner import plan_project

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

    command = commands.add_parser("rerun", help="run what has failed, and was not finished")
    command.add_argument("-d", "--dry-run", action="store_true", help="show what would be run")
    _common(command, rerun)

    command = commands.add_parser("generate", help="write a workflow in Snakemake's layout")
    command.add_argument("-o", "--output", default=".", metavar="DIR", help="where (default: here)")
    command.add_argument("--force", action="store_true", help="overwrite files of yours")
    _common(command, generate)

    command = commands.add_parser("profile", help="write a Snakemake profile for a cluster")
    command.add_argument(
        "name", nargs="?", metavar="NAME",
        help="one that comes along: local, slurm, sge, lsf, generic",
    )  # fmt: skip
    command.add_argument(
        "-p", "--package", metavar="NAME", help="one from a divvy package, instead"
    )
    command.add_argument("--divvy", metavar="FILE", help="the divvy config (default: $DIVCFG)")
    command.add_argument("-o", "--output", metavar="DIR", help="where (default: profiles/NAME)")
    command.add_argument("--force", action="store_true", help="overwrite files of yours")
    command.set_defaults(action=profile)

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
    command.add_argument("--project", action="store_true", help="the project level only")
    command.add_argument("--json", action="store_true", help="all records as JSON")
    command.add_argument(
        "--watch", nargs="?", type=_seconds, const=2.0, metavar="SECONDS",
        help="look again every 2 seconds, or as many, until nothing runs or waits",
    )  # fmt: skip
    command.add_argument("--describe-codes", action="store_true", help="say what each status means")
    _common(command, check)

    command = commands.add_parser("table", help="write the results as tables")
    command.add_argument("--format", choices=FORMATS, help="print them, in this format")
    command.add_argument("-r", "--report-dir", metavar="DIR", help="where (default: output folder)")
    _common(command, table)

    command = commands.add_parser("report", help="write the results as web pages")
    command.add_argument("--portable", action="store_true", help="as a zip with all files in it")
    command.add_argument(
        "-r", "--report-dir", metavar="DIR", help="where (default: <output folder>/reports)"
    )
    _common(command, write_report)

    command = commands.add_parser("link", help="link reported files by kind of result")
    command.add_argument("--link-dir", metavar="DIR", help="where (default: <output folder>/links)")
    _common(command, link)

    command = commands.add_parser("destroy", help="remove all that belongs to selected records")
    command.add_argument("--project", action="store_true", help="of the project level only")
    command.add_argument(
        "--removed", action="store_true", help="of samples that are not in the table any more"
    )
    _risky(command)
    _common(command, destroy)

    command = commands.add_parser("clean", help="run *_cleanup.sh of the samples' folders")
    _risky(command)
    _common(command, clean)
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"'{text}' is not between 0.1 and 3600 seconds")
    return value


def _risky(command: argparse.ArgumentParser) -> None:
    command.add_argument("-d", "--dry-run", action="store_true", help="show it, do nothing")
    command.add_argument(
        "--force", "--force-yes", action="store_true", help="do it without a question"
    )


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
    """The options that were typed.

    Raises:
        ProjectError: one that chooses samples is empty, as where a script's variable is.
    """
    given: dict[str, object] = {}
    problems = Problems()
    for name in OPTION_NAMES:
        value = getattr(arguments, name, None)
        if isinstance(value, list) and name != "compute":
            value = [part for word in value for part in words_of(word)]
        if name in NARROWING and value in ("", []):
            problems.add(spelled(name), "", "is empty; write a value, or leave it out")
        if name in _PATHS:
            value = _absolute(value)
        if value is not None:
            given[name] = value
    problems.raise_if_any()
    return given


def _absolute(value: Any) -> Any:
    if isinstance(value, list):
        return [_absolute(one) for one in value]
    if value is None or (is_registry_path(value, Path.cwd())):
        return value
    path = os.path.abspath(os.path.expanduser(value))
    return f"{path}/" if value.endswith("/") and not path.endswith("/") else path


def _options(arguments: argparse.Namespace) -> Options:
    return options_of_config(_typed(arguments))


def _typed(arguments: argparse.Namespace) -> dict[str, object]:
    """The options, and which of them were typed as options of this command."""
    given = _given(arguments)
    return {**given, TYPED: list(given)} if given else {}


def _config_entries(arguments: argparse.Namespace) -> list[str]:
    """The options as `--config` entries, the way they reach the plugin."""
    entries = []
    for name, value in _typed(arguments).items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)
        entries.append(f"{name}={text}")
    return entries


if __name__ == "__main__":
    sys.exit(main())
