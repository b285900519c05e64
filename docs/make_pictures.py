"""Make the pictures of the docs from one real run: run.svg, end.svg and report.png.

    pip install -e '.[docs]' && python docs/make_pictures.py

The run has 40 records, one of which fails. It writes to a terminal emulator, from which the live
view in the middle of the run and the summary at its end are drawn. A browser (chromium) draws the
first page of the report.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

import pyte
from rich.console import Console
from rich.text import Text

HERE = Path(__file__).resolve().parent
COLUMNS, LINES = 100, 24
RUN = "snakemake --use-looper-config --cores 6"

FILES = {
    ".looper.yaml": """\
pep_config: samples.csv
output_dir: results
pipeline_interfaces: [align.yaml, count.yaml]
pipestat: {project_name: frogs, results_file_path: results.yaml}
""",
    "align.yaml": """\
pipeline_name: align
sample_interface:
  command_template: sleep {sample.seconds}
""",
    "count.yaml": """\
pipeline_name: count
output_schema: schema.yaml
snakemake: {depends_on: align}
sample_interface:
  command_template: |
    echo "reading {sample.sample_name}"; sleep {sample.seconds}
    test {sample.sample_name} != frog_07 || { echo "frog_07: no reads left after trimming" >&2; exit 3; }
    python report.py {pipestat.config_file} {sample.sample_name} {sample.reads}
""",
    "schema.yaml": """\
title: Counts
description: Counts of reads
type: object
properties:
  pipeline_name: count
  samples:
    type: array
    items:
      type: object
      properties:
        reads: {type: integer, description: Number of reads}
        mapped: {type: number, description: Share of reads that map}
""",
    "report.py": """\
import sys, pipestat
config, record, reads = sys.argv[1:]
values = {"reads": int(reads), "mapped": round(0.9 + int(reads) % 97 / 1000, 3)}
pipestat.PipestatManager.from_config(config).report(record_identifier=record, values=values)
""",
    "samples.csv": "sample_name,seconds,reads\n"
    + "".join(f"frog_{n:02},{1 + n % 3},{1_000_000 + n * 37_411}\n" for n in range(1, 21)),
}


class Terminal:
    """A command in a terminal of fixed size."""

    def __init__(self, command: str, folder: Path) -> None:
        self.screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self.screen)
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = {**os.environ, "PATH": path, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self._process = subprocess.Popen(
            command, shell=True, cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self._output = ours

    def follow(self, until: str = "") -> None:
        """Read until a text is on the screen, or until the command ends."""
        while not until or not any(until in line for line in self.screen.display):
            try:
                self._stream.feed(os.read(self._output, 65536))
            except OSError:  # the other end is closed
                self._process.wait()
                return

    def draw(self, command: str, file: Path) -> None:
        """Draw the screen, without empty lines at its end."""
        console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="truecolor")
        console.print(Text(f"$ {command}", "bold green"))
        rows = [self._line(number) for number in range(LINES)]
        while rows and not rows[-1].plain.strip():
            rows.pop()
        for row in rows:
            console.print(row, no_wrap=True, overflow="crop")
        console.save_svg(str(file), title="frogs")

    def _line(self, number: int) -> Text:
        line = Text()
        for column in range(COLUMNS):
            char = self.screen.buffer[number][column]
            names = [name for name in ("bold", "italics") if getattr(char, name)]
            colour = {"default": "", "brown": "yellow"}.get(char.fg, char.fg)
            if len(colour) == 6 and all(one in "0123456789abcdef" for one in colour):
                colour = f"#{colour}"
            line.append(char.data, " ".join([*names, _rich(colour)]).replace("italics", "italic"))
        line.rstrip()
        return line


def _rich(colour: str) -> str:
    """A colour's name in rich."""
    return colour.replace("bright", "bright_") if colour.startswith("bright") else colour


def main() -> None:
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base) / "frogs"
        folder.mkdir()
        for name, text in FILES.items():
            (folder / name).write_text(text)
        terminal = Terminal(RUN, folder)
        terminal.follow(until="✗")
        terminal.draw(RUN, HERE / "run.svg")
        terminal.follow()
        terminal.draw(RUN, HERE / "end.svg")
        browser = shutil.which("chromium") or shutil.which("google-chrome")
        if browser is None:
            sys.exit("report.png was not made: there is no chromium")
        subprocess.run(
            [Path(sys.executable).parent / "snakemake-looper", "report"], cwd=folder, check=True
        )
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1280,520",
             f"--screenshot={HERE / 'report.png'}", folder / "results/reports/index.html"],
            check=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
