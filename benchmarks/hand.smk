# A Snakefile by hand for the benchmark project: the same jobs, commands, logs and flags.
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
        "cp {input} {output} 2> {log}"


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
        """
        flag=by_hand/flags/trivial_{wildcards.sample}
        if [ -e ${{flag}}_failed.flag ]; then rm ${{flag}}_failed.flag; fi
        echo running >${{flag}}_running.flag
        if ({params.command}) >{log} 2>&1; then
            echo completed >${{flag}}_running.flag
            mv ${{flag}}_running.flag {output.completed}
        else
            echo failed >${{flag}}_running.flag
            mv ${{flag}}_running.flag ${{flag}}_failed.flag
            exit 1
        fi
        """


rule results:
    input:
        expand("by_hand/flags/trivial_{sample}_completed.flag", sample=samples),
    output:
        "by_hand/results.yaml",
    log:
        "by_hand/log/results.log",
    localrule: True
    shell:
        "touch {output} 2> {log}"
