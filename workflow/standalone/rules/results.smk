# Results files, which are assembled from one file for each sample.
import runpy
import sys

import yaml


def read_sources(path):
    """What each results file is assembled from, by the name of the rule."""
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(in_folders(file.read(), FOLDERS))


SOURCES = read_sources("config/results.yaml")


def all_samples(results):
    """By pipeline, the samples that report into a results file.

    It depends on `output`, so Snakemake does not compare it: the flags of the samples are inputs.
    """
    return lambda wildcards, output: {
        pipeline: [sample for rule in source["rules"] for sample in samples(rule)]
        for pipeline, source in SOURCES[results]["pipelines"].items()
    }


def assemble_reported():
    """Bring the results files up to date after a run that failed: some jobs have reported."""
    script = runpy.run_path(f"{workflow.basedir}/scripts/assemble_results.py")
    for source in SOURCES.values():
        for line in script["assemble"](**source):
            print(line, file=sys.stderr)
