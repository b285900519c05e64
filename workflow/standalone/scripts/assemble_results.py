"""Assemble a results file of pipestat from one file for each sample.

pipestat writes a whole results file anew with each report. Two jobs that report at the same time
would lose results, so each job has a file of its own. Results of the project, which are in the
assembled file already, stay in it.
"""

import copy
import os
import sys
from pathlib import Path

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def assemble(file, pipelines, completed=None):
    """Lay the results of all samples over a results file; it is replaced in one step.

    Args:
        file: the results file.
        pipelines: for each pipeline, the folder of its samples' files as `records`, and the
            `types` of results that are numbers or truth values.
        completed: by pipeline, the samples of all jobs, if these are completed. A sample without
            a report leaves the file. Without it, an unchanged file is not written.

    Returns:
        A line for each file that cannot be used.
    """
    results = read(Path(file)) if os.path.exists(file) else {}
    before = copy.deepcopy(results)
    faults = []
    for pipeline, source in pipelines.items():
        reported = {}
        for path in sorted(Path(source["records"]).glob("*.yaml")):
            try:
                reported[path.stem] = report_in(path, pipeline)
            except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
                faults.append(f"{path}: left out: {' '.join(str(error).split())}")
        for name in (completed or {}).get(pipeline, ()):
            if name not in reported:
                ((results.get(pipeline) or {}).get("sample") or {}).pop(name, None)
        for levels in filter(None, reported.values()):
            lay_over(results, pipeline, levels, source["types"])
    if results != before or completed is not None:
        write(Path(file), results)
    return faults


def report_in(path, pipeline):
    """What one sample's file holds of a pipeline: its levels, their records, results."""
    levels = read(path).get(pipeline) or {} if path.is_file() else {}
    records = levels.values() if isinstance(levels, dict) else [levels]
    values = [one for each in records if isinstance(each, dict) for one in each.values()]
    if not all(isinstance(one, dict | None) for one in (levels, *records, *values)):
        raise ValueError("is no results file")
    return levels


def lay_over(results, pipeline, levels, types):
    """Put the results of one sample's file in the place of earlier ones."""
    if not results.get(pipeline):
        results[pipeline] = {"project": {}, "sample": {}}
    own = results[pipeline]
    for level, records in levels.items():
        target = own[level] = own.get(level) or {}
        for name, values in (records or {}).items():
            target[str(name)] = {
                key: as_declared(one, types.get(key)) for key, one in (values or {}).items()
            }


def as_declared(value, kind):
    """Text as the number that the output schema declares: pipestat's command line stores text."""
    if not isinstance(value, str):
        return value
    try:
        if kind == "integer":
            return int(value)
        if kind == "number":
            return float(value) if any(one in value for one in ".eEnN") else int(value)
    except ValueError:
        return value
    if kind == "boolean" and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


def read(path):
    """A results file as data: pipelines, their levels, records, results."""
    data = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER) or {}
    if not isinstance(data, dict):
        raise ValueError("is no results file")
    return data


def write(path, results):
    """Replace a results file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    text = yaml.dump(results, Dumper=DUMPER, sort_keys=False, allow_unicode=True)
    new.write_text(text if results else "", encoding="utf-8")
    os.replace(new, path)


if "snakemake" in globals():
    lines = assemble(**snakemake.params.source, completed=snakemake.params.completed)  # noqa: F821
    Path(snakemake.log[0]).write_text("".join(f"{line}\n" for line in lines))  # noqa: F821
    print("".join(f"{line}\n" for line in lines), end="", file=sys.stderr)
