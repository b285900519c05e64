# A Snakefile by hand for the benchmark project: the same jobs, commands and flags.
import csv

with open("samples.csv") as table:
    samples = {row["sample_name"]: row for row in csv.DictReader(table)}


rule all:
    input:
        expand("by_hand/flags/trivial_{sample}_completed.flag", sample=samples),
        "by_hand/results.yaml",
    localrule: True


rule config:
    input:
        "trivial.yaml",
    output:
        config="by_hand/pipestat_config.yaml",
    log:
        "by_hand/log/config.log",
    localrule: True
    shell:
        "cp {input} {output}"


rule trivial:
    input:
        file=lambda wildcards: samples[wildcards.sample]["file"],
        config="by_hand/pipestat_config.yaml",
    output:
        completed="by_hand/flags/trivial_{sample}_completed.flag",
    log:
        "by_hand/log/trivial_{sample}.log",
    threads: 1
    params:
        command=lambda wildcards: f"true {wildcards.sample}",
    shell:
        "({params.command}) > {log} 2>&1 && echo completed > {output.completed}"


rule results:
    input:
        expand("by_hand/flags/trivial_{sample}_completed.flag", sample=samples),
    output:
        "by_hand/results.yaml",
    log:
        "by_hand/log/results.log",
    localrule: True
    shell:
        "touch {output}"
