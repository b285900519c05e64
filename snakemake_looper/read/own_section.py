"""The `snakemake:` section of a looper config: settings that only this package has.

looper ignores this section, so a project that has it still runs there.
"""

from __future__ import annotations

from functools import partial

from ..errors import Problems, near
from .documents.yaml_lines import Document, section
from .keys.key import names
from .keys.of_looper_config import OWN
from .options.option_sources import read_options
from .options.options import Options

SECTION = "snakemake"
_KEYS = names(OWN)


def read_own_section(document: Document, problems: Problems) -> Options:
    """The options of the section. Unknown keys are named in a warning."""
    found = section(document, problems, SECTION) or {}
    place = partial(document.place, SECTION)
    known = {}
    for key, value in found.items():
        name = f"{SECTION}.{key}"
        if key not in _KEYS:
            what = f"unknown key, ignored{near(str(key), _KEYS)}"
            problems.warn(place(key), name, what)
        elif isinstance(value, str):
            known[key] = value
        elif value is not None:
            what = f"must be a command, not '{value}'; write it in quotes"
            problems.add(place(key), name, what)
    return read_options(known, place, problems)
