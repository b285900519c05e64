"""Reading PEPs in tests: small files in, the samples and the messages out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from snakemake_looper import Options
from snakemake_looper.errors import Problems
from snakemake_looper.model import Pep
from snakemake_looper.read.looper_config import LooperConfig, read_looper_config
from snakemake_looper.read.peps.pep import read_pep

from .projects import write

FILES = {
    ".looper.yaml": "pep_config: project.yaml\noutput_dir: out\npipeline_interfaces: []\n",
    "project.yaml": "pep_version: 2.1.0\nname: demo\nsample_table: samples.csv\n",
    "samples.csv": "sample_name,file\nb,b.txt\na,a.txt\n",
}


def read(
    folder: Path, files: Mapping[str, str], **options: Any
) -> tuple[Pep | None, Problems, LooperConfig]:
    write(folder, {**FILES, **files})
    problems = Problems()
    config = read_looper_config(folder / ".looper.yaml", Options(**options), problems)
    assert config is not None
    return read_pep(config, problems), problems, config


def sound(folder: Path, files: Mapping[str, str], **options: Any) -> Pep:
    pep, problems, _ = read(folder, files, **options)
    assert pep is not None and not problems, list(problems)
    return pep


def messages(folder: Path, files: Mapping[str, str], **options: Any) -> list[str]:
    _, problems, _ = read(folder, files, **options)
    return [str(problem).replace(f"{folder}/", "") for problem in problems]


def warnings(folder: Path, files: Mapping[str, str], **options: Any) -> list[str]:
    """The warnings of a PEP that can be read."""
    pep, problems, _ = read(folder, files, **options)
    assert pep is not None and not problems, list(problems)
    return [warning.replace(f"{folder}/", "") for warning in problems.warnings]
