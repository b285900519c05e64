"""Size tables: as spreadsheets save them, and each fault at its row and column."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.projects import TOUCH

from snakemake_looper import ProjectError
from snakemake_looper.errors import Place, Problems
from snakemake_looper.model import SizeRow
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.interfaces.size_table import size_table

HEAD = "max_file_size\tmem\tcores\n"
READ = [(math.inf, {"max_file_size": "NaN", "mem": "4G", "cores": 2})]
NAMED = Place("touch.yaml", 6)


def read(folder: Path, content: str | bytes) -> tuple[tuple[SizeRow, ...], list[str], list[str]]:
    """The rows of a table, the problems, and the warnings."""
    path, problems = folder / "s.tsv", Problems()
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    rows = size_table(path, NAMED, problems)
    shown = [str(one).replace(f"{folder}/", "") for one in problems]
    return rows, shown, [one.replace(f"{folder}/", "") for one in problems.warnings]


@pytest.mark.parametrize(
    "content",
    [
        HEAD + "NaN\t4G\t2\n",
        "\ufeff" + HEAD + "NaN\t4G\t2\n",
        ("\ufeff" + HEAD + "NaN\t4G\t2\n").encode("utf-16-le"),
        ("\ufeff" + HEAD + "NaN\t4G\t2\n").encode("utf-16-be"),
        HEAD.replace("\n", "\r\n") + "NaN\t4G\t2\r\n",
        HEAD.replace("\n", "\r") + "NaN\t4G\t2\r",
        " max_file_size \tmem \t cores\n NaN\t 4G \t2",
        "\n" + HEAD + "\n\t\t\nNaN\t4G\t2\n\n",
        HEAD.replace("\n", "\t\t\n") + "NaN\t4G\t2\t\t\n",
        'max_file_size\t"mem"\tcores\nNaN\t"4G"\t2\n',
    ],
)
def test_tables_as_they_come(tmp_path: Path, content: str | bytes) -> None:
    rows, problems, warnings = read(tmp_path, content)
    assert [(row.max_gb, dict(row.values)) for row in rows] == READ
    assert (problems, warnings) == ([], [])


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        ("max_file_size,mem\nNaN,4G\n", ["s.tsv:1: the columns are separated by commas; separate them by tabs, in all lines"]),
        ("max_file_size;mem\nNaN;4G\n", ["s.tsv:1: the columns are separated by semicolons; separate them by tabs, in all lines"]),
        ("mem  max_file_size\n4G NaN\n", ["s.tsv:1: the columns are separated by spaces; separate them by tabs, in all lines"]),
        ("max_size\tmem\nNaN\t4G\n", ["s.tsv:1: max_file_size: there is no such column (did you mean 'max_size'?), but 'max_size', 'mem'; rename or add one, in GB"]),
        ("mem\tcores\n1\t2\n", ["s.tsv:1: max_file_size: there is no such column, but 'mem', 'cores'; rename or add one, in GB"]),
        ("max_file_size\tmem\tmem\n1\t2\t3\n", ["s.tsv:1: mem: is the name of two columns; rename or remove one"]),
        ("", ["s.tsv:1: is empty; write 'max_file_size' and other columns"]),
        ("\n\t\n", ["s.tsv:1: is empty; write 'max_file_size' and other columns"]),
        (HEAD, ["s.tsv:1: has no row; add one, with NaN as max_file_size for any size"]),
        (HEAD.encode() + b"5\t4G\tgr\xf6\n", ["s.tsv:2: is not UTF-8 text; save the table as UTF-8"]),
        (HEAD + "5\t4G\t2\t7\n", ["s.tsv:2: has 4 cells for 3 columns: '7' has no column; separate cells by one tab, or name the column"]),
        (HEAD.replace("mem", "") + "5\t4G\t2\n", ["s.tsv:2: has 3 cells for 3 columns: '4G' has no column; separate cells by one tab, or name the column"]),
        (HEAD + '"5\t4G\t2\n', ["s.tsv:2: a quotation mark begins a cell that goes on over the next ones; remove it"]),
        (HEAD + "x" * 140_000, ["s.tsv: has a cell that is too long or has a line break; write cells with tabs between them"]),
        (
            HEAD + "1\t1\t1\nbig\t1\t1\n5 GB\t1\t1\n0,5\t1\t1\n\n-3\t1\t1\n",
            [
                "s.tsv:3: max_file_size: 'big' is no size; write a number of GB, or NaN for any size",
                "s.tsv:4: max_file_size: '5 GB' is no size (did you mean '5'?); write a number of GB, or NaN for any size",
                "s.tsv:5: max_file_size: '0,5' is no size (did you mean '0.5'?); write a number of GB, or NaN for any size",
                "s.tsv:7: max_file_size: '-3' is no size; write a number of GB, or NaN for any size",
            ],
        ),
    ],
)  # fmt: skip
def test_faults(tmp_path: Path, content: str | bytes, messages: list[str]) -> None:
    _, problems, warnings = read(tmp_path, content)
    assert (problems, warnings) == (messages, [])


def test_rows_that_are_odd(tmp_path: Path) -> None:
    rows, problems, warnings = read(tmp_path, HEAD + "5\t4G\n1\t1\t1\n5\t2\t2\nNaN\t3\t3\n\t4\t4\n")
    assert problems == []
    assert [row.values["mem"] for row in rows] == [1, "4G", 2, 3, 4]
    assert rows[1].values["cores"] == ""
    assert warnings == [
        "s.tsv:2: has 2 cells for 3 columns; 'cores' counts as empty",
        "s.tsv:4: max_file_size: line 2 is for 5 GB too, so this one is not used; remove one",
        "s.tsv:6: max_file_size: line 5 is for any size too, so this one is not used; remove one",
    ]


def test_a_table_that_is_no_file(tmp_path: Path) -> None:
    for path, what in (
        (tmp_path, f"'{tmp_path}' is a folder or the like; write the path of a table"),
        (tmp_path / "no.tsv", f"'{tmp_path}/no.tsv' does not exist; correct the path"),
        (
            tmp_path / "$NO_SUCH_X/s.tsv",
            f"'{tmp_path}/$NO_SUCH_X/s.tsv': the environment variable NO_SUCH_X is not set; set"
            " it, or write the value itself",
        ),
    ):
        problems = Problems()
        assert size_table(path, NAMED, problems) == ()
        assert [str(one) for one in problems] == [
            f"touch.yaml:6: compute.size_dependent_variables: {what}"
        ]


INTERFACE = """
    pipeline_name: touch
    input_schema: schema.yaml
    sample_interface:
      command_template: run {compute.mem}
    compute:
      size_dependent_variables: s.tsv
      cores: 1
    """


def said(made: Callable[..., Path], table: str, **more: Any) -> list[str]:
    folder = made({**TOUCH, "touch.yaml": INTERFACE, "s.tsv": table, **more})
    with pytest.raises(ProjectError) as caught:
        plan_project(folder / ".looper.yaml")
    return [str(one).replace(f"{folder}/", "") for one in caught.value.problems]


def test_cells_that_no_sample_needs_now(project: Callable[..., Path]) -> None:
    """The cell of a static key's column does not count: the key wins."""
    assert said(project, HEAD + "1\t4 apples\tmany\nNaN\t4G\tmany\n") == [
        "s.tsv:2: mem: '4 apples' is no amount of memory; write MB as in 8000, or 8G"
    ]


def test_no_row_is_large_enough(project: Callable[..., Path]) -> None:
    """The mend is written in the table."""
    assert said(project, HEAD + "0.000001\t1\t1\n", **{"b.txt": "b" * 2000}) == [
        "s.tsv:2: max_file_size: no row of the size table is for inputs of 1.86e-06 GB; add one"
        " whose max_file_size is NaN (for b)"
    ]


def test_a_table_that_cannot_be_read_is_one_problem(project: Callable[..., Path]) -> None:
    (one,) = said(project, "max_file_size,mem\nNaN,4G\n")
    assert one.startswith("s.tsv:1: the columns are separated by commas")
