"""Dynamic variables: compute settings of a job that a command of the interface prints.

looper deprecates `dynamic_variables_command_template`, and still reads it. The command prints the
settings as a JSON mapping, from name to value.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from ..errors import Problems
from ..read.documents.yaml_lines import KeyPath
from ..read.templates.template_undefined import Partial
from ..read.templates.templates import TemplateError, template
from .context import PlanContext
from .drafts import Draft, namespaces_of
from .failures import Failures, JobError
from .fault_places import at_text, template_error
from .hooks import json_of

_KEY = "compute.dynamic_variables_command_template"


def with_dynamic_variables(
    drafts: Sequence[Draft], context: PlanContext, problems: Problems, failures: Failures
) -> list[Draft]:
    """The drafts, with the settings that their commands print.

    If there are problems already, no command runs. A draft whose command did not run or failed
    goes on without settings, for its other faults.
    """
    asking = [draft for draft in drafts if draft.interface.hooks.dynamic_variables]
    if not asking:
        return list(drafts)
    answers = {draft: dataclasses.replace(draft, dynamic=Partial()) for draft in asking}
    if not problems:
        with ThreadPoolExecutor() as pool:
            found = list(pool.map(lambda draft: _ask(draft, context), asking))
        for draft, answer in zip(asking, found, strict=True):
            if isinstance(answer, JobError):
                failures.add(draft.interface, draft.record, answer)
            else:
                answers[draft] = answer
    return [answers.get(draft, draft) for draft in drafts]


def _ask(draft: Draft, context: PlanContext) -> Draft | JobError:
    text = draft.interface.hooks.dynamic_variables or ""
    paths: tuple[KeyPath, ...] = (tuple(_KEY.split(".")),)
    namespaces = namespaces_of(draft, context)
    try:
        command = template(text).render(namespaces)
        answer = json_of(command, context.rundir, _KEY)
        if not isinstance(answer, Mapping):
            raise JobError(_KEY, f"'{command}' printed no mapping; print name to value")
    except TemplateError as error:
        return template_error(error, _KEY, draft.interface, paths, namespaces)
    except JobError as error:
        return at_text(error, _KEY, draft.interface, paths)
    return dataclasses.replace(draft, dynamic=answer)
