"""The project whose runs `kill.py` attacks: a few samples and a project level."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

# Each command is one that nobody else may run at the same time: `flock` exits with 1 if somebody
# does, and with another code if it was itself killed. The command notes first that it has begun,
# and says last that it is done; in between it can be killed.
_FILES = {
    ".looper.yaml": """
pep_config: project.yaml
output_dir: results
pipeline_interfaces: [kill.yaml]
pipestat: {results_file_path: results.yaml, flag_file_dir: results/flags}
""",
    "project.yaml": "pep_version: 2.1.0\nname: all\nsample_table: samples.csv\n",
    "kill.yaml": """
pipeline_name: kill
output_schema: schema.yaml
pipestat_config_required: false
sample_interface:
  command_template: >
    exec 8> locks/{sample.sample_name}; flock --nonblock 8 ||
    (test $? != 1 || echo {sample.sample_name} >> violations; exit 9);
    rm -f done/{sample.sample_name}; echo >> begun/{sample.sample_name}; mkdir -p results/kill/results_records;
    printf 'kill:\\n  project:\\n  sample:\\n    {sample.sample_name}:\\n      n: 1\\n'
    > {pipestat.results_file};
    for i in 1 2 3 4 5; do sleep 0.0{sample.tenth}; done; touch done/{sample.sample_name}
project_interface:
  command_template: >
    exec 8> locks/all; flock --nonblock 8 ||
    (test $? != 1 || echo all >> violations; exit 9);
    rm -f done/all; echo >> begun/all; sleep 0.1; touch done/all
""",
    "schema.yaml": "pipeline_name: kill\nsamples:\n  n: {type: integer, description: n}\n",
}
_FLAGS = "results/flags"


@dataclass(frozen=True)
class Project:
    """One project of a round, and how its samples are run."""

    folder: Path
    samples: tuple[str, ...]
    lump: int = 0
    """The number of samples in a lump; 0 without lumps."""
    threads: int = 0
    """The cores of a lump: as many samples in it run at once. 0: as many as one sample has."""

    @property
    def records(self) -> tuple[str, ...]:
        return (*self.samples, "all")

    @property
    def options(self) -> tuple[str, ...]:
        """The words of Snakemake's command line that say how the samples are run."""
        threads = (f"lump_threads={self.threads}",) if self.threads else ()
        return ("--config", f"lump_n={self.lump}", *threads) if self.lump else ()

    def write(self) -> None:
        self.folder.mkdir()
        for name, text in _FILES.items():
            (self.folder / name).write_text(text)
        rows = (f"{sample},{2 + number % 4}\n" for number, sample in enumerate(self.samples))
        (self.folder / "samples.csv").write_text("sample_name,tenth\n" + "".join(rows))
        for name in ("locks", "begun", "done"):
            (self.folder / name).mkdir()

    def flags(self) -> list[str]:
        """The names of all flags, without `kill_` and `.flag`."""
        folder = self.folder / _FLAGS
        names = os.listdir(folder) if folder.is_dir() else []
        return sorted(name.removeprefix("kill_").removesuffix(".flag") for name in names)

    def has_completed(self, record: str) -> bool:
        return os.path.exists(self.folder / _FLAGS / f"kill_{record}_completed.flag")

    def statuses_in_flags(self) -> set[str]:
        return {path.read_text() for path in (self.folder / _FLAGS).iterdir()}

    def is_done(self, record: str) -> bool:
        return (self.folder / "done" / record).exists()

    def begun(self) -> dict[str, int]:
        """How often the command of each record has begun."""
        return {path.name: len(path.read_bytes()) for path in (self.folder / "begun").iterdir()}
