"""Bad input: every problem in one go, `file:line: key: what; do this`, exit 2, nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.projects import TOUCH, edit, write
from support.running import cli, use_looper

from snakemake_looper import Options, ProjectError
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.secrets import reveal

CONFIG = """# a looper config
pep_config: project.yaml
output_dir: results
pipeline_interfaces:
  - touch.yaml
"""
INTERFACE = """# an interface
pipeline_name: touch
sample_interface:
  command_template: echo {sample.word}
"""


def problems(folder: Path, options: Options | None = None) -> list[str]:
    """Messages of planning a project, with paths relative to it."""
    with pytest.raises(ProjectError) as caught:
        plan_project(folder / ".looper.yaml", options)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def case(name: str, files: Mapping[str, str], *messages: str) -> object:
    return pytest.param({**TOUCH, ".looper.yaml": CONFIG, **files}, messages, id=name)


CASES = [
    case(
        "pep_config missing",
        {".looper.yaml": "output_dir: results\npipeline_interfaces: [touch.yaml]\n"},
        ".looper.yaml:1: pep_config: is missing; write the path of the project's PEP, as in"
        " 'pep_config: project.yaml'",
    ),
    case(
        "pep_config of no file",
        {".looper.yaml": CONFIG.replace("project.yaml", "nope.yaml")},
        ".looper.yaml:2: pep_config: 'nope.yaml' does not exist (nope.yaml); correct the path, it"
        " is relative to this file",
    ),
    case(
        "output_dir missing",
        {".looper.yaml": "pep_config: project.yaml\npipeline_interfaces: [touch.yaml]\n"},
        ".looper.yaml: output_dir: is missing; say where results go, as in 'output_dir: results'",
    ),
    case(
        "interface of no file",
        {".looper.yaml": CONFIG + "  - more.yaml\n"},
        ".looper.yaml:6: pipeline_interfaces: 'more.yaml' does not exist (more.yaml); correct the"
        " path, it is relative to this file",
    ),
    case(
        "variables that are not set, in paths of the looper config",
        {
            ".looper.yaml": "pep_config: $NO_SUCH_A/p.yaml\noutput_dir: ${NO_SUCH_B}/out\n"
            "pipeline_interfaces:\n  - touch.yaml\n  - $NO_SUCH_C/more.yaml\n"
        },
        ".looper.yaml:1: pep_config: '$NO_SUCH_A/p.yaml': the environment variable NO_SUCH_A is not"
        " set; set it, or write the value itself",
        ".looper.yaml:5: pipeline_interfaces: '$NO_SUCH_C/more.yaml': the environment variable"
        " NO_SUCH_C is not set; set it, or write the value itself",
    ),
    case(
        "a variable that is not set, in the output folder",
        {".looper.yaml": CONFIG.replace("output_dir: results", "output_dir: ${NO_SUCH_B}/out")},
        ".looper.yaml:3: output_dir: the environment variable NO_SUCH_B is not set; set it, or write"
        " the value itself",
    ),
    case(
        "a variable that is not set, beside other faults",
        {
            ".looper.yaml": CONFIG.replace("output_dir: results", "output_dir: ${NO_SUCH_B}/out"),
            "touch.yaml": INTERFACE.replace("word", "y") + "compute: {mem: lots}\n",
        },
        ".looper.yaml:3: output_dir: the environment variable NO_SUCH_B is not set; set it, or write"
        " the value itself",
        "touch.yaml:4: command_template: {sample.y} is undefined; sample has file, sample_name, word"
        " (for a and 2 more)",
        "touch.yaml:5: compute.mem: 'lots' is no amount of memory; write MB as in 8000, or 8G (for a"
        " and 2 more)",
    ),
    case(
        "a variable with a default",
        {".looper.yaml": CONFIG.replace("output_dir: results", "output_dir: ${NO_SUCH_B:-a}/out")},
        ".looper.yaml:3: output_dir: '${NO_SUCH_B:-a}': defaults are not read here; write"
        " '${NO_SUCH_B}' and set it",
    ),
    case(
        "a variable that is not set, in the name of a PEP",
        {"project.yaml": TOUCH["project.yaml"].replace("demo", "of_${NO_SUCH_B}")},
        "project.yaml:2: name: the environment variable NO_SUCH_B is not set; set it, or write the"
        " value itself",
    ),
    case(
        "a list of PEPs",
        {".looper.yaml": CONFIG.replace("project.yaml", "[project.yaml]")},
        ".looper.yaml:2: pep_config: must be text, not a list; write one text instead",
    ),
    case(
        "an interface in the place of the PEP",
        {".looper.yaml": CONFIG.replace("project.yaml", "touch.yaml")},
        "touch.yaml:1: is a pipeline interface, not a PEP; name a file with 'sample_table:' in"
        " 'pep_config:'",
    ),
    case(
        "a looper config in the place of the PEP",
        {".looper.yaml": CONFIG.replace("project.yaml", "other.yaml"), "other.yaml": CONFIG},
        "other.yaml:2: is a looper config, not a PEP; name a file with 'sample_table:' in"
        " 'pep_config:'",
    ),
    case(
        "a variable that is not set, in an interface",
        {"touch.yaml": INTERFACE + "input_schema: $NO_SUCH_D/in.yaml\n"},
        "touch.yaml:5: input_schema: '$NO_SUCH_D/in.yaml': the environment variable NO_SUCH_D is"
        " not set; set it, or write the value itself",
    ),
    case(
        "no interfaces",
        {".looper.yaml": "pep_config: project.yaml\noutput_dir: results\n"},
        ".looper.yaml: pipeline_interfaces: there are none; list the pipeline interfaces to run",
    ),
    case(
        "an interface that is no path",
        {".looper.yaml": CONFIG + "  - 3\n"},
        ".looper.yaml:6: pipeline_interfaces: '3' is not a path; write the path of a file",
    ),
    case(
        "unknown level in the looper config",
        {".looper.yaml": CONFIG.replace("  - touch.yaml", "  smple: touch.yaml")},
        ".looper.yaml:5: pipeline_interfaces.smple: unknown level (did you mean 'sample'?); write"
        " 'sample' or 'project'",
    ),
    case(
        "a level that the interface has not",
        {".looper.yaml": CONFIG.replace("  - touch.yaml", "  project: touch.yaml")},
        ".looper.yaml:5: pipeline_interfaces.project: touch.yaml has no project level; list it"
        " under another level",
    ),
    case(
        "pipestat is no mapping",
        {".looper.yaml": CONFIG + "pipestat: postgresql://me:S3CRET@host/db\n"},
        ".looper.yaml:6: pipestat: must be a mapping; write 'key: value' lines below it",
    ),
    case(
        "looper config is no YAML",
        {".looper.yaml": "pep_config: [a\noutput_dir: b: c\n"},
        ".looper.yaml:1: not valid YAML: '[' begins a list that lacks a ',' or its ']'; add it, or put the"
        " value in quotes",
    ),
    case(
        "looper config is a list",
        {".looper.yaml": "- a\n"},
        ".looper.yaml:1: a mapping is expected, not a list; write 'key: value' lines",
    ),
    case(
        "interface is no YAML",
        {"touch.yaml": "pipeline_name: {\n"},
        "touch.yaml:2: not valid YAML: the file ends inside '[' or '{'; close it, or put the value in"
        " quotes",
    ),
    case(
        "pipeline_name missing",
        {"touch.yaml": INTERFACE.replace("pipeline_name: touch", "")},
        "touch.yaml:1: pipeline_name: is missing; name the pipeline, as in 'pipeline_name:"
        " count_lines'",
    ),
    case(
        "pipeline_name with white space",
        {"touch.yaml": INTERFACE.replace(": touch", ": touch it")},
        "touch.yaml:2: pipeline_name: 'touch it' has white space, a slash, a brace or the like; write a"
        " name that can be part of a file name",
    ),
    case(
        "interface without a command",
        {"touch.yaml": "pipeline_name: touch\n"},
        "touch.yaml:1: command_template: there is no command; write 'sample_interface:"
        " command_template: …' (or 'project_interface:')",
    ),
    case(
        "level without a command",
        {"touch.yaml": INTERFACE + "project_interface: {}\n"},
        "touch.yaml:5: project_interface.command_template: is missing; write the command that runs"
        " the pipeline",
    ),
    case(
        "unknown pipeline type",
        {"touch.yaml": "pipeline_name: t\npipeline_type: samples\ncommand_template: echo\n"},
        "touch.yaml:2: pipeline_type: 'samples' is no level (did you mean 'sample'?); write"
        " 'sample' or 'project'",
    ),
    case(
        "undefined variable",
        {"touch.yaml": INTERFACE.replace("sample.word", "sample.wrod")},
        "touch.yaml:4: command_template: {sample.wrod} is undefined (did you mean 'word'?); sample"
        " has file, sample_name, word (for a and 2 more)",
    ),
    case(
        "undefined variable, nested",
        {
            "touch.yaml": INTERFACE.replace("sample.word", "pipeline.var_templates.x.y")
            + "var_templates: {x: {z: a}}\n"
        },
        "touch.yaml:4: command_template: {pipeline.var_templates.x.y} is undefined;"
        " pipeline.var_templates.x has z (for a and 2 more)",
    ),
    case(
        "pipestat variable without a pipestat section",
        {"touch.yaml": INTERFACE.replace("sample.word", "pipestat.results_file")},
        "touch.yaml:4: command_template: {pipestat.results_file} is undefined: the looper config has no"
        " 'pipestat:' section; add one"
        " (for a and 2 more)",
    ),
    case(
        "unknown namespace",
        {"touch.yaml": INTERFACE.replace("sample.word", "smaple.word")},
        "touch.yaml:4: command_template: {smaple} is not a namespace (did you mean 'sample'?);"
        " there are project, sample, samples, pipeline, looper, compute, pipestat",
    ),
    case(
        "statement that does not end",
        {"touch.yaml": INTERFACE.replace("{sample.word}", "{% if sample.word %} x")},
        "touch.yaml:4: command_template: {% if %} is not closed; write {% endif %} where it ends",
    ),
    case(
        "undefined variable in var_templates",
        {"touch.yaml": INTERFACE + "var_templates:\n  out: '{looper.out}'\n"},
        "touch.yaml:6: var_templates.out: {looper.out} is undefined; looper has config_file, job_name,"
        " log_file, output_dir, pep_config, piface_dir, results_subdir, sample_output_folder,"
        " submission_subdir, total_input_size (for a and 2 more)",
    ),
    case(
        "environment variable with a bad name",
        {"touch.yaml": INTERFACE + "inject_env_vars:\n  MY-VAR: x\n"},
        "touch.yaml:6: inject_env_vars.MY-VAR: is no name for a variable; use letters, digits and"
        " '_'",
    ),
    case(
        "output schema without a hand-off",
        {"touch.yaml": INTERFACE + "output_schema: schema.yaml\n"},
        "touch.yaml:4: sample_interface: there is an output_schema, but the command is not told"
        " where to report; add '{pipestat.config_file}' to it, or 'pipestat_config_required: false'"
        " to the file",
    ),
    case(
        "output schema of no file",
        {"touch.yaml": INTERFACE + "output_schema: out.yaml\npipestat_config_required: false\n"},
        "touch.yaml:5: output_schema: 'out.yaml' does not exist (out.yaml); correct the path",
    ),
    case(
        "input schema of no file",
        {"touch.yaml": INTERFACE + "input_schema: in.yaml\n"},
        "touch.yaml:5: input_schema: 'in.yaml' does not exist (in.yaml); correct the path",
    ),
    case(
        "size table of no file",
        {"touch.yaml": INTERFACE + "compute:\n  size_dependent_variables: sizes.tsv\n"},
        "touch.yaml:6: compute.size_dependent_variables: 'sizes.tsv' does not exist; correct the"
        " path",
    ),
    case(
        "size table without sizes",
        {
            "touch.yaml": INTERFACE + "compute:\n  size_dependent_variables: sizes.tsv\n",
            "sizes.tsv": "size\tmem\n1\t2\n",
        },
        "sizes.tsv:1: max_file_size: there is no such column, but 'size', 'mem'; rename or add one, in"
        " GB",
    ),
    case(
        "size that is none",
        {
            "touch.yaml": INTERFACE + "compute:\n  size_dependent_variables: sizes.tsv\n",
            "sizes.tsv": "max_file_size\tmem\nbig\t2\nNaN\t3\n",
        },
        "sizes.tsv:2: max_file_size: 'big' is no size; write a number of GB, or NaN for any size",
    ),
    case(
        "memory in an unknown unit",
        {"touch.yaml": INTERFACE + "compute:\n  mem: 3 apples\n"},
        "touch.yaml:6: compute.mem: '3 apples' is no amount of memory; write MB as in 8000, or 8G"
        " (for a and 2 more)",
    ),
    case(
        "wall time in an unknown form",
        {"touch.yaml": INTERFACE + "compute:\n  time: soon\n"},
        "touch.yaml:6: compute.time: 'soon' is no wall time; write days-hours:minutes:seconds (for"
        " a and 2 more)",
    ),
    case(
        "cores that are none",
        {"touch.yaml": INTERFACE + "compute:\n  cores: 0\n"},
        "touch.yaml:6: compute.cores: '0' is no number of cores; write a whole number above 0 (for"
        " a and 2 more)",
    ),
    case(
        "unknown key in our own section",
        {"touch.yaml": INTERFACE + "snakemake:\n  conainer: x\n"},
        "touch.yaml:6: snakemake.conainer: unknown (did you mean 'container'?); remove it",
    ),
    case(
        "wrong type in our own section",
        {"touch.yaml": INTERFACE + "snakemake:\n  retries: often\n"},
        "touch.yaml:6: snakemake.retries: must be int, not 'often'; correct it",
    ),
    case(
        "sample name with a slash",
        {"samples.csv": "sample_name,file,word\na,a.txt,x\nb/c,b.txt,y\n"},
        "samples.csv:3: sample_name: sample name 'b/c' has a character that cannot be part of a"
        "n output file's name; use letters, digits, '.', '-' and '_'",
    ),
    case(
        "no samples",
        {"samples.csv": "sample_name,file,word\n"},
        "samples.csv: there are no samples; add a row for each",
    ),
    case(
        "sample table of no file",
        {"project.yaml": "pep_version: 2.1.0\nsample_table: none.csv\n"},
        "project.yaml:2: sample_table: 'none.csv' does not exist; correct the path, it is relative to"
        " this file",
    ),
    case(
        "two interfaces of one name",
        {
            ".looper.yaml": CONFIG + "  - again.yaml\n",
            "again.yaml": INTERFACE,
            "touch.yaml": INTERFACE,
        },
        "again.yaml:2: pipeline_name: 'touch' is also the name of the sample-level pipeline in"
        " touch.yaml, and their status flags would be the same files; rename one",
    ),
    case(
        "two records that share a flag",
        {
            ".looper.yaml": CONFIG + "  - long.yaml\npipestat:\n  flag_file_dir: flags\n",
            "touch.yaml": INTERFACE,
            "long.yaml": INTERFACE.replace(": touch", ": touch_a"),
            "samples.csv": "sample_name,file,word\na_b,a.txt,x\nb,b.txt,y\n",
        },
        "samples.csv:3: sample_name: pipeline 'touch' record 'a_b' and pipeline 'touch_a' record 'b'"
        " would share the status flag flags/touch_a_b_completed.flag; rename one of the samples or"
        " pipelines",
    ),
    case(
        "two records that share a log",
        {
            ".looper.yaml": CONFIG + "  - long.yaml\n",
            "touch.yaml": INTERFACE,
            "long.yaml": INTERFACE.replace(": touch", ": touch_a"),
            "samples.csv": "sample_name,file,word\na_b,a.txt,x\nb,b.txt,y\n",
        },
        "samples.csv:3: sample_name: pipeline 'touch' record 'a_b' and pipeline 'touch_a' record 'b'"
        " would share the log results/submission/touch_a_b.log; rename one of the samples or"
        " pipelines",
    ),
    case(
        "a date that is none",
        {"touch.yaml": INTERFACE + "compute:\n  mem: 2024-13-45\n"},
        "touch.yaml:6: not valid YAML: a value looks like a date, and there is no such date; put it in"
        " quotes",
    ),
    case(
        "an input schema of an unknown type",
        {
            "touch.yaml": INTERFACE + "input_schema: schema.yaml\n",
            "schema.yaml": TOUCH["schema.yaml"].replace("string", "str"),
        },
        "schema.yaml:8: properties.samples.items.properties.file.type: not a valid schema: 'str' is"
        " no type (did you mean 'string'?); write one of string, number, integer, boolean, array,"
        " object or null",
        "schema.yaml:7: properties.samples.items.properties.sample_name.type: not a valid schema:"
        " 'str' is no type (did you mean 'string'?); write one of string, number, integer, boolean,"
        " array, object or null",
    ),
    case(
        "an input schema whose required is no list",
        {
            "touch.yaml": INTERFACE + "input_schema: schema.yaml\n",
            "schema.yaml": TOUCH["schema.yaml"].replace("[sample_name, file]", "file"),
        },
        "schema.yaml:9: properties.samples.items.required: not a valid schema: it must be a list;"
        " correct it",
    ),
    case(
        "a mistake in an expression",
        {"touch.yaml": INTERFACE.replace("sample.word", "sample.word name")},
        "touch.yaml:4: command_template: {sample.word name} is no variable: the name needs quotes;"
        " write {sample['word name']}",
    ),
    case(
        "an expression that cannot be computed",
        {"touch.yaml": INTERFACE.replace("sample.word", "1 / looper.total_input_size")},
        "touch.yaml:4: command_template: {1 / looper.total_input_size} cannot be computed: it"
        " divides by zero; correct it (for a and 2 more)",
    ),
    case(
        "an output folder that is a list",
        {".looper.yaml": CONFIG.replace("output_dir: results", "output_dir: [results]")},
        ".looper.yaml:3: output_dir: '['results']' is no path; write a text",
    ),
    case(
        "an output folder with a brace",
        {".looper.yaml": CONFIG.replace("output_dir: results", "output_dir: 'r{x}'")},
        ".looper.yaml:3: output_dir: 'r{x}' has a brace, which is a wildcard to Snakemake; rename the"
        " folder",
    ),
    case(
        "a flag folder with a brace",
        {".looper.yaml": CONFIG + "pipestat:\n  flag_file_dir: 'f{x}'\n"},
        ".looper.yaml:7: pipestat.flag_file_dir: 'f{x}' has a brace, which is a wildcard to"
        " Snakemake; rename it",
    ),
    case(
        "a project name that is no file name",
        {".looper.yaml": CONFIG + "pipestat:\n  project_name: a/b\n"},
        ".looper.yaml:7: pipestat.project_name: 'a/b' cannot be part of a file name; use letters,"
        " digits, '.', '-' and '_'",
    ),
    case(
        "a PEP whose name is no file name",
        {"project.yaml": "name: a/b\nsample_table: samples.csv\n"},
        "project.yaml:1: name: 'a/b' cannot be part of a file name; use letters, digits, '-', '_'",
    ),
    case(
        "a sample called ..",
        {"samples.csv": "sample_name,file,word\n..,a.txt,x\n"},
        "samples.csv:2: sample_name: sample name '..' has a character that cannot be part of an"
        " output file's name; use letters, digits, '.', '-' and '_'",
    ),
    case(
        "a resource that is none",
        {"touch.yaml": INTERFACE + "snakemake:\n  resources:\n    my-gpu: 1\n    gpu: [1]\n"},
        "touch.yaml:7: snakemake.resources.my-gpu: 'my-gpu: 1' is no resource; write a name of"
        " letters and '_', and a number or text",
        "touch.yaml:8: snakemake.resources.gpu: 'gpu: [1]' is no resource; write a name of letters"
        " and '_', and a number or text",
    ),
    case(
        "an output that depends on more than the sample's name",
        {"touch.yaml": INTERFACE + "snakemake:\n  output: '{sample.word}.txt'\n"},
        "touch.yaml:6: snakemake.output: {sample.word} is undefined; sample has sample_name (this"
        " path can depend on the sample's name only)",
    ),
    case(
        "a pipeline to come after that is not there",
        {"touch.yaml": INTERFACE + "snakemake:\n  depends_on: tuch\n"},
        "touch.yaml:5: snakemake.depends_on: there is no pipeline 'tuch' (did you mean 'touch'?)",
    ),
    case(
        "a linked interface that is not run",
        {
            ".looper.yaml": CONFIG + "  - all.yaml\n",
            "touch.yaml": INTERFACE,
            "all.yaml": "pipeline_name: p\npipeline_type: project\ncommand_template: x\n"
            "linked_pipeline_interfaces: [other.yaml]\n",
            "other.yaml": INTERFACE,
        },
        "all.yaml:4: linked_pipeline_interfaces: no sample of this project runs other.yaml; add"
        " it to the looper config",
    ),
    case(
        "an input file with a brace",
        {"samples.csv": "sample_name,file,word\na,{x}.txt,x\n", "{x}.txt": ""},
        "touch.yaml:2: input_schema: input '{x}.txt' has a brace, which is a wildcard to Snakemake; rename"
        " it (for a)",
    ),
    case(
        "SQLite without a file",
        {".looper.yaml": CONFIG + "pipestat:\n  database:\n    dialect: sqlite\n"},
        ".looper.yaml:7: pipestat.database: has no 'sqlite_url'; write the path of the file",
    ),
    case(
        "hooks",
        {"touch.yaml": INTERFACE + "pre_submit:\n  python_functions: [a.b, c]\n"},
        "touch.yaml:6: pre_submit.python_functions: 'c' is no function; write 'package.function'",
        "touch.yaml:6: pre_submit.python_functions: there is no module 'a'; correct the name, or"
        " install it where snakemake-looper is",
    ),
    case(
        "hooks of no kind",
        {"touch.yaml": INTERFACE + "pre_submit:\n  python_function: [a.b]\n"},
        "touch.yaml:6: pre_submit.python_function: unknown (did you mean 'python_functions'?); write"
        " 'python_functions' or 'command_templates'",
        "touch.yaml:6: pre_submit.python_functions: there is no module 'a'; correct the name, or"
        " install it where snakemake-looper is",
    ),
    case(
        "hooks that are no mapping",
        {"touch.yaml": INTERFACE + "pre_submit: [a.b]\n"},
        "touch.yaml:5: pre_submit: must be a mapping; write 'key: value' lines below it",
    ),
    case(
        "a hook that is no text",
        {"touch.yaml": INTERFACE + "pre_submit:\n  command_templates: [echo, {a: 1}]\n"},
        "touch.yaml:6: pre_submit.command_templates: must be a list of texts, not '{'a': 1}'; correct it",
    ),
    case(
        "a hook that is no template",
        {"touch.yaml": INTERFACE + "pre_submit:\n  command_templates: ['{sample.}']\n"},
        "touch.yaml:6: pre_submit.command_templates: {sample.} is no variable and no expression;"
        " correct it: a literal brace is written {'{'}, and statements {% ... %}",
    ),
    case(
        "a config that the input schema refuses",
        {
            "schema.yaml": "properties:\n  project: {required: [genome]}\n",
            "touch.yaml": INTERFACE + "input_schema: schema.yaml\n",
        },
        "project.yaml: there is no 'genome', says schema.yaml; correct it",
    ),
    case(
        "an import of the input schema that is missing",
        {
            "schema.yaml": "imports: [more.yaml]\n",
            "touch.yaml": INTERFACE + "input_schema: schema.yaml\n",
        },
        "schema.yaml:1: imports: 'more.yaml' does not exist (more.yaml); correct the path",
    ),
    case(
        "project interfaces of the PEP that are missing",
        {
            "project.yaml": TOUCH["project.yaml"].rstrip()
            + "\n        looper: {pipeline_interfaces: no.yaml}\n"
        },
        "project.yaml:4: looper.pipeline_interfaces: 'no.yaml' does not exist (no.yaml); correct the"
        " path, it is relative to this file",
    ),
]


@pytest.mark.parametrize(("files", "messages"), CASES)
def test_message(
    project: Callable[..., Path], files: Mapping[str, str], messages: tuple[str, ...]
) -> None:
    assert problems(project(files)) == list(messages)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(limit="x"), "--limit: 'x' is no number or range; write 3, 2:5, :4 or 6-"),
        (Options(limit="5:2"), "--limit: '5:2' is no number or range; write 3, 2:5, :4 or 6-"),
        (Options(samples=("aa",)), "--samples: there is no sample 'aa' (did you mean 'a'?)"),
        (
            Options(sel_attr="wrd", sel_incl=("one",)),
            "--sel-attr: no sample has an attribute 'wrd' (did you mean 'word'?)",
        ),
        (
            Options(sel_attr="word", sel_incl=("one",), sel_excl=("two",)),
            "--sel-incl: cannot be combined with --sel-excl; choose one",
        ),
    ],
)
def test_message_of_an_option(touch: Path, options: Options, message: str) -> None:
    assert problems(touch, options) == [message]


BROKEN = {
    **TOUCH,
    ".looper.yaml": CONFIG + "  - gone.yaml\n  - broken.yaml\n  - empty.yaml\n  - kind.yaml\n",
    "broken.yaml": "pipeline_name: [\n",
    "empty.yaml": "pipeline_name: empty\n",
    "kind.yaml": "pipeline_name: k\npipeline_type: what\ncommand_template: x\n",
    "touch.yaml": INTERFACE.replace("sample.word", "sample.nothing"),
    "samples.csv": "sample_name,file,word\na,a.txt,x\nb/c,b.txt,y\n",
}


@pytest.mark.parametrize("door", ["plugin", "run", "inspect", "check", "generate"])
def test_all_problems_together_and_nothing_written(project: Callable[..., Path], door: str) -> None:
    folder = project(BROKEN)
    before = sorted(folder.rglob("*"))
    done = use_looper(cwd=folder) if door == "plugin" else cli(door, cwd=folder)
    assert done.code == 2
    lines = done.err.splitlines()
    assert [line.removeprefix(f"error: {folder}/").split(": ")[0] for line in lines] == [
        ".looper.yaml:6",
        "samples.csv:3",
        "broken.yaml:2",
        "empty.yaml:1",
        "kind.yaml:2",
        "touch.yaml:4",
    ]
    assert sorted(folder.rglob("*")) == before


def test_unknown_keys_are_named_and_not_fatal(project: Callable[..., Path]) -> None:
    folder = project(
        {
            **TOUCH,
            ".looper.yaml": CONFIG + "outputdir: x\n",
            "touch.yaml": INTERFACE + "comput: {}\npath: x\n",
        }
    )
    warnings = [
        warning.replace(f"{folder}/", "")
        for warning in plan_project(folder / ".looper.yaml").warnings
    ]
    assert warnings == [
        ".looper.yaml:6: outputdir: unknown key, ignored (did you mean 'output_dir'?)",
        "touch.yaml:5: comput: unknown key, and no template uses {pipeline.comput} (did you mean"
        " 'compute'?)",
    ]


def test_an_output_schema_of_another_name_is_a_warning(project: Callable[..., Path]) -> None:
    folder = project(
        {
            **TOUCH,
            ".looper.yaml": CONFIG + "pipestat:\n  results_file_path: r.yaml\n",
            "touch.yaml": INTERFACE.replace("sample.word", "pipestat.config_file")
            + "output_schema: out.yaml\n",
            "out.yaml": "properties:\n  pipeline_name: tuch\n"
            "  samples: {items: {properties: {lines: {type: integer}}}}\n",
        }
    )
    of_place = " differs from 'touch' in touch.yaml:2; the latter counts"
    for schema, line in (("", 2), ("pipeline_name: tuch\nsamples: {n: {type: integer, description: n}}\n", 1)):  # fmt: skip
        if schema:
            (folder / "out.yaml").write_text(schema)
        plan = plan_project(folder / ".looper.yaml")
        assert [warning.replace(f"{folder}/", "") for warning in plan.warnings] == [
            f"out.yaml:{line}: pipeline_name: 'tuch'{of_place}"
        ]
        assert plan.configs[0].content["pipeline_name"] == "touch"


def test_a_file_that_is_not_utf_8(touch: Path) -> None:
    (touch / "touch.yaml").write_bytes("pipeline_name: \xe9\n".encode("latin-1"))
    assert problems(touch) == ["touch.yaml:1: is not UTF-8 text; save it as UTF-8"]


@pytest.mark.parametrize("word", ["b\nx", "b\rx", "b\x1b[2Jx", "b\x00x", "b\u2028x"])
def test_a_message_is_one_line_whatever_it_names(touch: Path, word: str) -> None:
    """A line break in a cell makes no second line, and a terminal is told nothing."""
    edit(touch / "samples.csv", "b,b.txt", f'"{word}",b.txt')
    edit(touch / ".looper.yaml", "[touch.yaml]", json.dumps([f"{word}.yaml"]))
    with pytest.raises(ProjectError) as raised:
        plan_project(touch / ".looper.yaml")
    assert all(str(problem).isprintable() for problem in raised.value.problems)
    assert f"'{word}.yaml'".encode("unicode_escape").decode() in str(raised.value)


def test_a_loop_of_anchors(touch: Path) -> None:
    (touch / "touch.yaml").write_text("pipeline_name: &x [*x]\n")
    assert problems(touch) == [
        "touch.yaml:1: an anchor contains itself; write its value out",
    ]


def test_keys_of_pipestat_that_are_no_text(project: Callable[..., Path]) -> None:
    folder = project({**TOUCH, ".looper.yaml": CONFIG + "pipestat:\n  3: x\n  a: y\n"})
    content = reveal(plan_project(folder / ".looper.yaml").configs[0].content)
    assert (content[3], content["a"]) == ("x", "y")


def test_one_interface_by_two_ways(project: Callable[..., Path], tmp_path: Path) -> None:
    """Named by a sample and by the looper config, reached through a link: still one."""
    folder = project(
        {
            **TOUCH,
            "samples.csv": "sample_name,file,pipeline_interfaces\na,a.txt,touch.yaml\nb,b.txt,\n",
        }
    )
    (tmp_path / "link").symlink_to(folder)
    edit(folder / "touch.yaml", "echo {sample.word}", "echo")
    plan = plan_project(tmp_path / "link" / ".looper.yaml")
    assert [job.record for job in plan.jobs] == ["a", "b"]


def test_amendments_that_drop_modifiers_are_a_warning(project: Callable[..., Path]) -> None:
    pep = """
        sample_table: samples.csv
        sample_modifiers:
          append: {extra: x}
        project_modifiers:
          amend:
            other:
              sample_modifiers:
                duplicate: {word: again}
        """
    folder = project({**TOUCH, "project.yaml": pep})
    plan = plan_project(folder / ".looper.yaml", Options(amend=("other",)))
    assert [warning.replace(f"{folder}/", "") for warning in plan.warnings] == [
        "project.yaml:7: amend.other: replaces all sample modifiers of the PEP, also its append"
    ]


def test_the_looper_section_of_a_pep(project: Callable[..., Path]) -> None:
    folder = project(
        {
            **TOUCH,
            ".looper.yaml": "pep_config: meta/project.yaml\npipeline_interfaces: [touch.yaml]\n",
            "meta/project.yaml": """
                sample_table: ../samples.csv
                looper:
                  output_dir: out
                  results_subdir: here
                  compute: {resources: {mem: 8G}}
                  cli: {run: {limit: 1}}
                """,
        }
    )
    (job,) = plan_project(folder / ".looper.yaml").jobs
    assert job.flag == "meta/out/here/a/touch_a_completed.flag", "relative to the PEP"
    assert dict(job.compute) == {"mem": "8G"}


def test_a_wrong_option_of_ours(touch: Path) -> None:
    done = cli("run", "--limt", "3", cwd=touch)
    assert done.code == 2
    line = "--limt: is no option of 'run' (did you mean '--limit'?); see --help"
    assert done.err == f"error: {line}\n"


def test_an_invalid_row_is_skipped_with_its_reason(project: Callable[..., Path]) -> None:
    folder = project(
        {
            **TOUCH,
            "samples.csv": "sample_name,file,word\na,a.txt,x\nb,,y\n",
            "schema.yaml": TOUCH["schema.yaml"].replace("file: {type: string}", "file: {type: string, minLength: 1}"),
        }
    )  # fmt: skip
    plan = plan_project(folder / ".looper.yaml")
    assert [job.record for job in plan.jobs] == ["a"]
    (skip,) = plan.skipped
    assert (skip.record, skip.fault) == ("b", True)
    assert skip.reason == "invalid: file: it is empty (samples.csv:3)"


def test_catalogue_is_written_with_write(tmp_path: Path) -> None:
    """Guard of the guard: a project of the catalogue's parts, unharmed, has no problems."""
    folder = write(tmp_path, {**TOUCH, ".looper.yaml": CONFIG, "touch.yaml": INTERFACE})
    assert len(plan_project(folder / ".looper.yaml").jobs) == 3
