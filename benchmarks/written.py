"""The tables of measured figures: `results.json` keeps them, and Markdown is made from it.

So a part of the benchmarks can be measured anew, and the rest stays with the commit and the load of
the machine that it was measured with.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from budgets import BY_NAME, ROWS, Line
from measuring import Measured

START, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"
HEAD = "| what | must be | is | processor time | ours | theirs |\n|---|---|---|---|---|---|"


def row(line: Line, judged: bool = True) -> str:
    """A measured budget as a row of the table; `judged` says whether it is met."""
    budget = BY_NAME[line.name]
    met = " **missed**" if judged and not budget.is_met(line.value) else ""
    processor = "" if line.processor is None else f"{line.processor:.2f} {budget.unit}"
    ours, theirs = ("" if s is None else f"{s:.2f} s" for s in (line.ours, line.theirs))
    return (
        f"| {budget.what} | {budget.must_be} | {line.value:.2f} {budget.unit}{met}"
        f" | {processor} | {ours} | {theirs} |"
    )


def table(lines: Iterable[Line]) -> str:
    return "\n".join([HEAD, *map(row, lines)])


def scale_table(scale: Mapping[int, Mapping[str, Measured]]) -> str:
    """The cost of each command per 1,000 samples, a column for each number of samples."""
    columns = sorted(scale)
    lines = [
        "| s per 1,000 samples (processor time), memory | "
        + " | ".join(f"{n:,}" for n in columns)
        + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for what in dict.fromkeys(what for column in columns for what in scale[column]):
        cells = [_cell(scale[n].get(what), n) for n in columns]
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(found: Measured | None, samples: int) -> str:
    if found is None:
        return ""
    wall, cpu = (1000 * seconds / samples for seconds in (found.wall, found.cpu))
    return f"{wall:.3f} s ({cpu:.3f}), {1000 * found.memory:.0f} MB"


class Figures:
    """All figures that were measured, also by earlier calls."""

    def __init__(self, path: Path) -> None:
        self._path = path
        data: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        self.rows: dict[str, dict[str, Any]] = data.get("rows", {})
        self._scale: dict[str, dict[str, dict[str, float]]] = data.get("scale", {})

    def add(self, lines: Iterable[Line], repository: Path) -> None:
        where = {"commit": _commit(repository), "load": round(os.getloadavg()[1], 1)}
        self.rows |= {line.name: {**dataclasses.asdict(line), **where} for line in lines}

    def add_scale(self, samples: int, found: Mapping[str, Measured]) -> None:
        self._scale[str(samples)] = {k: dataclasses.asdict(one) for k, one in found.items()}

    def lines(self) -> list[Line]:
        """The lines in the order of the budgets."""
        names = [field.name for field in dataclasses.fields(Line)]
        found = [self.rows[one.name] for one in ROWS if one.name in self.rows]
        return [Line(**{name: one[name] for name in names}) for one in found]

    def scale(self) -> dict[int, dict[str, Measured]]:
        return {
            int(n): {what: Measured(**one) for what, one in found.items()}
            for n, found in self._scale.items()
        }

    def write(self, readme: Path) -> None:
        """Write the figures, the page beside them, and the README's table."""
        text = json.dumps({"rows": self.rows, "scale": self._scale}, indent=1)
        self._path.write_text(text + "\n")
        self._path.with_suffix(".md").write_text(self._page())
        before, _, rest = readme.read_text().partition(START)
        _, _, after = rest.partition(END)
        readme.write_text(f"{before}{START}\n{table(self.lines())}\n{END}{after}")

    def _page(self) -> str:
        parts = ["# Results", table(self.lines())]
        if self._scale:
            parts += ["## One sample's cost at each size", scale_table(self.scale())]
        raw = [
            f"- `{one.name}` (commit {self.rows[one.name]['commit']},"
            f" load {self.rows[one.name]['load']}): {one.rounds}"
            for one in self.lines()
            if one.rounds
        ]
        parts += ["## Raw figures", "Seconds, ours/theirs, of each pair.", "\n".join(raw)]
        return "\n\n".join(parts) + "\n"


def _commit(repository: Path) -> str:
    """The commit that is measured; `-dirty` if code has changed since. Tables are no code."""
    git = ("git", "-C", str(repository))
    others = (".", ":!README.md", ":!benchmarks/results.*")
    try:
        name = subprocess.run(
            (*git, "rev-parse", "--short", "HEAD"), capture_output=True, text=True
        )
        changed = subprocess.run((*git, "diff", "--quiet", "HEAD", "--", *others)).returncode
    except OSError:
        return ""
    return name.stdout.strip() + ("-dirty" if name.stdout and changed else "")
