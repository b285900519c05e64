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
        jobs.flags("count_letters_sample"),
    localrule: True


rule samples:
    """Run the sample-level pipelines."""
    input:
        jobs.flags("count_letters_sample"),
    localrule: True


rule count_letters:
    """Run pipeline count_letters."""
    input:
        jobs.flags("count_letters_sample"),
    localrule: True


rule count_letters_sample:
    """Run count_letters for each sample.

    Pipeline interface: pipeline/pipeline_interface.yaml
    Command template:
        sh {looper.piface_dir}/count_letters.sh {sample.file} {pipeline.var_templates.counts} {% if sample.letters == "capitals" %} --capitals {% endif %}
    """
    output:
        completed="results/results_pipeline/{sample}/count_letters_{sample}_completed.flag",
    log:
        "results/submission/count_letters_{sample}.log",
    priority: jobs.priority("count_letters_sample")
    threads: 1
    resources:
        mem_mb=100,
    params:
        command=jobs.command("count_letters_sample"),
    shell:
        "source scripts/job.sh {output.completed:q} {log:q}\n(\n{params.command}\n)\nlooper_end_reached"


rule report:
    """Write the results as web pages."""
    input:
        jobs.flags("count_letters_sample"),
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
        project="no_pipestat",
    script:
        "../scripts/write_report.py"
