"""Projects of looper 0.x and 1.x: each key at its line, with the text that replaces it.

The forms are those of published projects; their names, values and paths are the tests' own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from support.projects import write

from snakemake_looper import Options, ProjectError
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.looper_config import locate

LOOPER = "pep_config: project_config.yaml\noutput_dir: out\npipeline_interfaces: [count.yaml]\n"
PEP_ONLY = "pep_config: project_config.yaml\n"
COUNT = """
pipeline_name: count
sample_interface:
  command_template: count {sample.sample_name}
"""
NEW_PEP = "pep_version: 2.1.0\nname: demo\nsample_table: samples.csv\n"
OLD_PEP = "metadata:\n  sample_annotation: samples.csv\n"
FILES = {
    ".looper.yaml": LOOPER,
    "project_config.yaml": NEW_PEP,
    "samples.csv": "sample_name,protocol\na,RRBS\nb,WGBS\n",
    "count.yaml": COUNT,
}
OLD_TABLE = (
    "project_config.yaml:2: metadata.sample_annotation: is not read any more; write 'sample_table:"
    " samples.csv' at the top of this file"
)


def case(name: str, files: Mapping[str, str], *messages: str) -> object:
    return pytest.param(files, messages, id=name)


def errors(folder: Path, options: Options | None = None) -> list[str]:
    """The messages of a project that cannot be planned, with paths relative to it."""
    with pytest.raises(ProjectError) as caught:
        plan_project(locate(None, folder), options)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def warnings(folder: Path) -> list[str]:
    plan = plan_project(locate(None, folder))
    return [warning.replace(f"{folder}/", "") for warning in plan.warnings]


# --- PEPs of looper 0.x --------------------------------------------------------------------------

PEPS = [
    case("metadata", {"project_config.yaml": OLD_PEP}, OLD_TABLE),
    case(
        "metadata with all its keys, and a looper config that has none of them",
        {
            ".looper.yaml": PEP_ONLY,
            "project_config.yaml": OLD_PEP + "  sample_subannotation: more.csv\n"
            "  merge_table: null\n  output_dir: results\n  results_subdir: data\n"
            "  submission_subdir: jobs\n  pipeline_interfaces: [a.yaml, $HOME/b.yaml]\n"
            "  compare_table: ours.csv\n",
        },
        OLD_TABLE,
        "project_config.yaml:3: metadata.sample_subannotation: is not read any more; write"
        " 'subsample_table: more.csv' at the top of this file",
        "project_config.yaml:4: metadata.merge_table: is not read any more; remove it",
        "project_config.yaml:5: metadata.output_dir: is not read any more; write 'output_dir:"
        " results' in the looper config",
        "project_config.yaml:6: metadata.results_subdir: is not read any more; write"
        " 'results_subdir: data' in the looper config",
        "project_config.yaml:7: metadata.submission_subdir: is not read any more; write"
        " 'submission_subdir: jobs' in the looper config",
        "project_config.yaml:8: metadata.pipeline_interfaces: is not read any more; write"
        " 'pipeline_interfaces: [a.yaml, $HOME/b.yaml]' in the looper config",
    ),
    case(
        "keys that the looper config has",
        {
            "project_config.yaml": OLD_PEP + "  output_dir: results\npipeline_interfaces: a.yaml\n",
        },
        OLD_TABLE,
        "project_config.yaml:3: metadata.output_dir: is not read any more, and the looper config"
        " has 'output_dir'; remove it",
        "project_config.yaml:4: pipeline_interfaces: is not read any more, and the looper config"
        " has 'pipeline_interfaces'; remove it",
    ),
    case(
        "a folder of pipelines, in a PEP of another folder than the looper config",
        {
            ".looper.yaml": "pep_config: metadata/pep.yaml\n",
            "metadata/pep.yaml": OLD_PEP + "  pipelines_dir: ../pipelines\n  output_dir: ../out\n",
            "pipelines/config/pipeline_interface.yaml": COUNT,
        },
        OLD_TABLE.replace("project_config.yaml", "metadata/pep.yaml"),
        "metadata/pep.yaml:3: metadata.pipelines_dir: is not read any more; write"
        " 'pipeline_interfaces: [pipelines/config/pipeline_interface.yaml]' in the looper config",
        "metadata/pep.yaml:4: metadata.output_dir: is not read any more; write 'output_dir: out' in"
        " the looper config",
    ),
    case(
        "paths, as in looper 0.4",
        {
            ".looper.yaml": PEP_ONLY,
            "project_config.yaml": OLD_PEP + "paths:\n  output_dir: /scratch/demo\n"
            "  pipelines_dir: /opt/pipelines\n",
        },
        OLD_TABLE,
        "project_config.yaml:4: paths.output_dir: is not read any more; write 'output_dir:"
        " /scratch/demo' in the looper config",
        "project_config.yaml:5: paths.pipelines_dir: is not read any more; write"
        " 'pipeline_interfaces: [/opt/pipelines/pipeline_interface.yaml]' in the looper config",
    ),
    case(
        "the table at the top",
        {"project_config.yaml": "sample_annotation: samples.csv\nmerge_table: more.csv\n"},
        "project_config.yaml:1: sample_annotation: is not read any more; write 'sample_table:"
        " samples.csv' at the top of this file",
        "project_config.yaml:2: merge_table: is not read any more; write 'subsample_table:"
        " more.csv' at the top of this file",
    ),
    case(
        "derived columns",
        {
            "project_config.yaml": OLD_PEP + "derived_columns: [read1, read2]\n"
            "data_sources:\n  R1: '/data/{sample_name}.fq'\n"
        },
        OLD_TABLE,
        "project_config.yaml:3: derived_columns: is not read any more; write 'sample_modifiers:"
        " derive: attributes: [read1, read2]'",
        "project_config.yaml:4: data_sources: is not read any more; write 'sample_modifiers:"
        " derive: sources:', with the same lines below it",
    ),
    case(
        "derived attributes",
        {"project_config.yaml": OLD_PEP + "derived_attributes: [read1]\ndata_sources:\n"},
        OLD_TABLE,
        "project_config.yaml:3: derived_attributes: is not read any more; write 'sample_modifiers:"
        " derive: attributes: [read1]'",
        "project_config.yaml:4: data_sources: is not read any more; remove it",
    ),
    case(
        "implied columns and attributes",
        {
            "project_config.yaml": OLD_PEP + "implied_columns:\n  organism:\n    human:\n"
            "      genome: hg38\n      aligner: bwa\nimplied_attributes: {protocol: {PRO: {x: y}}}\n"
        },
        OLD_TABLE,
        "project_config.yaml:3: implied_columns: is not read any more; write 'sample_modifiers:"
        " imply:', a list of items like '- {if: {organism: human}, then: {genome: hg38, aligner:"
        " bwa}}'",
        "project_config.yaml:8: implied_attributes: is not read any more; write 'sample_modifiers:"
        " imply:', a list of items like '- {if: {protocol: PRO}, then: {x: y}}'",
    ),
    case(
        "subprojects, with old keys in them",
        {
            "project_config.yaml": OLD_PEP + "subprojects:\n  other:\n    metadata:\n"
            "      sample_annotation: other.csv\n      output_dir: other\n"
            "    derived_columns: [read1]\n"
        },
        OLD_TABLE,
        "project_config.yaml:3: subprojects: is not read any more; write 'project_modifiers:"
        " amend:', with the same lines below it",
        "project_config.yaml:6: subprojects.other.metadata.sample_annotation: is not read any more;"
        " write 'sample_table: other.csv' in that amendment",
        "project_config.yaml:7: subprojects.other.metadata.output_dir: is not read any more; write"
        " 'looper: output_dir: other' in that amendment",
        "project_config.yaml:8: subprojects.other.derived_columns: is not read any more; write"
        " 'sample_modifiers: derive: attributes: [read1]'",
    ),
    case(
        "constants",
        {"project_config.yaml": OLD_PEP + "constants: {x: 1}\nconstant_attributes: {y: 2}\n"},
        OLD_TABLE,
        "project_config.yaml:3: constants: is not read any more; write 'sample_modifiers: append:',"
        " with the same lines below it",
        "project_config.yaml:4: constant_attributes: is not read any more; write 'sample_modifiers:"
        " append:', with the same lines below it",
    ),
    case(
        "arguments and configs of pipelines",
        {
            "project_config.yaml": OLD_PEP + "pipeline_args:\n  rrbs.py:\n    '--flavor': simple\n"
            "    '--flag': null\n  other.py:\npipeline_config:\n  rrbs.py: null\n"
            "  wgbs.py: flavor.yaml\n"
        },
        OLD_TABLE,
        "project_config.yaml:4: pipeline_args.rrbs.py: is not read any more; write"
        " 'sample_modifiers: append: command_extra: --flavor simple --flag', for every pipeline",
        "project_config.yaml:10: pipeline_config.wgbs.py: is not read any more; write the option and"
        " its value in the 'command_template' of wgbs.py",
    ),
    case(
        "compute settings",
        {
            "project_config.yaml": OLD_PEP + "compute:\n  submission_template: slurm.sub\n"
            "  submission_command: sbatch\n  partition: longq\n"
        },
        OLD_TABLE,
        "project_config.yaml:4: compute.submission_template: is not read any more; write a Snakemake"
        " profile for the cluster, see 'snakemake-looper profile'",
        "project_config.yaml:5: compute.submission_command: is not read any more; write a Snakemake"
        " profile for the cluster, see 'snakemake-looper profile'",
        "project_config.yaml:6: compute.partition: is not read any more; write 'looper: compute:"
        " resources: partition: longq'",
    ),
    case(
        "genomes, trackhubs and a version",
        {
            "project_config.yaml": OLD_PEP + "genomes: {human: hg19}\n"
            "transcriptomes: {human: hg19_cdna}\ntrackhubs: {url: x}\ntrack_configurations: {}\n"
            "pep_format_version: 1.0\nusername: me\n"
        },
        OLD_TABLE,
        "project_config.yaml:3: genomes: is not read any more; write 'sample_modifiers: imply:', a"
        " list of items like '- {if: {organism: human}, then: {genome: hg19}}'",
        "project_config.yaml:4: transcriptomes: is not read any more; write 'sample_modifiers:"
        " imply:', a list of items like '- {if: {organism: human}, then: {transcriptome:"
        " hg19_cdna}}'",
        "project_config.yaml:5: trackhubs: is not read any more; remove it",
        "project_config.yaml:6: track_configurations: is not read any more; remove it",
        "project_config.yaml:7: pep_format_version: is not read any more; write 'pep_version'",
    ),
    case(
        "sections of another form",
        {
            "project_config.yaml": "sample_annotation: samples.csv\nmetadata: [a]\n"
            "implied_columns: [a]\nsubprojects: x\npipeline_args: 3\ncompute: x\n"
        },
        "project_config.yaml:1: sample_annotation: is not read any more; write 'sample_table:"
        " samples.csv' at the top of this file",
        "project_config.yaml:2: metadata: is not read any more; write its keys at the top of the"
        " file ('sample_table', 'subsample_table')",
        "project_config.yaml:3: implied_columns: is not read any more; write 'sample_modifiers:"
        " imply:', a list of 'if:' and 'then:'",
        "project_config.yaml:4: subprojects: is not read any more; write 'project_modifiers:"
        " amend:', with the same lines below it",
        "project_config.yaml:5: pipeline_args: is not read any more; write 'sample_modifiers:"
        " append: command_extra:'",
        "project_config.yaml:6: compute: is not read any more; remove it",
    ),
]


@pytest.mark.parametrize(("files", "messages"), PEPS)
def test_a_pep_of_looper_0(
    tmp_path: Path, files: Mapping[str, str], messages: tuple[str, ...]
) -> None:
    assert errors(write(tmp_path, {**FILES, **files})) == list(messages)


def test_old_keys_beside_new_ones_are_warnings(tmp_path: Path) -> None:
    old = "metadata: {sample_annotation: old.csv}\nderived_columns: [x]\n"
    folder = write(tmp_path, {**FILES, "project_config.yaml": NEW_PEP + old})
    assert warnings(folder) == [
        "project_config.yaml:4: metadata.sample_annotation: is not read any more; write"
        " 'sample_table: old.csv' at the top of this file",
        "project_config.yaml:5: derived_columns: is not read any more; write 'sample_modifiers:"
        " derive: attributes: [x]'",
    ]


def test_old_keys_of_an_amendment(tmp_path: Path) -> None:
    amend = "project_modifiers:\n  amend:\n    other:\n      metadata: {sample_annotation: o.csv}\n"
    folder = write(tmp_path, {**FILES, "project_config.yaml": NEW_PEP + amend})
    assert warnings(folder) == [
        "project_config.yaml:7: project_modifiers.amend.other.metadata.sample_annotation: is not"
        " read any more; write 'sample_table: o.csv' in that amendment"
    ]


def test_sections_of_the_users_own_are_no_old_ones(tmp_path: Path) -> None:
    """In a PEP of today, a template may read them: `{project.paths.output_dir}`."""
    own = "metadata: {title: x}\npaths: {output_dir: x}\ncompute: {partition: x}\n"
    own += "genomes: {human: x}\npipeline_config: {a: b}\nusername: me\n"
    folder = write(tmp_path, {**FILES, "project_config.yaml": NEW_PEP + own})
    assert warnings(folder) == []


def test_faults_of_a_pep_and_of_an_interface_are_said_together(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            **FILES,
            "project_config.yaml": OLD_PEP,
            "count.yaml": "pipelines:\n  a.py: {path: a.py}\n",
        },
    )
    assert [line.partition(": ")[0] for line in errors(folder)] == [
        "project_config.yaml:2", "count.yaml:2", "count.yaml:2",
    ]  # fmt: skip


# --- interfaces of looper 0.x ---------------------------------------------------------------------

INTERFACES = [
    case(
        "protocol_mapping and pipelines",
        {
            "count.yaml": "protocol_mapping:\n  RRBS: rrbs\n  WGBS: wgbs\n  EG: wgbs;(rrbs -f)\n"
            "  BS: wgbs\npipelines:\n  rrbs:\n    name: RRBS\n    path: src/rrbs.py\n"
            "  wgbs:\n    path: src/wgbs.py\n"
        },
        "count.yaml:1: protocol_mapping: is not read any more; write '- {if: {protocol: [RRBS]},"
        " then: {pipeline_interfaces: [RRBS.yaml]}}' and '- {if: {protocol: [WGBS, BS]}, then:"
        " {pipeline_interfaces: [wgbs.yaml]}}' and '- {if: {protocol: [EG]}, then:"
        " {pipeline_interfaces: [wgbs.yaml, RRBS.yaml], command_extra: -f}}' under"
        " 'sample_modifiers: imply:' in the PEP, with the paths from there",
        "count.yaml:7: pipelines.rrbs: is not read any more; write 'sample_interface:"
        " command_template:' in a file of its own, RRBS.yaml",
        "count.yaml:8: pipelines.rrbs.name: is not read any more; write 'pipeline_name: RRBS' at the"
        " top of the file",
        "count.yaml:9: pipelines.rrbs.path: is not read any more; write"
        " '{looper.piface_dir}/src/rrbs.py' in the 'command_template', as its first word",
        "count.yaml:10: pipelines.wgbs: is not read any more; write 'pipeline_name: wgbs' and"
        " 'sample_interface: command_template:' in a file of its own, wgbs.yaml",
        "count.yaml:11: pipelines.wgbs.path: is not read any more; write"
        " '{looper.piface_dir}/src/wgbs.py' in the 'command_template', as its first word",
    ),
    case(
        "arguments",
        {
            "count.yaml": "pipelines:\n  rrbs.py:\n    arguments:\n      '--name': sample_name\n"
            "      '--quiet': null\n      '--yaml': yaml_file\n    optional_arguments:\n"
            "      '--input2': read2\n    looper_args: True\n"
        },
        "count.yaml:2: pipelines.rrbs.py: is not read any more; write 'pipeline_name: rrbs' and"
        " 'sample_interface: command_template:' at the top of this file, with"
        " '{looper.piface_dir}/rrbs.py' as its first word",
        "count.yaml:3: pipelines.rrbs.py.arguments: is not read any more; write '--name"
        " {sample.sample_name} --quiet --yaml {sample.sample_yaml_path}' in the 'command_template',"
        " and 'pre_submit: python_functions: [looper.write_sample_yaml]' in the file",
        "count.yaml:7: pipelines.rrbs.py.optional_arguments: is not read any more; write '{% if"
        " sample.read2 is defined %} --input2 {sample.read2} {% endif %}' in the"
        " 'command_template'",
        "count.yaml:9: pipelines.rrbs.py.looper_args: is not read any more; write '-O"
        " {looper.results_subdir} -P {compute.cores} -M {compute.mem}' in the 'command_template', as"
        " far as the pipeline knows these options",
    ),
    case(
        "input files",
        {
            "count.yaml": "pipelines:\n  rrbs:\n    required_input_files: [read1, read2]\n"
            "    all_input_files: [read1]\n    ngs_input_files: [read1]\n    looper_args: False\n"
        },
        "count.yaml:2: pipelines.rrbs: is not read any more; write 'pipeline_name: rrbs' and"
        " 'sample_interface: command_template:' at the top of this file",
        "count.yaml:3: pipelines.rrbs.required_input_files: is not read any more; write 'tangible:"
        " [read1, read2]' in an input schema, and 'input_schema:' for its path",
        "count.yaml:4: pipelines.rrbs.all_input_files: is not read any more; write 'sizing:"
        " [read1]' in an input schema, and 'input_schema:' for its path",
        "count.yaml:5: pipelines.rrbs.ngs_input_files: is not read any more; write columns"
        " 'read_type' and 'read_length' in the sample table, if the command needs them",
        "count.yaml:6: pipelines.rrbs.looper_args: is not read any more; remove it",
    ),
    case(
        "resources become a size table",
        {
            "count.yaml": "pipelines:\n  rrbs:\n    name: RRBS\n    resources:\n      default:\n"
            "        file_size: '0'\n        cores: '4'\n        mem: '4000'\n"
            "        time: 0-02:00:00\n      high: {file_size: '4', cores: 6, partition: big mem}\n"
            "      medium: {file_size: '0.5', cores: 5, mem: 9}\n"
        },
        "count.yaml:2: pipelines.rrbs: is not read any more; write 'sample_interface:"
        " command_template:' at the top of this file",
        "count.yaml:3: pipelines.rrbs.name: is not read any more; write 'pipeline_name: RRBS' at the"
        " top of the file",
        "count.yaml:4: pipelines.rrbs.resources: is not read any more; write 'compute:"
        " size_dependent_variables: RRBS_resources.tsv', a table in which 'file_size' became"
        r" 'max_file_size', the upper bound: printf '%s\t%s\t%s\t%s\t%s\n' max_file_size cores mem"
        " time partition 0.5 4 4000 0-02:00:00 '' 4 5 9 '' '' NaN 6 '' '' 'big mem' >"
        " RRBS_resources.tsv",
    ),
    case(
        "resources of another form",
        {
            "count.yaml": "pipelines:\n  rrbs: {resources: {default: {file_size: x, cores: 3}}}\n"
            "  wgbs: {resources: [a], arguments: x}\n"
            "  bs: {resources: {default: {file_size: [1]}}}\n"
        },
        "count.yaml:2: pipelines.rrbs: is not read any more; write 'pipeline_name: rrbs' and"
        " 'sample_interface: command_template:' in a file of its own, rrbs.yaml",
        "count.yaml:2: pipelines.rrbs.resources: is not read any more; write 'compute:"
        " size_dependent_variables: rrbs_resources.tsv', a table with 'max_file_size' in GB",
        "count.yaml:3: pipelines.wgbs: is not read any more; write 'pipeline_name: wgbs' and"
        " 'sample_interface: command_template:' in a file of its own, wgbs.yaml",
        "count.yaml:3: pipelines.wgbs.resources: is not read any more; write 'compute:"
        " size_dependent_variables:', a table of largest sizes",
        "count.yaml:3: pipelines.wgbs.arguments: is not read any more; write the arguments in"
        " 'command_template'",
        "count.yaml:4: pipelines.bs: is not read any more; write 'pipeline_name: bs' and"
        " 'sample_interface: command_template:' in a file of its own, bs.yaml",
        "count.yaml:4: pipelines.bs.resources: is not read any more; write 'compute:"
        " size_dependent_variables: bs_resources.tsv', a table with 'max_file_size' in GB",
    ),
    case(
        "schemas, outputs and summaries",
        {
            "count.yaml": "protocol_mapping:\n  '*': rrbs\npipelines:\n  rrbs:\n"
            "    schema: https://example.org/in.yaml\n    command_template: run\n"
            "    compute: {docker_image: x}\n    outputs: {bam: x}\n    summarizers: [a.R]\n"
            "    summary_results: [x]\n    sample_subtypes: ATACSample\n"
            "    required_executables: [bwa]\n    ours: 3\n"
        },
        "count.yaml:1: protocol_mapping: is not read any more; remove it: an interface in the"
        " looper config runs for all samples",
        "count.yaml:4: pipelines.rrbs: is not read any more; write 'pipeline_name: rrbs' and"
        " 'sample_interface: command_template:' at the top of this file",
        "count.yaml:5: pipelines.rrbs.schema: is not read any more; write 'input_schema:"
        " https://example.org/in.yaml' at the top of the file",
        "count.yaml:6: pipelines.rrbs.command_template: is not read any more; write it below"
        " 'sample_interface:'",
        "count.yaml:7: pipelines.rrbs.compute: is not read any more; write 'compute:' at the top of"
        " the file, with the same lines below it",
        "count.yaml:8: pipelines.rrbs.outputs: is not read any more; write 'output_schema:', the"
        " path of a schema with a 'path' for each of these",
        "count.yaml:9: pipelines.rrbs.summarizers: is not read any more; write an interface with"
        " 'project_interface: command_template:' for each",
        "count.yaml:10: pipelines.rrbs.summary_results: is not read any more; write"
        " 'output_schema:', the path of a schema with these results",
        "count.yaml:11: pipelines.rrbs.sample_subtypes: is not read any more; write 'pre_submit:"
        " python_functions:', functions that change the sample",
        "count.yaml:12: pipelines.rrbs.required_executables: is not read any more; write nothing: a"
        " missing program fails the job",
        "count.yaml:13: pipelines.rrbs.ours: is not read any more; write 'ours:' at the top of the"
        " file; templates have it as {pipeline.ours}",
    ),
    case(
        "pipelines at the top, as in looper 0.4",
        {
            "count.yaml": "atac.py:\n  name: ATAC\n  looper_args: False\n"
            "  arguments: {'--input': bam}\n  resources:\n    default: {file_size: '0', cores: 8}\n"
        },
        "count.yaml:1: atac.py: is not read any more; write 'sample_interface: command_template:' at"
        " the top of this file, with '{looper.piface_dir}/atac.py' as its first word",
        "count.yaml:2: atac.py.name: is not read any more; write 'pipeline_name: ATAC' at the top of"
        " the file",
        "count.yaml:3: atac.py.looper_args: is not read any more; remove it",
        "count.yaml:4: atac.py.arguments: is not read any more; write '--input {sample.bam}' in the"
        " 'command_template'",
        "count.yaml:5: atac.py.resources: is not read any more; write 'compute:"
        " size_dependent_variables: ATAC_resources.tsv', a table in which 'file_size' became"
        r" 'max_file_size', the upper bound: printf '%s\t%s\n' max_file_size cores NaN 8 >"
        " ATAC_resources.tsv",
    ),
    case(
        "protocols in a file of their own, as in looper 0.4",
        {"count.yaml": "ATAC: atac.py -f\nCHIP: chip.py\n"},
        "count.yaml:1: ATAC: a file that maps protocols to pipelines is not read any more; write '-"
        " {if: {protocol: [ATAC]}, then: {pipeline_interfaces: [atac.yaml], command_extra: -f}}' and"
        " '- {if: {protocol: [CHIP]}, then: {pipeline_interfaces: [chip.yaml]}}' under"
        " 'sample_modifiers: imply:' in the PEP, with the paths from there",
    ),
    case(
        "sample_pipeline and project_pipeline",
        {
            "count.yaml": "pipeline_name: count\nsample_pipeline:\n  name: COUNT\n  path: a.py\n"
            "  schema: in.yaml\n  command_template: x\n  compute: {mem: 1}\nproject_pipeline:\n"
            "  path: b.R\n  command_template: y\n"
        },
        "count.yaml:2: sample_pipeline: is not read any more; write 'sample_interface:'",
        "count.yaml:3: sample_pipeline.name: is not read any more; write 'pipeline_name: COUNT' at"
        " the top of the file",
        "count.yaml:4: sample_pipeline.path: is not read any more; write 'var_templates: path:"
        ' "{looper.piface_dir}/a.py"\', and {pipeline.var_templates.path} for it',
        "count.yaml:5: sample_pipeline.schema: is not read any more; write 'input_schema: in.yaml'"
        " at the top of the file",
        "count.yaml:7: sample_pipeline.compute: is not read any more; write 'compute:' at the top of"
        " the file",
        "count.yaml:8: project_pipeline: is not read any more; write 'project_interface:' in a file"
        " of its own",
        "count.yaml:9: project_pipeline.path: is not read any more; write 'var_templates: path:"
        ' "{looper.piface_dir}/b.R"\', and {pipeline.var_templates.path} for it',
    ),
    case(
        "one pipeline for some protocols",
        {
            "count.yaml": "protocol_mapping: {RRBS: a.py, EG: a.py}\npipelines: {a.py: {looper_args: no}}"
        },
        "count.yaml:1: protocol_mapping: is not read any more; write '- {if: {protocol: [RRBS, EG]},"
        " then: {pipeline_interfaces: [count.yaml]}}' under 'sample_modifiers: imply:' in the PEP,"
        " with the paths from there, and remove 'count.yaml' from 'pipeline_interfaces' in the"
        " looper config",
        "count.yaml:2: pipelines.a.py: is not read any more; write 'pipeline_name: a' and"
        " 'sample_interface: command_template:' at the top of this file, with"
        " '{looper.piface_dir}/a.py' as its first word",
        "count.yaml:2: pipelines.a.py.looper_args: is not read any more; remove it",
    ),
    case(
        "a pipeline for all other protocols",
        {"count.yaml": "RRBS: a.py\n'*': b.py -f\nEG: b.py -f\n"},
        "count.yaml:1: RRBS: a file that maps protocols to pipelines is not read any more; write"
        " 'append: {pipeline_interfaces: [b.yaml], command_extra: -f}' under 'sample_modifiers:',"
        " and '- {if: {protocol: [RRBS]}, then: {pipeline_interfaces: [a.yaml], command_extra: ''}}'"
        " under 'sample_modifiers: imply:' in the PEP, with the paths from there",
    ),
    case(
        "options for all protocols",
        {"count.yaml": "'*': b.py -f\n"},
        "count.yaml:1: *: a file that maps protocols to pipelines is not read any more; write"
        " 'append: {pipeline_interfaces: [b.yaml], command_extra: -f}' under 'sample_modifiers:' in"
        " the PEP, with the paths from there",
    ),
    case(
        "arguments that are no attributes",
        {
            "count.yaml": "a:\n  arguments: {-c: 3, -d: [x, y, 0.5], -q: true, -r: read-1}\n"
            "  optional_arguments: {-e: 4, -f: [x, read-1]}\n"
        },
        "count.yaml:1: a: is not read any more; write 'pipeline_name: a' and 'sample_interface:"
        " command_template:' at the top of this file",
        "count.yaml:2: a.arguments: is not read any more; write '-c 3 -d {sample.x} {sample.y} 0.5 -q"
        " -r {sample['read-1']}' in the 'command_template'",
        "count.yaml:3: a.optional_arguments: is not read any more; write '-e 4 {% if sample.x is"
        " defined and sample['read-1'] is defined %} -f {sample.x} {sample['read-1']} {% endif %}'"
        " in the 'command_template'",
    ),
    case(
        "sections without content",
        {"count.yaml": "protocol_mapping:\npipelines: [a]\n"},
        "count.yaml:1: protocol_mapping: is not read any more; remove it",
        "count.yaml:2: pipelines: is not read any more; write one file for each pipeline",
    ),
]


@pytest.mark.parametrize(("files", "messages"), INTERFACES)
def test_an_interface_of_looper_0(
    tmp_path: Path, files: Mapping[str, str], messages: tuple[str, ...]
) -> None:
    assert errors(write(tmp_path, {**FILES, **files})) == list(messages)


def test_the_advice_for_protocols_plans(tmp_path: Path) -> None:
    """The values of an implication replace those that all samples get."""
    modifiers = (
        "sample_modifiers:\n  append: {pipeline_interfaces: [count.yaml], command_extra: -f}\n"
        "  imply:\n  - {if: {protocol: [RRBS]}, then: {command_extra: '',"
        " pipeline_interfaces: [other.yaml]}}\n"
    )
    files = {
        ".looper.yaml": "pep_config: project_config.yaml\noutput_dir: out\n",
        "project_config.yaml": NEW_PEP + modifiers,
        "other.yaml": COUNT.replace("pipeline_name: count", "pipeline_name: other"),
    }
    plan = plan_project(locate(None, write(tmp_path, {**FILES, **files})))
    assert plan.warnings == ()
    assert sorted((job.record, job.pipeline, job.command.split()[2:]) for job in plan.jobs) == [
        ("a", "other", []), ("b", "count", ["-f"]),
    ]  # fmt: skip


def test_old_keys_of_an_interface_that_runs_are_warnings(tmp_path: Path) -> None:
    folder = write(tmp_path, {**FILES, "count.yaml": COUNT + "resources: {default: {cores: 1}}\n"})
    assert warnings(folder) == [
        "count.yaml:4: resources: is not read any more; write 'compute: size_dependent_variables:',"
        " a table of largest sizes"
    ]


# --- projects of looper 1.x -----------------------------------------------------------------------

EIDO_SCHEMA = "properties:\n  samples: {type: array}\n  plot: {path: '{sample_name}.png'}\n"


def test_an_interface_of_looper_1_runs_unedited(tmp_path: Path) -> None:
    """Its output schema is one of eido, and nobody would read results."""
    files = {
        "count.yaml": "pipeline_name: count\npipeline_type: sample\npath: count.py\n"
        "output_schema: out.yaml\nsample_yaml_path: '{sample.sample_name}.yaml'\n"
        "bioconductor: {readFunName: read}\n"
        "command_template: '{pipeline.path} {sample.sample_name} {sample.plot}'\n",
        "out.yaml": EIDO_SCHEMA,
        "count.py": "",
    }
    folder = write(tmp_path, {**FILES, **files})
    plan = plan_project(folder / ".looper.yaml")
    assert [job.command.strip() for job in plan.jobs] == [
        f"{folder}/count.py a a.png", f"{folder}/count.py b b.png",
    ]  # fmt: skip
    assert warnings(folder) == [
        "count.yaml:5: sample_yaml_path: is not read any more; write 'var_templates:"
        " sample_yaml_path:'",
        "count.yaml:7: command_template: there is an output_schema, but the command is not told"
        " where to report, and no results are kept; to keep them, add a section 'pipestat:' to the"
        " looper config, and '{pipestat.config_file}' here",
    ]


@pytest.mark.parametrize(
    ("looper", "interface"),
    [
        (LOOPER + "pipestat: {}\n", "pipeline_type: sample\ncommand_template: x\n"),
        (LOOPER, "sample_interface: {command_template: x}\n"),
    ],
)
def test_a_schema_without_a_report_is_refused_elsewhere(
    tmp_path: Path, looper: str, interface: str
) -> None:
    """Where results are kept, and in interfaces of looper 2.x, which refuses them too."""
    files = {".looper.yaml": looper, "out.yaml": EIDO_SCHEMA}
    head = "pipeline_name: count\noutput_schema: out.yaml\n"
    folder = write(tmp_path, {**FILES, **files, "count.yaml": head + interface})
    (said,) = errors(folder)
    assert "the command is not told where to report; add '{pipestat.config_file}' to it" in said


def test_the_looper_section_of_a_pep_of_looper_1(tmp_path: Path) -> None:
    pep = NEW_PEP.replace("2.1", "2.0") + "looper:\n  output_dir: results\n"
    pep += "  pipeline_interfaces: [all.yaml]\nsample_modifiers:\n"
    pep += "  append: {pipeline_interfaces: count.yaml}\n"
    all_of_them = "pipeline_name: all\npipeline_type: project\ncommand_template: all\n"
    files = {".looper.yaml": PEP_ONLY, "project_config.yaml": pep, "all.yaml": all_of_them}
    plan = plan_project(write(tmp_path, {**FILES, **files}) / ".looper.yaml")
    assert [job.command.strip() for job in plan.jobs] == ["count a", "count b", "all"]
    assert plan.out == tmp_path / "results" and plan.warnings == ()


LOOPER_SECTIONS = [
    case(
        "an interface of no file",
        {"project_config.yaml": NEW_PEP + "looper:\n  pipeline_interfaces:\n    - no.yaml\n"},
        "project_config.yaml:6: looper.pipeline_interfaces: 'no.yaml' does not exist (no.yaml);"
        " correct the path, it is relative to this file",
    ),
    case(
        "a section that is no mapping",
        {"project_config.yaml": NEW_PEP + "looper: [a]\n"},
        "project_config.yaml:4: looper: must be a mapping; write 'looper: output_dir: results'",
    ),
    case(
        "variables that are not set",
        {
            "project_config.yaml": NEW_PEP + "looper:\n  output_dir: $NO_SUCH_A/x\n"
            "  results_subdir: $NO_SUCH_B\n  pipeline_interfaces: $NO_SUCH_C/p.yaml\n"
        },
        "project_config.yaml:5: output_dir: the environment variable NO_SUCH_A is not set; set it,"
        " or write the value itself",
        "project_config.yaml:6: results_subdir: the environment variable NO_SUCH_B is not set; set"
        " it, or write the value itself",
        "project_config.yaml:7: looper.pipeline_interfaces: '$NO_SUCH_C/p.yaml': the environment"
        " variable NO_SUCH_C is not set; set it, or write the value itself",
    ),
    case(
        "an interface that a modifier gives to samples",
        {
            "project_config.yaml": NEW_PEP
            + "sample_modifiers:\n  append:\n    pipeline_interfaces: $NO_SUCH_D/p.yaml\n"
        },
        "project_config.yaml:6: pipeline_interfaces: '$NO_SUCH_D/p.yaml': the environment variable"
        " NO_SUCH_D is not set; set it, or write the value itself",
    ),
    case(
        "lines that lost their indentation",
        {
            "project_config.yaml": NEW_PEP + "looper:\noutput_dir: x\nsample_modifiers:\n"
            "append: {a: b}\nproject_modifiers:\nimport: [a]\namend: {x: {}}\n"
        },
        "project_config.yaml:6: sample_modifiers: is empty, since its line stands beside it:"
        " 'append' (line 7); indent by two spaces",
        "project_config.yaml:8: project_modifiers: is empty, since its lines stand beside it:"
        " 'import' (line 9), 'amend' (line 10); indent by two spaces",
        "project_config.yaml:4: looper: is empty, since its line stands beside it: 'output_dir'"
        " (line 5); indent by two spaces",
    ),
]


@pytest.mark.parametrize(("files", "messages"), LOOPER_SECTIONS)
def test_faults_of_sections_of_a_pep(
    tmp_path: Path, files: Mapping[str, str], messages: tuple[str, ...]
) -> None:
    assert errors(write(tmp_path, {**FILES, **files})) == list(messages)
