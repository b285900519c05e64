"""The projects that are measured: trivial jobs, and what runs of them leave."""

from __future__ import annotations

import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
SMALLER = {10: 4, 1_000: 12, 10_000: 20, 100_000: 30, 50: 5, 100: 10, 500: 20}
"""The numbers of samples, and of samples in a lump, in a quick run."""
FLAGS, LOGS = "results/flags", "results/submission"
RECORDS, RESULTS = "results/trivial/results_records", "results/trivial/results.yaml"
_FILES = {
    ".looper.yaml": "pep_config: pep.yaml\noutput_dir: results\npipeline_interfaces: [trivial.yaml]\n"
    "pipestat:\n  project_name: bench\n  results_file_path: results.yaml\n  flag_file_dir: results/flags\n",
    "pep.yaml": "pep_version: 2.1.0\nname: bench\nsample_table: samples.csv\n",
    "trivial.yaml": "pipeline_name: trivial\ninput_schema: in.yaml\noutput_schema: out.yaml\n"
    "pipestat_config_required: false\n"
    "sample_interface:\n  command_template: true {sample.sample_name}\n",
    "in.yaml": "properties:\n  samples:\n    type: array\n    items:\n      type: object\n"
    "      properties:\n        file: {type: string}\n      required: [file]\n      tangible: [file]\n",
    "out.yaml": "pipeline_name: trivial\nsamples:\n  n: {type: integer, description: n}\n",
}  # fmt: skip


def names_of(samples: int) -> list[str]:
    return [f"s{number:05d}" for number in range(samples)]


def project(folder: Path, samples: int) -> Path:
    """Write a project of trivial jobs, with pipestat and an input schema."""
    names = names_of(samples)
    _data(folder, names)
    for name, text in _FILES.items():
        (folder / name).write_text(text)
    rows = (f"{name},data/{name}.txt\n" for name in names)
    (folder / "samples.csv").write_text("sample_name,file\n" + "".join(rows))
    (folder / "commands.txt").write_text("".join(f"true {name}\n" for name in names))
    for path in HERE.glob("*.smk"):
        shutil.copy(path, folder)
    return folder


def _data(folder: Path, names: list[str]) -> None:
    (folder / "data").mkdir(parents=True)
    for name in names:
        (folder / f"data/{name}.txt").write_text("x\n")


def completed(folder: Path, samples: int, failed: bool = False) -> Path:
    """Write the flags of a run; with `failed`, every second job has failed, and has a log."""
    shutil.rmtree(folder / "results", ignore_errors=True)
    for name in (FLAGS, LOGS):
        (folder / name).mkdir(parents=True)
    for number, name in enumerate(names_of(samples)):
        status = "failed" if failed and number % 2 else "completed"
        (folder / FLAGS / f"trivial_{name}_{status}.flag").write_text(status)
        if status == "failed":
            log = folder / LOGS / f"trivial_{name}.log"
            log.write_text("a word\nthe command exited with 3\n")
    return folder


def reported(folder: Path, samples: int) -> Path:
    """Write the flags, and a record file for each sample, as pipestat writes it."""
    completed(folder, samples)
    (folder / RECORDS).mkdir(parents=True)
    time = "'2026-11-26 12:00:00'"
    for number, name in enumerate(names_of(samples)):
        (folder / RECORDS / f"{name}.yaml").write_text(
            f"trivial:\n  project: {{}}\n  sample:\n    {name}:\n      meta:\n"
            f"        pipestat_modified_time: {time}\n        pipestat_created_time: {time}\n"
            f"        history: {{}}\n      n: {number}\n"
        )
    return folder


def rich_and_plain(base: Path, samples: int) -> tuple[Path, Path]:
    """Write two projects of the same samples; the first has everything that planning looks at."""
    rich, plain = base / "rich", base / "plain"
    if base.exists():
        return rich, plain
    names = names_of(samples)
    _data(base, names)
    common = {
        ".looper.yaml": "pep_config: pep.yaml\noutput_dir: results\npipeline_interfaces: [p.yaml]\n",
        "pep.yaml": "pep_version: 2.1.0\nname: bench\nsample_table: samples.csv\n",
        "p.yaml": "pipeline_name: p\nsample_interface:\n"
        "  command_template: run {sample.file} {sample.kind} {sample.genome}\n",
    }
    for folder in (rich, plain):
        folder.mkdir()
        (folder / "data").symlink_to("../data")
        for name, text in common.items():
            (folder / name).write_text(text)
    rows = "".join(f"{name},data/{name}.txt,x,hg38\n" for name in names)
    (plain / "samples.csv").write_text(f"sample_name,file,kind,genome\n{rows}")
    rows = "".join(f"{name},place,x\n" for name in names)
    (rich / "samples.csv").write_text(f"sample_name,file,kind\n{rows}")
    (rich / "in.yaml").write_text(_FILES["in.yaml"])
    with (rich / "pep.yaml").open("a") as file:
        file.write(
            "sample_modifiers:\n  append: {genome: hg38}\n"
            "  derive: {attributes: [file], sources: {place: 'data/{sample_name}.txt'}}\n"
        )
    with (rich / "p.yaml").open("a") as file:
        file.write("input_schema: in.yaml\ncompute: {size_dependent_variables: sizes.tsv}\n")
    (rich / "sizes.tsv").write_text(
        "max_file_size\tcores\tmem\ttime\n"
        + "".join(f"{gb}\t{gb}\t{gb}G\t1:00:00\n" for gb in (1, 2, 4, 8))
        + "NaN\t16\t64G\t8:00:00\n"
    )
    return rich, plain
