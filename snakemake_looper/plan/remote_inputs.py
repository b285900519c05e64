"""Remote input files of drafts: whether they can be had, and their sizes.

A file that a schema names may be an address, see `remote_files`. All addresses of a project are
asked for at once, since each answer takes a while. A file that cannot be had counts as a missing
file. If nobody may be asked, as when `check` makes a plan, each file is taken to exist.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import Problems
from ..model import InputSchema, Job, Plan, Sample
from ..read.documents.yaml_lines import expand
from ..read.peps.pep import rows_of
from ..remote_files import (
    NOT_ASKED,
    AddressFault,
    address_fault,
    is_absent,
    is_remote,
    shown_address,
    with_addresses,
)
from .context import PlanContext
from .drafts import Draft
from .input_files import GB, FileSizes, InputFiles, paths_of

_SIZE = "total_input_size"
"""The name of a sample's input size in templates."""


def with_remote_files(
    drafts: Sequence[Draft], sizes: FileSizes, context: PlanContext, problems: Problems
) -> list[Draft]:
    """The drafts, with all that is known about their remote files.

    Args:
        drafts: drafts of the sample level.
        sizes: asks for the sizes of all addresses, and keeps them.
        context: the project.
        problems: gets addresses that cannot be inputs. If there is a problem, nobody is asked.
    """
    asking = [draft for draft in drafts if draft.files.remote]
    if not asking:
        return list(drafts)
    addresses = list(dict.fromkeys(one for draft in asking for one in draft.files.remote))
    faults = {one: fault for one in addresses if (fault := address_fault(one))}
    _report(asking, faults, context, problems)
    if problems:
        return list(drafts)
    sizes.ask(addresses)
    return [
        dataclasses.replace(draft, files=_known(draft, sizes)) if draft.files.remote else draft
        for draft in drafts
    ]


def _known(draft: Draft, sizes: FileSizes) -> InputFiles:
    """The files of a draft after its servers have answered.

    A file that is only sized is an input as well, if it is there: the job needs a copy of it.
    """
    files = draft.files
    here = [one for one in files.remote if not is_absent(sizes.sizes[one])]
    there = set(files.remote).difference(here)
    required = dict.fromkeys((*(one for one in files.required if one not in there), *here))
    if draft.planned.validator is None:  # as in looper, the size is 0, and nothing is missing
        return dataclasses.replace(files, required=tuple(required))
    missing = (*files.missing, *(one for one in files.required if one in there))
    size = sum(max(sizes.sizes[one], 0) for one in here)
    return dataclasses.replace(
        files, required=tuple(required), missing=missing, size_gb=files.size_gb + size / GB
    )


def copies_in(value: Any, copies: Mapping[str, str]) -> Any:
    """A value of a sample with links in the place of addresses, also in a list."""
    if isinstance(value, list):
        return [copies_in(item, copies) for item in value]
    if not isinstance(value, str) or "://" not in value:
        return value
    return copies.get(value) or copies.get(expand(value), value)


def as_shown(job: Job, workdir: Path) -> Job:
    """A job as people see it: its command names addresses, and not the links to copies."""
    addresses = list(filter(is_remote, job.inputs))
    if not addresses:
        return job
    own = partial(with_addresses, addresses=addresses, flag=job.flag, workdir=str(workdir))
    env = {name: own(text) for name, text in job.env.items()}
    return dataclasses.replace(job, command=own(job.command), env=env)


# --- addresses that cannot be inputs --------------------------------------------------------------


def _report(
    drafts: Iterable[Draft],
    faults: Mapping[str, AddressFault],
    context: PlanContext,
    problems: Problems,
) -> None:
    """Report each kind of fault once, at the row of the first sample that has it."""
    samples: dict[str, dict[str, None]] = {}
    first: dict[str, tuple[Draft, str]] = {}
    for draft in drafts if faults else ():
        for one in draft.files.remote:
            if one in faults:
                kind = faults[one].kind
                samples.setdefault(kind, {})[draft.record] = None
                first.setdefault(kind, (draft, one))
    rows = rows_of(context.pep, {draft.record for draft, _ in first.values()}) if first else {}
    for kind, (draft, one) in first.items():
        more = f" and {len(samples[kind]) - 1} more" if len(samples[kind]) > 1 else ""
        what = f"'{shown_address(one)}' (sample '{draft.record}'{more}) {faults[one].text}"
        problems.add(rows[draft.record], _attribute(draft, one), what)


def _attribute(draft: Draft, address: str) -> str:
    """The attribute that has an address."""
    schema, sample = draft.interface.input_schema, draft.sample
    assert isinstance(schema, InputSchema) and isinstance(sample, Sample)
    names = dict.fromkeys((*schema.required_files, *schema.sized_files))
    return next((name for name in names if address in paths_of(sample, (name,))), "")


def input_fault(path: str) -> str | None:
    """The fault of an input that a template gave, as a sentence; None if it has none."""
    fault = address_fault(path) if is_remote(path) else None
    return f"'{path.partition('://')[0]}://…' {fault.text}" if fault else None


def lacks_sizes(plan: Plan) -> bool:
    """Whether a plan depends on sizes of remote files that nobody has asked for."""
    if NOT_ASKED not in plan.inputs.values():
        return False
    by_size = plan.lumps is not None and plan.lumps.size_gb is not None
    interfaces = [rule.interface for rule in plan.rules if rule.level == "sample"]
    return by_size or any(one.size_table or _SIZE in str(one.data) for one in interfaces)
