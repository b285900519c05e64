"""Make run.svg: run examples/count_lines, and draw the terminal with its output."""

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

HERE = Path(__file__).resolve().parent
COMMANDS = [
    "snakemake --use-looper-config --cores 2 --quiet progress rules host",
    "snakemake-looper check --itemized",
    "ls results results/flags",
]


def main() -> None:
    console = Console(record=True, width=104, file=io.StringIO())
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base) / "count_lines"
        shutil.copytree(
            HERE.parent / "examples/count_lines",
            folder,
            ignore=shutil.ignore_patterns("results", ".snakemake"),
        )
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        for command in COMMANDS:
            done = subprocess.run(
                command,
                shell=True,
                cwd=folder,
                env={**os.environ, "PATH": path},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=True,
            )
            console.print(Text(f"$ {command}", "bold green"))
            console.print(Text(done.stdout.replace(base, "~").rstrip() + "\n"))
    console.save_svg(str(HERE / "run.svg"), title="examples/count_lines")


if __name__ == "__main__":
    main()
