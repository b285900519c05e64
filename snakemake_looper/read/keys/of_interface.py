"""The keys of a pipeline interface, and the columns of its size table."""

from __future__ import annotations

from types import NoneType
from typing import Any

from ..deprecated import INTERFACE as OLD
from .key import (
    NUMBER,
    PATH_OR_NONE,
    PATHS,
    PATHS_OR_NONE,
    SCALAR,
    SECTION,
    SECTION_OR_NONE,
    SWITCH,
    TEXT,
    TEXTS,
    TEXTS_OR_NONE,
    File,
    Form,
    Key,
    free,
    matching,
    one_of,
    pattern_rules,
)

_TEMPLATE = matching(TEXT, r"\S", "is empty; write the command that runs the pipeline")
_NAME = matching(
    TEXT,
    r"^[^\s/{}]+$",
    "has white space, a slash, a brace or the like; write a part of a file name",
)
_IS_RESOURCE = {
    "propertyNames": {"pattern": r"^[^\W0-9]\w*$"},
    "additionalProperties": {"type": ["integer", "string"]},
}
_IS_ENVIRONMENT = {"propertyNames": {"pattern": r"^[A-Za-z_]\w*$"}}
_NO_FUNCTION = "is no function; write 'package.function'"
_FUNCTION = r"^\w+(\.\w+)+$"

# --- compute settings -----------------------------------------------------------------------------

_OR_NOTHING = r"|\s*[nN][aA][nN]\s*|\s*)$"
_COUNT = matching(
    Form("whole number", (int, str, NoneType), {"minimum": 1}),
    r"^(\s*[0-9]+\s*" + _OR_NOTHING,
    "is no number of cores; write a whole number above 0",
)
_MEMORY = matching(
    Form("MB, or with a unit", (int, float, str, NoneType), {"minimum": 0}),
    r"^(\s*[0-9.]+\s*[KMGTkmgt]?([iI]?[bB])?\s*" + _OR_NOTHING,
    "is no amount of memory; write MB as in 8000, or 8G",
)
_TIME = matching(
    Form("time as SLURM writes it", (int, str, NoneType), {"minimum": 0}),
    r"^([-:\s0-9]+" + _OR_NOTHING,
    "is no wall time; write days-hours:minutes:seconds",
)
_SIZE = matching(
    Form("number of GB, or `NaN`", (int, float, str, NoneType), {"minimum": 0}),
    r"^\s*([0-9.eE+_]+|[nN][aA][nN]|[nN][aA]|[iI][nN][fF])?\s*$",
    "is no size; write a number of GB, or NaN for any size",
)

SETTINGS = (
    Key("cores", _COUNT, "Cores of each job: its `threads`.", "4"),
    Key("mem", _MEMORY, "Memory of each job; a bare number is MB.", "8G"),
    Key("time", _TIME, "Time that each job may take; a bare number is minutes.", "'02:00:00'"),
    Key("partition", SCALAR, "Partition of SLURM.", "long"),
    Key("account", SCALAR, "Account of SLURM.", "lab"),
)
IMAGES = (
    Key("apptainer_image", SCALAR, "Image in which the command runs.", "tools.sif"),
    Key("singularity_image", SCALAR, "The older name of `apptainer_image`.", "tools.sif"),
    Key("docker_image", SCALAR, "Image of a registry, which apptainer converts.", "debian:stable"),
)
COMPUTE = (
    *SETTINGS,
    *IMAGES,
    Key(
        "size_dependent_variables",
        PATH_OR_NONE,
        "A size table: settings by the size of the input files.",
        "sizes.tsv",
    ),
    Key(
        "dynamic_variables_command_template",
        free("text"),
        "A command that prints settings as JSON; looper has replaced it by `pre_submit:`.",
        "python settings.py {sample.file}",
    ),
)
LIMIT = "max_file_size"
COLUMNS = (
    Key(
        LIMIT,
        _SIZE,
        "The largest size of the input files for this row; `NaN` is for any size.",
        "0.5",
    ),
    *SETTINGS,
)

# --- directives and hooks -------------------------------------------------------------------------

SNAKEMAKE = (
    Key("container", TEXT, "Image in which the command runs.", "docker://debian:stable"),
    Key("conda", TEXT, "Conda environment: a file beside this one, or a name.", "envs/tools.yaml"),
    Key("retries", NUMBER, "Times that a failed job is tried again.", "2"),
    Key("group", TEXT, "Jobs of one group are submitted together.", "small_jobs"),
    Key("priority", NUMBER, "Jobs with a higher number start first.", "10"),
    Key(
        "resources",
        Form("mapping", (dict,), _IS_RESOURCE),
        "More resources; an expression of `attempt` grows with each try.",
        "{gpu: 1, mem_mb: mem_mb * attempt}",
    ),
    Key("input", PATHS, "More input files, as templates.", "'{sample.index}.bai'"),
    Key(
        "output",
        PATHS,
        "Files that the command makes, as templates.",
        "'{looper.sample_output_folder}/aligned.bam'",
    ),
    Key(
        "benchmark",
        TEXT,
        "File for time and memory of each job.",
        "'{looper.sample_output_folder}/benchmark.tsv'",
    ),
    Key("depends_on", TEXTS, "Pipelines whose job of the same sample comes before.", "align"),
)
_OF_LEVEL = {"required": ["command_template"]}
LEVEL = (
    Key(
        "command_template",
        _TEMPLATE,
        "The command, as a template of Jinja2 with single braces.",
        "wc -l {sample.file}",
    ),
    Key("snakemake", SECTION_OR_NONE, "Directives for this level.", keys=SNAKEMAKE, closed=True),
)
_FUNCTIONS = matching(
    TEXTS_OR_NONE,
    _FUNCTION,
    _NO_FUNCTION,
    items={"type": "string", **pattern_rules(_FUNCTION, _NO_FUNCTION)},
)
PRE_SUBMIT = (
    Key(
        "python_functions",
        _FUNCTIONS,
        "Functions that change a job's namespaces.",
        "[my_module.add_memory]",
    ),
    Key(
        "command_templates",
        TEXTS_OR_NONE,
        "Commands that print changes of the namespaces as JSON.",
        "['python memory.py {sample.file}']",
    ),
)

# --- the file -------------------------------------------------------------------------------------

KEYS = (
    Key("pipeline_name", _NAME, "The pipeline's name, a part of file names.", "count_lines"),
    Key(
        "sample_interface", SECTION, "The command that runs once per sample.",
        "{command_template: 'wc -l {sample.file}'}", keys=LEVEL, rules=_OF_LEVEL,
    ),
    Key(
        "project_interface", SECTION, "The command that runs once for the project.",
        "{command_template: 'report {looper.output_dir}'}", keys=LEVEL, rules=_OF_LEVEL,
    ),
    Key(
        "output_schema", PATH_OR_NONE, "The output schema: the results that are reported.",
        "output_schema.yaml",
    ),
    Key(
        "input_schema", PATH_OR_NONE, "A schema of eido that samples must fit to.",
        "input_schema.yaml",
    ),
    Key("compute", SECTION_OR_NONE, "What a job asks for.", "{cores: 2, mem: 8G}", keys=COMPUTE),
    Key(
        "snakemake", SECTION_OR_NONE,
        "Directives of Snakemake for both levels, which looper ignores.", "{retries: 2}",
        keys=SNAKEMAKE, closed=True,
    ),
    Key(
        "var_templates", SECTION_OR_NONE,
        "Templates for the command, which has them as `{pipeline.var_templates.NAME}`.",
        "{refs: '{project.refs}/{sample.genome}'}",
    ),
    Key(
        "inject_env_vars", Form("mapping", SECTION_OR_NONE.types, _IS_ENVIRONMENT),
        "Environment variables of the command, as templates.", "{THREADS: '{compute.cores}'}",
    ),
    Key(
        "pre_submit", SECTION_OR_NONE, "Hooks that run before a job is planned.",
        "{python_functions: [my_module.add_memory]}", keys=PRE_SUBMIT, closed=True,
    ),
    Key(
        "linked_pipeline_interfaces", PATHS_OR_NONE,
        "Interfaces whose jobs come before those of this project level.", "[count.yaml]",
    ),
    Key(
        "pipestat_config_required", SWITCH,
        "`false` for a command that needs no `{pipestat.…}`, or reports in its own way.", "false",
    ),
    Key("path", SCALAR, "Text for templates, as `{pipeline.path}`.", "count.py"),
    Key(
        "command_template", free("text"), "looper 1.x: the command, for the level of `pipeline_type`.",
        "wc -l {sample.file}",
    ),
    Key(
        "pipeline_type", SCALAR, "looper 1.x: the level, `sample` or `project`.", "sample",
    ),
)  # fmt: skip
LEVELS = ("sample_interface", "project_interface")


def _has(*keys: str) -> dict[str, Any]:
    return {"anyOf": [{"required": [key]} for key in keys]}


_OF_LOOPER_1 = {
    "if": _has("command_template"),
    "then": {
        "properties": {
            "command_template": {"type": "string", **_TEMPLATE.rules},
            "pipeline_type": dict(one_of("sample", "project").rules),
        }
    },
    "else": {"required": ["sample_interface"]},
}

INTERFACE = File(
    "pipeline_interface",
    "Pipeline interface",
    "A pipeline interface describes one pipeline: its command, and what it needs. Relative paths"
    " are relative to it. Any other key is for templates: `{pipeline.key}`.",
    KEYS,
    OLD,
    {"required": ["pipeline_name"], "if": _has(*LEVELS), "else": _OF_LOOPER_1},
    strikes=False,
)
SIZE_TABLE = File(
    "size_table",
    "Size table",
    "A size table is a tab-separated table that `compute: size_dependent_variables:` names. The"
    f" row with the smallest sufficient `{LIMIT}` counts. Any other column is a compute setting,"
    " too: templates have it as `{compute.column}`.",
    COLUMNS,
    rules={"required": [LIMIT]},
)
