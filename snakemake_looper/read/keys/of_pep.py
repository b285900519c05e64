"""The keys of a PEP's config."""

from __future__ import annotations

from types import NoneType

from ..deprecated import PEP as OLD
from .key import PART_OF_PATHS, PATH, PATHS_OR_NONE, SECTION, TEXT, File, Form, Key, free, matching

_ATTRIBUTES = Form("list of attributes", (list,), {"items": {"type": "string"}})
_TEXTS = {"additionalProperties": {"type": "string"}}

DERIVE = (
    Key("attributes", free("list of attributes"), "The attributes that are derived.", "[file]"),
    Key("sources", SECTION, "A template for each name of a source.", "{raw: 'data/{name}.txt'}"),
)
IMPLY = (
    Key("if", SECTION, "Attributes with the values that they must have.", "{organism: frog}"),
    Key("then", SECTION, "Attributes that such a sample gets.", "{genome: xenTro10}"),
)
_IMPLICATION = {
    "type": "object",
    "required": ["if", "then"],
    "properties": {"if": {"type": "object"}, "then": {"type": "object"}},
}

MODIFIERS = (
    Key(
        "append",
        Form("a mapping of attribute to value", (dict,)),
        "Attributes that all samples get.",
        "{genome: hg38}",
    ),
    Key(
        "duplicate",
        Form("a mapping of attribute to its second name", (dict,), _TEXTS),
        "Attributes that get a second name.",
        "{file: input}",
    ),
    Key(
        "remove",
        Form("a list of attributes", (list,), _ATTRIBUTES.rules),
        "Attributes that samples lose.",
        "[note]",
    ),
    Key(
        "imply",
        Form("a list of 'if:' and 'then:'", (list,), {"items": _IMPLICATION}),
        "Attributes that follow from others.",
        "[{if: {organism: frog}, then: {genome: xenTro10}}]",
    ),
    Key(
        "derive",
        Form("a mapping of 'attributes:' and 'sources:'", (dict,)),
        "Attributes whose cell names a source, which is a template of the value.",
        "{attributes: [file], sources: {raw: 'data/{sample_name}.txt'}}",
        keys=DERIVE,
    ),
)
"""The modifiers of samples. The form's words stand in messages too."""

PEP_KEYS = (
    Key("pep_version", TEXT, "The version of the PEP specification.", "2.1.0"),
    Key("sample_table", PATH, "The table of samples, with a row for each.", "samples.csv"),
    Key(
        "subsample_table",
        PATHS_OR_NONE,
        "Tables with several rows per sample, whose cells become lists.",
        "files.csv",
    ),
    Key("sample_table_index", TEXT, "The column with the samples' names.", "sample_name"),
    Key(
        "subsample_table_index",
        TEXT,
        "The column with the rows' names in subsample tables.",
        "subsample_name",
    ),
    Key(
        "sample_modifiers",
        SECTION,
        "Changes of the samples' attributes.",
        "{append: {genome: hg38}}",
        keys=MODIFIERS,
    ),
    Key(
        "project_modifiers",
        SECTION,
        "Amendments, and PEPs that are imported.",
        "{amend: {deep: {sample_table: deep.csv}}}",
        keys=(
            Key("amend", SECTION, "Named variants of the PEP, which `--amend` chooses."),
            Key(
                "import",
                free("list of paths"),
                "Configs of PEPs that are read before this one.",
                "[common.yaml]",
            ),
        ),
    ),
    Key("description", TEXT, "A sentence on the project.", "Frogs of the pond"),
)
"""Keys that belong to PEPs alone: a near miss of one is a slip."""
KEYS = (
    *PEP_KEYS,
    Key("name", PART_OF_PATHS, "The project's name; without it, that of the folder.", "frogs"),
    Key(
        "looper",
        Form("mapping", (dict, NoneType)),
        "Options, the output folder and compute settings.",
        "{output_dir: results}",
        keys=(
            Key("output_dir", free("path"), "The output folder, relative to the PEP.", "results"),
            Key(
                "cli",
                free("mapping"),
                "Options: `run`, `runp`, and `all` for both.",
                "{all: {limit: 3}}",
            ),
            Key(
                "pipeline_interfaces",
                free("path or list of paths"),
                "looper 1.x: interfaces that run once for the project.",
                "[summary.yaml]",
            ),
            Key(
                "compute",
                free("mapping"),
                "Compute settings below `resources:`, over those of interfaces.",
                "{resources: {mem: 16G}}",
            ),
        ),
    ),
)

_VERSION = r"^\s*([2-9]|[1-9][0-9]+)\s*\.\s*[0-9]+\s*\.\s*[0-9]+\s*$"
_MAY_BE_ELSEWHERE = {"required": ["project_modifiers"]}

PEP = File(
    "pep",
    "PEP",
    "A PEP is a table of samples with a config, such as `project_config.yaml`. Relative paths are"
    " relative to the config. Any other key is an attribute of the project:"
    " templates have it as `{project.key}`.",
    KEYS,
    OLD,
    {
        "properties": {
            "pep_version": dict(
                matching(TEXT, _VERSION, "is no version that is read; write 2.1.0").rules
            )
        },
        "if": _MAY_BE_ELSEWHERE,
        "else": {"required": ["sample_table"]},
    },
    deeper={"Of each item of `imply:`": IMPLY},
)
