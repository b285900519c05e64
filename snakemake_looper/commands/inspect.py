"""`snakemake-looper inspect`: show the plan, and all that is wrong with the project.

It writes nothing.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ..cli_options import options_of
from ..errors import Problems, near
from ..messages import show, warn
from ..plan.planner import explain, plan_project
from ..plan.remote_inputs import lacks_sizes
from ..read.looper_config import locate
from ..read.options.options import Options
from ..remote_files import is_remote
from ..show.json_forms import plan_json
from ..show.plans import job_text, namespaces_text, plan_text
from ..status.flags import obstacles
from ..workspace.remote_answers import answers_by_default
from ..workspace.sized_plan import sized_plan
from . import DONE, FAILED


def execute(arguments: Namespace) -> int:
    """Show the whole plan, or the jobs of one sample."""
    looper_config = locate(arguments.looper_config)
    options = options_of(arguments)
    if arguments.sample:
        for name in arguments.sample:
            _show_sample(name, looper_config, options)
        return DONE
    plan = sized_plan(looper_config, options)
    warn(*plan.warnings)
    print(plan_json(plan) if arguments.json else plan_text(plan))
    problems = Problems()
    for line in obstacles(plan.workdir, plan.jobs):
        problems.add("", "", line)
    problems.raise_if_any()
    return FAILED if any(skip.fault for skip in plan.skipped) else DONE


def _show_sample(name: str, looper_config: Path, options: Options) -> None:
    found = explain(looper_config, options, name)
    has_remote = any(is_remote(path) for job, _ in found for path in job.inputs)
    if has_remote and lacks_sizes(plan_project(looper_config, options)):
        found = explain(looper_config, options, name, answers_by_default().sizes)
    if not found:
        _show_skips(name, looper_config, options)
    for job, namespaces in found:
        print(job_text(job), end="\n\n")
        print(namespaces_text(namespaces))


def _show_skips(name: str, looper_config: Path, options: Options) -> None:
    """Say why a sample has no job.

    Raises:
        ProjectError: there is no such sample.
    """
    plan = sized_plan(looper_config, options)
    skips = [skip for skip in plan.skipped if skip.record == name]
    for skip in skips:
        show(f"{skip.pipeline or '-'}: {name} is skipped: {skip.reason}")
    problems = Problems()
    if not skips:
        known = {job.record for job in plan.jobs}
        problems.add("--sample", "", f"there is no sample '{name}'{near(name, known)}; see inspect")
    problems.raise_if_any()
