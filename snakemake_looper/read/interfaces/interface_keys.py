"""The keys of a pipeline interface: those that are read, and words on all others.

A template may use any key of the file (`{pipeline.mine}`). So only a key that neither this package
nor a template reads has no effect, and is worth a warning.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import Problems, near
from ..deprecated import INTERFACE, instead
from ..documents.yaml_lines import Document
from ..keys import of_interface
from ..keys.key import names
from ..lost_indentation import IN_INTERFACE, Lost, tell_of_lost_indentation

KEYS = names(of_interface.KEYS)
"""Keys at the top of the file."""
LEVEL_KEYS = tuple(key.name for key in of_interface.LEVEL)
"""Keys of `sample_interface:` and `project_interface:`."""
_TEMPLATES = (
    "command_template", "sample_interface", "project_interface", "var_templates",
    "inject_env_vars", "pre_submit", "compute", "snakemake",
)  # fmt: skip
"""Keys with templates, which may use any key of the file."""
_FOR_OTHERS = ("bioconductor",)
"""Keys for other programs, such as BiocProject."""


def tell_of_lost_lines(document: Document, problems: Problems) -> Lost:
    """Add a problem for each section whose lines stand beside it; returns these lines' keys."""
    text = str(document.data)
    known = {key for key in KEYS if f"var_templates.{key}" not in text}
    return tell_of_lost_indentation(document, IN_INTERFACE, known, problems)


def warn_of_level_keys(document: Document, level_key: str, problems: Problems) -> None:
    """Warn of keys of a level's section that are not read there."""
    section = document.data[level_key]
    for key in section if isinstance(section, Mapping) else ():
        if key in LEVEL_KEYS:
            continue
        problems.warn(document.place(level_key, key), f"{level_key}.{key}", _of_level_key(str(key)))


def _of_level_key(key: str) -> str:
    """The message for a key that a level does not have: many belong to the top of the file."""
    own = "only 'command_template' and 'snakemake' are read here"
    close = near(key, KEYS)
    if key in KEYS:
        return f"{own}; move '{key}:' to the top of the file"
    if not close:
        return f"{own}; move other keys to the top of the file"
    at_the_top = not any(f"'{one}'" in close for one in LEVEL_KEYS)
    return f"unknown key, ignored{close}{'; move it to the top of the file' * at_the_top}"


def warn_of_unknown_keys(document: Document, lost: Lost, problems: Problems) -> None:
    """Warn of keys at the top without effect. Those in `lost` are a problem already."""
    texts = " ".join(str(document.data.get(key, "")) for key in _TEMPLATES)
    for key in document.data:
        if key in KEYS or key in _FOR_OTHERS or (key,) in lost or f"pipeline.{key}" in texts:
            continue
        old = instead(str(key), INTERFACE)
        what = f"unknown key, and no template uses {{pipeline.{key}}}{near(str(key), KEYS)}"
        problems.warn(document.place(key), str(key), old or what)
