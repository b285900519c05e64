# Snakemake's start and `xargs -P2`: the commands of the benchmark project as lines of a file.


rule all:
    input:
        "by_hand/commands.done",
    localrule: True


rule commands:
    input:
        "commands.txt",
    output:
        "by_hand/commands.done",
    log:
        "by_hand/log/commands.log",
    threads: 2
    shell:
        r"""
        xargs -P2 -d '\n' -n 1 bash -c <{input} >{log} 2>&1
        touch {output}
        """
