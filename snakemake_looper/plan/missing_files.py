"""Jobs that lack an input file are not planned.

A file that another job makes may be missing now. It counts as missing only if that job is not
planned either. So a skipped job can cause further skips. The search ends when no more jobs are
skipped.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Container, Sequence

from ..model import Skip
from ..remote_files import why_absent
from .context import PlanContext
from .drafts import Draft, skip
from .input_files import FileSizes, InputFiles
from .wildcards import Producer


def without_missing_files(
    drafts: Sequence[Draft],
    producers: Callable[[str], Sequence[Producer]],
    sizes: FileSizes,
    context: PlanContext,
) -> tuple[list[Draft], list[Skip]]:
    """The drafts that have their files, and a skip for each of the others.

    If the files of a rule are not checked, its jobs run without the files that are missing.

    Args:
        drafts: drafts of the sample level.
        producers: finds the jobs that make a file, by the path that a sample has for it.
        sizes: gives the sizes of input files, and keeps them.
        context: the project.
    """
    left = {draft.key: draft for draft in drafts}
    skipped: list[Skip] = []
    where = "" if context.rundir == context.settings.root else f" (in {context.rundir})"
    asked = [draft for draft in drafts if draft.files.missing or draft.files.made]
    while asked:
        lacking = [(draft, _lacking(draft, left, producers, sizes)) for draft in asked]
        before = len(left)
        for draft, missing in lacking:
            if not missing:
                continue
            if draft.planned.validator is None:  # files are not checked
                present = tuple(path for path in draft.files.required if path not in missing)
                left[draft.key] = dataclasses.replace(draft, files=InputFiles(present))
                continue
            del left[draft.key]
            reason = why_absent(missing, sizes.sizes, where)
            skipped.append(skip(draft.planned, draft.record, reason))
        gone = len(left) < before
        asked = [draft for draft in left.values() if draft.files.made] if gone else []
    return list(left.values()), skipped


def _lacking(
    draft: Draft,
    left: Container[tuple[str, str]],
    producers: Callable[[str], Sequence[Producer]],
    sizes: FileSizes,
) -> list[str]:
    """The files that do not exist and that no planned job makes."""
    lost = (
        path
        for path in draft.files.made
        if not any(not one.sample or one in left for one in producers(path))
        and sizes.size(path) < 0
    )
    return [*draft.files.missing, *lost]
