"""Keys and options of older looper, peppy and divvy, each with its replacement.

An old project may have any of them. Today's looper and peppy ignore most of them silently. This
package warns, and names the replacement. The versions come from the changelogs. looper 0.x chose
pipelines by protocols, looper 1.x by two kinds of interfaces. peppy 0.x had sections that
specification 2.0.0 moved to `sample_modifiers`.
"""

from __future__ import annotations

from collections.abc import Mapping

CONFIG_KEYS: Mapping[str, str] = {
    "config_file_path": "pep_config",
    "pipestat_config": "a section 'pipestat:'",
    "sample_table": "'sample_table' in the PEP that pep_config names",
    "subsample_table": "'subsample_table' in the PEP that pep_config names",
    "looper": "its keys at the top of this file",
}
"""Keys of looper configs, 1.2 to 1.9."""

PEP: Mapping[str, str] = {
    "metadata": "its keys at the top of the file ('sample_table', 'subsample_table')",
    "derived_columns": "'sample_modifiers: derive: attributes:'",
    "derived_attributes": "'sample_modifiers: derive: attributes:'",
    "data_sources": "'sample_modifiers: derive: sources:'",
    "implied_columns": "'sample_modifiers: imply:', a list of 'if:' and 'then:'",
    "implied_attributes": "'sample_modifiers: imply:', a list of 'if:' and 'then:'",
    "constants": "'sample_modifiers: append:'",
    "constant_attributes": "'sample_modifiers: append:'",
    "subprojects": "'project_modifiers: amend:', and --amend",
    "sample_annotation": "'sample_table'",
    "sample_subannotation": "'subsample_table'",
    "merge_table": "'subsample_table'",
    "pipeline_args": "'sample_modifiers: append: command_extra:'",
    "pipelines_dir": "'pipeline_interfaces' in the looper config",
    "pipeline_interfaces": "'pipeline_interfaces' in the looper config",
    "pep_format_version": "'pep_version'",
}
"""Sections of PEP configs, peppy 0.x."""

PEP_LOOPER: Mapping[str, str] = {
    "toggle_key": "a column 'toggle', or 'sel_attr'",
    "pipeline_interfaces_key": "an attribute 'pipeline_interfaces'",
    "pipestat": "a section 'pipestat:' in the looper config",
    "all": "'cli: all:'",
    "run": "'cli: run:'",
}
"""Keys of a PEP's `looper:` section, looper 1.2 to 1.9."""

INTERFACE: Mapping[str, str] = {
    "name": "'pipeline_name'",
    "schema": "'input_schema'",
    "protocol_mapping": "'imply' on the protocol, with an attribute 'pipeline_interfaces'",
    "pipelines": "one file for each pipeline",
    "collators": "'project_interface:'",
    "sample_pipeline": "'sample_interface:'",
    "project_pipeline": "'project_interface:'",
    "arguments": "the arguments in 'command_template'",
    "optional_arguments": "'{% if sample.x is defined %}' in 'command_template'",
    "looper_args": "{compute.cores} and {compute.mem} in 'command_template'",
    "required_input_files": "'tangible' in the input schema",
    "all_input_files": "'sizing' in the input schema",
    "ngs_input_files": "'tangible' in the input schema",
    "required_executables": "nothing: a missing program fails the job",
    "resources": "'compute: size_dependent_variables:', a table of largest sizes",
    "outputs": "'output_schema'",
    "sample_subtypes": "a function under 'pre_submit:'",
    "summarizers": "'project_interface: command_template:'",
    "sample_yaml_path": "'var_templates: sample_yaml_path:'",
}
"""Keys of pipeline interfaces, looper 0.x to 1.2."""

PIPELINE: Mapping[str, str] = {
    "schema": "'input_schema: VALUE' at the top of the file",
    "looper_args": "'-O {looper.results_subdir} -P {compute.cores} -M {compute.mem}' in the"
    " 'command_template', as far as the pipeline knows these options",
    "required_input_files": "'tangible: VALUE' in an input schema, and 'input_schema:' for its path",
    "all_input_files": "'sizing: VALUE' in an input schema, and 'input_schema:' for its path",
    "ngs_input_files": "columns 'read_type' and 'read_length' in the sample table, if the command"
    " needs them",
    "required_executables": "nothing: a missing program fails the job",
    "compute": "'compute:' at the top of the file, with the same lines below it",
    "command_template": "it below 'sample_interface:'",
    "outputs": "'output_schema:', the path of a schema with a 'path' for each of these",
    "summarizers": "an interface with 'project_interface: command_template:' for each",
    "summary_images": "'output_schema:', the path of a schema with these results",
    "summary_results": "'output_schema:', the path of a schema with these results",
    "sample_subtypes": "'pre_submit: python_functions:', functions that change the sample",
}
"""Keys of one pipeline in an interface, looper 0.x. VALUE stands for the value in the file."""

OPTIONS: Mapping[str, str] = {
    "ignore_flags": "Snakemake's --forceall",
    "time_delay": "Snakemake's --max-jobs-per-second",
    "dry_run": "-d on the command line",
    "pipestat": "a section 'pipestat:' in the looper config",
    "project": "the target 'project'",
    "lumpn": "'lump_n'",
    "lump_s": "'lump'",
    "amendments": "'amend'",
    "toggle_key": "'sel_attr'",
    "selector_attribute": "'sel_attr'",
    "selector_include": "'sel_incl'",
    "selector_exclude": "'sel_excl'",
    "file_checks": "'skip_file_checks'",
    "pipeline_interfaces": "'sample_pipeline_interfaces' or 'project_pipeline_interfaces'",
    "resources": "'compute'",
    "sp": "'amend'",
    "subproject": "'amend'",
    "env": "'divvy'",
}
"""Options in a `cli:` section: those of looper 0.x and 1.x, and some of Snakemake's."""


def instead(key: str, table: Mapping[str, str]) -> str | None:
    """The message for a key of an older version: "is not read any more; write …"; else None."""
    new = table.get(key)
    return None if new is None else f"is not read any more; write {new}"
