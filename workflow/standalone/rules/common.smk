# The table of jobs, and the functions with which the rules look up their jobs in it.
import csv
import os
import shlex

from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

validate(config, "../schemas/config.schema.yaml")

# Folders of this workflow, as Snakemake has them; commands get absolute paths.
FOLDERS = {
    "<results>": os.path.normpath(config["output_dir"]),
    "<resources>": os.path.normpath(config["data_dir"]),
    "<pipelines>": "workflow/pipelines",
}
ABSOLUTE = {name: os.path.abspath(folder) for name, folder in FOLDERS.items()}


def check_quotes(command, place):
    """Refuse a command that would break at a blank in the path of a folder."""
    for name, folder in ABSOLUTE.items():
        if name in command and shlex.quote(folder) != folder:
            try:
                odd, plain = (
                    shlex.split(command.replace(name, one)) for one in ("a b", "ab")
                )
            except ValueError:
                continue  # quotes that only a shell understands
            if len(odd) != len(plain):
                raise WorkflowError(
                    f"{place}: {name} is not in quotes, and '{folder}' has blanks or signs that a"
                    " shell would take apart; move this workflow, or add quotes"
                )


def read_jobs(path):
    """The rows of the table by rule and sample. A job of the whole project has no sample."""
    csv.field_size_limit(2**31 - 1)
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", restval=""))
    jobs = {}
    for number, row in enumerate(rows, start=1):
        if not row.get("rule") or not row.get("command") or row.get("sample") is None:
            raise WorkflowError(f"{path}: row {number} lacks a rule, sample or command")
        if None in row:
            raise WorkflowError(
                f"{path}: row {number} has more cells than the first line"
            )
        check_quotes(row["command"], f"{path}: row {number}")
        key = row["rule"], row["sample"]
        if key in jobs:
            raise WorkflowError(f"{path}: two rows for {key[0]} and sample '{key[1]}'")
        jobs[key] = row
    return jobs


JOBS = read_jobs(config["jobs"])
KNOWN = []  # the rules that jobs can have
OF_SAMPLES = set()  # those with a job for each sample


def check_rules():
    """Refuse rows that nothing would run, and a missing row.

    Each rule of jobs asks for its command as `listed`, and the targets for its `samples`. So it is
    known which ones there are when the whole Snakefile is read.
    """
    for number, (name, sample) in enumerate(JOBS, start=1):
        if name not in KNOWN:
            fault = f"no rule is called '{name}'; write one of {', '.join(KNOWN)}"
        elif name in OF_SAMPLES and (not sample or "/" in sample):
            fault = f"'{sample}' cannot be the name of a sample; write another"
        elif name not in OF_SAMPLES and sample:
            fault = f"{name} runs for the whole project; leave the sample empty"
        else:
            continue
        raise WorkflowError(f"{config['jobs']}: row {number}: {fault}")
    for name in KNOWN:
        if name not in OF_SAMPLES and (name, "") not in JOBS:
            raise WorkflowError(
                f"{config['jobs']}: no row for {name}; add it, or remove its rule"
            )


def samples(rule):
    """The samples that have a job of this name, in the order of the table."""
    OF_SAMPLES.add(rule)
    return [sample for name, sample in JOBS if name == rule]


def row_of(rule, wildcards):
    """The row of a job."""
    sample = wildcards.get("sample", "")
    if (rule, sample) not in JOBS:
        raise WorkflowError(f"{config['jobs']}: no row for {rule}, sample '{sample}'")
    return JOBS[rule, sample]


def in_folders(text, folders):
    """A text with folders in the place of their names."""
    for name, folder in folders.items():
        text = text.replace(name, folder)
    return text


def inputs(rule):
    """The input files of a job. In the table, they are relative to the folder of commands."""

    def paths(wildcards):
        for path in shlex.split(row_of(rule, wildcards).get("inputs") or ""):
            if path[0] not in "</":
                path = f"<resources>/{path}"
            yield os.path.normpath(in_folders(path, FOLDERS))

    return lambda wildcards: list(paths(wildcards))


def of_sample(rule, flag):
    """The flag of another job of the same sample, if the sample has such a job."""
    return lambda wildcards: (
        [in_folders(flag.replace("{sample}", wildcards.sample), FOLDERS)]
        if (rule, wildcards.sample) in JOBS
        else []
    )


def listed(rule):
    """A command as it stands in the table. If it changes there, the job runs again."""
    KNOWN.append(rule)

    def text(wildcards):
        row = row_of(rule, wildcards)
        return "\n".join([*filter(None, [row.get("environment")]), row["command"]])

    return text


def ready(rule):
    """A command as the shell runs it: in its folder, with its environment and absolute paths.

    It depends on `output`, so Snakemake does not compare it: nothing runs again if this workflow
    is moved.
    """

    def text(wildcards, output):
        row = row_of(rule, wildcards)
        lines = [f"cd {shlex.quote(ABSOLUTE['<resources>'])}"]
        variables = shlex.split(row.get("environment") or "")
        if variables:
            variables = [in_folders(one, ABSOLUTE) for one in variables]
            lines.append(f"export {shlex.join(variables)}")
        return "\n".join([*lines, in_folders(row["command"], ABSOLUTE)])

    return text


def value(rule, column):
    """A number or text of a job, for its threads and resources."""

    def found(wildcards):
        text = row_of(rule, wildcards)[column]
        return int(text) if text.isdigit() and not column.startswith("slurm_") else text

    return found


def image(rule):
    """The container image of a job; None if it has none."""
    return lambda wildcards: filled(row_of(rule, wildcards)["container"]) or None


def by_attempt(rule, column):
    """A resource that grows with each try: the table has an expression of `attempt`."""

    def found(wildcards, attempt):
        return eval(row_of(rule, wildcards)[column], {"attempt": attempt})

    return found


def filled(path):
    """A path with the folder in the place of its name, for params: Snakemake has no names there."""
    return in_folders(path, FOLDERS)
