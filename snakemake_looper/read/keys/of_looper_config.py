"""The keys of a looper config."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any

from ..deprecated import CONFIG_KEYS
from ..options.option_values import count, flag, pairs, ranges, size, statuses, words
from ..options.options import OPTIONS, Option
from . import of_pipestat
from .key import (
    FOLDER,
    PATH_OR_NONE,
    PATHS,
    SCALAR,
    SCALAR_PATH,
    SECTION_OR_NONE,
    SWITCH,
    TEXT_OR_NONE,
    File,
    Form,
    Key,
    matching,
    some,
)
from .of_pep import MODIFIERS

_SIMPLE = ["string", "number", "boolean", "null"]
_NUMBER = matching(
    Form("whole number", (int, str, NoneType), {"minimum": 1}),
    r"^[\s+_0-9]*$",
    "is not a whole number of at least 1; correct it",
)
_WORDS = Form("text or list of texts", (*SCALAR.types, list), {"items": {"type": _SIMPLE}})
_FORMS: Mapping[Callable[[Any], Any], Form] = {
    count: _NUMBER,
    flag: SWITCH,
    pairs: Form("mapping", (dict, str, list, NoneType)),
    ranges: matching(
        Form("number or range", (int, str, NoneType)),
        r"^\s*[-:0-9]*\s*$",
        "is no number or range; write 3, 2:5, :4 or 6-",
    ),
    size: Form("number of GB", (int, float, str, NoneType), {"minimum": 0}),
    statuses: _WORDS,
    words: _WORDS,
}
_MEANINGS = {
    "results_subdir": "the folder of the samples' folders, below the output folder",
    "submission_subdir": "the folder of logs, below the output folder",
}
_EXAMPLES = {
    "sel_flag": "[failed]", "exc_flag": "[completed]", "amend": "[hg38]", "output_dir": "results",
    "results_subdir": "results_pipeline", "submission_subdir": "submission",
    "command_extra_override": "'--fast'", "compute": "{mem: 16G}", "settings": "settings.yaml",
    "package": "slurm", "divvy": "divvy.yaml", "lump": "2.5", "lump_n": "20", "lump_j": "4", "lump_threads": "8",
    "pep_config": "other.yaml", "sample_pipeline_interfaces": "[other.yaml]",
    "project_pipeline_interfaces": "[other.yaml]", "on_end": "mail-me",
}  # fmt: skip


def _key_of(option: Option) -> Key:
    """The key of an option in a section `cli:`."""
    said = option.comment if "--" in option.help else option.help or _MEANINGS[option.name]
    given = option.example.partition(": ")[2]
    form = _FORMS.get(option.read, SCALAR_PATH if option.path else SCALAR)
    meaning = f"{said[0].upper()}{said[1:]}."
    return Key(option.name, form, meaning, given or _EXAMPLES[option.name])


OPTION_KEYS = tuple(_key_of(option) for option in OPTIONS)
"""The keys below `cli: run:`: options as on the command line."""

CLI = (
    Key(
        "run", SECTION_OR_NONE, "Options of `run`, for samples.", "{limit: 3}", keys=OPTION_KEYS,
    ),
    Key(
        "runp", SECTION_OR_NONE, "Options of `runp`, for the project level.",
        "{compute: {mem: 16G}}", keys=OPTION_KEYS,
    ),
)  # fmt: skip
LEVELS = (
    Key("sample", some(PATHS), "Interfaces that run once per sample.", "[count.yaml]"),
    Key("project", some(PATHS), "Interfaces that run once for the project.", "[summary.yaml]"),
)

FOLDERS = (
    Key("output_dir", FOLDER, "The folder for outputs, logs and results.", "results"),
    Key(
        "results_subdir",
        SCALAR_PATH,
        "The folder of the samples' folders, below `output_dir`.",
        "results_pipeline",
    ),
    Key(
        "submission_subdir", SCALAR_PATH, "The folder of logs, below `output_dir`.", "submission"
    ),
)  # fmt: skip

OWN = (
    Key(
        "on_end",
        TEXT_OR_NONE,
        "A command that gets a summary of each run on its standard input.",
        "mail-me",
    ),
)
"""Keys of `snakemake:`. Each is an option as well, and the command line wins."""

KEYS = (
    Key(
        "pep_config",
        PATH_OR_NONE,
        "The samples: a table, a PEP, or a PEP on PEPhub as `namespace/name:tag`.",
        "samples.csv",
    ),
    *FOLDERS,
    Key(
        "pipeline_interfaces",
        Form(
            "list of paths, or a mapping",
            (str, list, dict, NoneType),
            {"minLength": 1, "items": {"type": "string", "minLength": 1}},
        ),
        "The pipelines; without it, samples name theirs in an attribute of this name. A mapping"
        " of `sample:` and `project:` says for which level each is (looper 1.x).",
        "[pipeline/count.yaml]",
        keys=LEVELS,
        closed=True,
    ),
    Key(
        "pipestat",
        SECTION_OR_NONE,
        "The place for results and statuses.",
        "{results_file_path: results.yaml}",
        keys=of_pipestat.KEYS,
    ),
    Key(
        "sample_modifiers",
        SECTION_OR_NONE,
        "Modifiers of a PEP, for a project that has a table only.",
        "{append: {genome: hg38}}",
        keys=MODIFIERS,
    ),
    Key("cli", SECTION_OR_NONE, "Options of the command line.", "{run: {limit: 3}}", keys=CLI),
    Key("name", SCALAR, "A name for people.", "frogs"),
    Key(
        "snakemake",
        SECTION_OR_NONE,
        "Settings of this package, which looper ignores.",
        "{on_end: mail-me}",
        keys=OWN,
    ),
)

_PEP_IS_NAMED = {"pep_config": {"type": "string", "minLength": 1}}

LOOPER_CONFIG = File(
    "looper_config",
    "Looper config",
    "The looper config, `.looper.yaml`, ties samples and pipelines together. Relative paths are"
    " relative to it.",
    KEYS,
    CONFIG_KEYS,
    # An option in `cli:` can name the PEP as well.
    {
        "if": {"required": ["cli"]},
        "else": {"required": ["pep_config"], "properties": _PEP_IS_NAMED},
    },
)
