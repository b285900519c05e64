"""Names that templates of looper 0.x and 1.x and of submission have, with the text to write here."""

from __future__ import annotations

from collections.abc import Mapping

OLDER_VARIABLES: Mapping[str, str] = {
    "looper.output_folder": "{looper.results_subdir} (or {looper.output_dir}, its parent)",
    "looper.results_folder": "{looper.results_subdir}",
    "looper.results_dir": "{looper.results_subdir}",
    "looper.submission_folder": "{looper.submission_subdir}",
    "looper.submission_dir": "{looper.submission_subdir}",
    "looper.outdir": "{looper.output_dir}",
    "looper.sample_output_dir": "{looper.sample_output_folder}",
    "looper.sample_folder": "{looper.sample_output_folder}",
    "looper.config": "{looper.pep_config}",
    "looper.pipeline_config": "{looper.piface_dir} and the name of the file",
    "looper.pipeline_interface": "{looper.piface_dir} and the name of the file",
    "looper.size": "{looper.total_input_size}",
    "looper.input_size": "{looper.total_input_size}",
    "looper.logfile": "{looper.log_file}",
    "looper.jobname": "{looper.job_name}",
    "looper.command": "the command itself: this template makes it",
    "project.metadata": "{project.looper.…} for options, or {looper.output_dir} for the folder",
    "project.output_dir": "{looper.output_dir}",
    "project.outdir": "{looper.output_dir}",
    "project.paths": "{looper.output_dir}, or a variable under 'var_templates:'",
    "sample.paths": "{looper.sample_output_folder}",
    "sample.input_file_size": "{looper.total_input_size}",
    "sample.results_subdir": "{looper.results_subdir}",
    "pipeline.name": "{pipeline.pipeline_name}",
    "pipestat.results_file_path": "{pipestat.results_file}",
    "pipestat.schema_path": "{pipestat.output_schema}",
    "pipestat.config_path": "{pipestat.config_file}",
    "pipestat.sample_name": "{pipestat.record_identifier}",
}
"""Variables of looper 0.x and 1.x, and frequent slips; each with today's variable."""
SUBMISSION_WORDS: Mapping[str, str] = {
    "CODE": "the command itself: this template makes it",
    "JOBNAME": "{looper.job_name}",
    "LOGFILE": "{looper.log_file}",
    "CORES": "{compute.cores}",
    "MEM": "{compute.mem}",
    "TIME": "{compute.time}",
    "PARTITION": "{compute.partition}",
}
"""Words of submission templates, which command templates do not have."""
