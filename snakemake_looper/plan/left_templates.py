"""Templates in values, which a command gets as they are.

A template is filled in once. If the value of a variable has a template itself, as a cell or another
variable under `var_templates:`, looper's command has the braces, and so has ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..errors import Problems
from ..model import Interface
from ..read.templates.template_advice import few
from ..read.templates.template_braces import NAMESPACES, pieces
from .render import RenderedJob

_TEMPLATE = re.compile(rf"(?<!\$)\{{\s*(?:{'|'.join(NAMESPACES)})(?:\.\w|\[)[^{{}}]*\}}")


def warn_of_left_templates(jobs: Iterable[RenderedJob], problems: Problems) -> None:
    """Warn of templates that stay in commands: one warning for each rule."""
    found: dict[str, tuple[Interface, dict[str, None], list[str]]] = {}
    for one in jobs:
        if "{" not in one.job.command:
            continue
        left = list(_left(one.job.command, one.interface.command_template))
        if left:
            _, texts, records = found.setdefault(one.job.rule, (one.interface, {}, []))
            texts.update(dict.fromkeys(left))
            records.append(one.job.record)
    for interface, texts, records in found.values():
        shown = few(list(texts))
        if len(texts) == 1:
            what = f"a value has the template {shown}, which stays in the command as it is"
        else:
            what = f"values have the templates {shown}, which stay in the command as they are"
        more = f" and {len(records) - 1} more" if len(records) > 1 else ""
        what = f"{what}; write {'it' if len(texts) == 1 else 'them'} in the command_template (for {records[0]}{more})"
        problems.warn(interface.template_place, "command_template", what)


def _left(command: str, template: str) -> Iterator[str]:
    """The templates in a command that its own template does not write on purpose."""
    for match in _TEMPLATE.finditer(command):
        if not _is_meant(match[0], template):
            yield match[0]


def _is_meant(text: str, template: str) -> bool:
    """Whether a template writes a text with its braces, as with `{% raw %}` or `{'{'}`."""
    return any(
        text in piece.text[1:] or (piece.kind == "text" and text[1:] in piece.text)
        for piece in pieces(template)
    )
