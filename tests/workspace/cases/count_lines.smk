# Made by snakemake-looper from .looper.yaml.
#
# One rule for each pipeline interface and level. What differs from sample to sample (commands,
# inputs, resources) is in the job table, and is looked up by rule and sample.
from snakemake_looper.for_snakefiles import open_project

looper = open_project(workflow)
jobs = looper.jobs


# Leftovers of killed runs are settled, and servers are asked whether they will take results.
onstart:
    looper.begin()


# The rule that assembles results needs all jobs to be done. If only some were run, or one has
# failed, the results that they reported get into the results files here.
onsuccess:
    looper.finish()


onerror:
    looper.finish()


wildcard_constraints:
    sample="[^/]+",


rule all:
    """Run every pipeline and assemble the results."""
    input:
        jobs.flags("count_lines_sample", "count_lines_project"),
        "results/count_lines/results.yaml",
    localrule: True


rule samples:
    """Run the sample-level pipelines."""
    input:
        jobs.flags("count_lines_sample"),
        "results/count_lines/results.yaml",
    localrule: True


rule project:
    """Run the project-level pipelines."""
    input:
        jobs.flags("count_lines_project"),
    localrule: True


rule count_lines:
    """Run pipeline count_lines."""
    input:
        jobs.flags("count_lines_sample", "count_lines_project"),
        "results/count_lines/results.yaml",
    localrule: True


rule pipestat_config_count_lines_sample:
    """Write the merged pipestat config of count_lines, sample level."""
    input:
        content=jobs.config_source("count_lines_sample"),
    output:
        config="results/pipestat_config_count_lines.yaml",
        written=".snakemake/looper/written/e2d7a99b3ffe0392",
    log:
        "results/submission/pipestat_config_count_lines_sample.log",
    priority: 1
    localrule: True
    shell:
        "(cp {input.content:q} {output.config:q}; basename {input.content:q} .yaml > {output.written:q}) 2> {log:q}"


rule pipestat_config_count_lines_project:
    """Write the merged pipestat config of count_lines, project level."""
    input:
        content=jobs.config_source("count_lines_project"),
    output:
        config="results/pipestat_config_count_lines_project.yaml",
        written=".snakemake/looper/written/7e71bfd9e501e2d8",
    log:
        "results/submission/pipestat_config_count_lines_project.log",
    priority: 1
    localrule: True
    shell:
        "(cp {input.content:q} {output.config:q}; basename {input.content:q} .yaml > {output.written:q}) 2> {log:q}"


rule count_lines_sample:
    """Run count_lines for each sample.

    Pipeline interface: pipeline/pipeline_interface.yaml
    Command template:
        python {looper.piface_dir}/count_lines.py {sample.file} {sample.sample_name} {pipestat.results_file} {pipestat.output_schema}
    """
    input:
        files=jobs.inputs("count_lines_sample"),
        pipestat_config=jobs.config("count_lines_sample"),
    output:
        completed="results/flags/count_lines_{sample}_completed.flag",
    log:
        "results/submission/count_lines_{sample}.log",
    wildcard_constraints:
        sample="(?!(?:regions)(?:/|_completed))[^/]+",
    priority: jobs.priority("count_lines_sample")
    threads: 1
    params:
        command=jobs.command("count_lines_sample"),
        pipestat=jobs.config_digest("count_lines_sample"),
    shell:
        "source scripts/job.sh {output.completed:q} {log:q}\n(\n{params.command}\n)\nlooper_end_reached"


rule results_count_lines:
    """Assemble results/count_lines/results.yaml from one file per record."""
    input:
        samples=jobs.flags("count_lines_sample"),
    output:
        results=update("results/count_lines/results.yaml"),
    log:
        "results/submission/results_count_lines.log",
    localrule: True
    params:
        records={"count_lines": "results/count_lines/results_records"},
        schemas={"count_lines": "pipeline/output_schema.yaml"},
    script:
        "../scripts/assemble_results.py"


rule count_lines_project:
    """Run count_lines for the project.

    Pipeline interface: pipeline/pipeline_interface.yaml
    Command template:
        python {looper.piface_dir}/plot_lines.py {pipestat.config_file} {looper.output_dir}/regions.svg
    """
    input:
        samples=jobs.flags("count_lines_sample"),
        results="results/count_lines/results.yaml",
        pipestat_config=jobs.config("count_lines_project"),
    output:
        completed="results/flags/count_lines_regions_completed.flag",
    log:
        "results/submission/count_lines_regions.log",
    threads: 1
    params:
        command=jobs.command("count_lines_project"),
        pipestat=jobs.config_digest("count_lines_project"),
    shell:
        "source scripts/job.sh {output.completed:q} {log:q}\n(\n{params.command}\n)\nlooper_end_reached"


rule table:
    """Write the results of each pipeline as a table, and what is nested as YAML."""
    input:
        jobs.flags("count_lines_sample", "count_lines_project"),
        "results/count_lines/results.yaml",
    output:
        "results/count_lines_stats_summary.tsv",
        "results/count_lines_objs_summary.yaml",
    log:
        "results/submission/table.log",
    localrule: True
    params:
        jobs=jobs.path,
    script:
        "../scripts/write_tables.py"


rule report:
    """Write the results as web pages."""
    input:
        jobs.flags("count_lines_sample", "count_lines_project"),
        "results/count_lines/results.yaml",
    output:
        report(
            directory("results/reports"),
            caption="../report/results.rst",
            category="Results",
            htmlindex="index.html",
        ),
    log:
        "results/submission/report.log",
    localrule: True
    params:
        jobs=jobs.path,
        project="regions",
    script:
        "../scripts/write_report.py"
