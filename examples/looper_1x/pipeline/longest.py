"""Report which sample has the most lines: RESULTS_OF_COUNT_LINES PIPESTAT_CONFIG."""

import sys

import pipestat
import yaml

results_file, config = sys.argv[1:]

with open(results_file, encoding="utf-8") as file:
    samples = yaml.safe_load(file)["count_lines"]["sample"]
longest = max(samples, key=lambda name: samples[name]["number_of_lines"])

project = pipestat.PipestatManager.from_config(config, pipeline_type="project")
project.report(values={"longest_file": longest})
print(f"{longest} has the most lines")
