"""The samples of a new project: names out of tables and out of the names of files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.projects import write

from snakemake_looper.create.samples import (
    Samples,
    from_files,
    from_input,
    from_table,
    without_mate,
)
from snakemake_looper.errors import Problems


def said(problems: Problems) -> list[str]:
    return [str(one) for one in problems]


def of_files(folder: Path, *names: str, patterns: Sequence[str] = ("**/*",)) -> str:
    """The table for files of these names."""
    write(folder, dict.fromkeys(names, "x"))
    problems = Problems()
    here = os.getcwd()
    os.chdir(folder)
    try:
        samples = from_files(patterns, folder, problems)
    finally:
        os.chdir(here)
    assert said(problems) == []
    return samples.files["samples.csv"]


def test_a_sample_for_each_file(tmp_path: Path) -> None:
    table = of_files(tmp_path, "data/a.txt", "data/b.x.txt")
    assert table == "sample_name,file\na,data/a.txt\nb.x,data/b.x.txt\n"


def test_the_suffix_of_a_compressed_file_is_no_part_of_a_name(tmp_path: Path) -> None:
    assert of_files(tmp_path, "a.fastq.gz") == "sample_name,file\na,a.fastq.gz\n"


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ("a_R1.fq", "a_R2.fq", "a"),
        ("a_1.fastq.gz", "a_2.fastq.gz", "a"),
        ("a_S1_L001_R1_001.fastq.gz", "a_S1_L001_R2_001.fastq.gz", "a_S1_L001"),
        ("a.R1.fq", "a.R2.fq", "a"),
    ],
)
def test_pairs_of_reads(tmp_path: Path, first: str, second: str, name: str) -> None:
    table = of_files(tmp_path, first, second)
    assert table == f"sample_name,read1,read2\n{name},{first},{second}\n"


def test_a_read_without_its_mate_is_a_sample_of_its_own(tmp_path: Path) -> None:
    table = of_files(tmp_path, "a_1.fq", "a_2.fq", "b_1.fq")
    assert table == "sample_name,file\na_1,a_1.fq\na_2,a_2.fq\nb_1,b_1.fq\n"


@pytest.mark.parametrize(
    ("names", "alone"),
    [
        (["a_1.fq", "a_2.fq", "b_1.fq"], "b_1.fq"),
        (["a_R1_001.fq.gz", "a_R2_001.fq.gz", "d.fq.gz"], "d.fq.gz"),
        (["a_1.fq", "a_2.fq"], ""),
        (["frog_1.txt", "toad_1.txt", "newt.txt"], ""),
    ],
)
def test_the_file_that_breaks_the_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str], alone: str
) -> None:
    write(tmp_path, dict.fromkeys(names, "x"))
    monkeypatch.chdir(tmp_path)
    assert without_mate(from_files(["*"], tmp_path, Problems())) == alone


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    table = of_files(tmp_path, "day1/x.txt", "day2/x.txt")
    assert table == "sample_name,file\nday1_x,day1/x.txt\nday2_x,day2/x.txt\n"


def test_pairs_in_several_folders(tmp_path: Path) -> None:
    table = of_files(tmp_path, "p/x_1.fq", "p/x_2.fq", "q/x_1.fq", "q/x_2.fq")
    assert table.splitlines()[1:] == ["p_x,p/x_1.fq,p/x_2.fq", "q_x,q/x_1.fq,q/x_2.fq"]


def test_names_that_a_shell_would_split(tmp_path: Path) -> None:
    assert of_files(tmp_path, "my $file (1).txt").splitlines()[1] == ("my_file_1,my $file (1).txt")


def test_a_pattern_that_matches_nothing(tmp_path: Path) -> None:
    problems = Problems()
    from_files([f"{tmp_path}/*.fq"], tmp_path, problems)
    assert said(problems) == [f"--files: '{tmp_path}/*.fq' matches no file; correct it"]


# --- tables --------------------------------------------------------------------------------------


def of_table(folder: Path, text: str, column: str | None = None) -> tuple[Samples, list[str]]:
    problems = Problems()
    table = folder / "samples.csv"
    table.write_text(text)
    samples = from_table(table, folder, column, problems)
    return samples, [one.replace(f"{folder}/", "") for one in said(problems)]


@pytest.mark.parametrize(
    ("head", "column"),
    [
        ("x,sample_name", "sample_name"),
        ("x,Sample", "Sample"),
        ("x,Sample ID", "Sample ID"),
        ("x,SampleName", "SampleName"),
        ("x,y", "y"),
    ],
)
def test_the_column_with_the_names_is_guessed(tmp_path: Path, head: str, column: str) -> None:
    samples, problems = of_table(tmp_path, f"{head}\n1,a\n1,b\n")
    assert (samples.name_column, problems) == (column, [])


@pytest.mark.parametrize("text", ["x.y,n\n1.y,2\n", "sample_name,7\na,8\n", "x,fastq.R1\na,b.fq\n"])
def test_odd_names_of_columns(tmp_path: Path, text: str) -> None:
    """A column that is called like a file, beside no other sign; the name column is sure."""
    column = "x.y" if text.startswith("x.y") else None
    assert of_table(tmp_path, text, column)[1] == []


def test_a_byte_order_mark_is_no_part_of_a_column(tmp_path: Path) -> None:
    samples, _ = of_table(tmp_path, "\ufeffsample_name,x\na,1\n")
    assert samples.columns == ("sample_name", "x")


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", None, "samples.csv: has no samples; write a line with the columns, and one per sample"),
        ("a;b\n1;2\n", None,
         "samples.csv:1: the cells are separated by semicolons; write commas instead"),
        ("a,b\n", None, "samples.csv: has no samples; write a line with the columns, and one per sample"),
        ("a,b\n1,2\n1,2\n", None,
         "samples.csv:1: no column has another value in each row; add one with the names of the"
         " samples"),
        ("smaple,b\n1,2\n", "sample",
         "--name-column: 'sample' is no column of samples.csv (did you mean 'smaple'?); there are"
         " smaple, b"),
        ("a,x/a.fq\nb,x/b.fq\n", None,
         "samples.csv:1: 'x/a.fq' is a value and no name of a column; write a line with the columns"
         " above it"),
        ("a,7\nb,8.5\n", None,
         "samples.csv:1: '7' is a value and no name of a column; write a line with the columns above"
         " it"),
    ],
)  # fmt: skip
def test_tables_without_names(tmp_path: Path, text: str, column: str, message: str) -> None:
    assert of_table(tmp_path, text, column)[1] == [message]


def test_columns_with_paths_of_files(tmp_path: Path) -> None:
    write(tmp_path, {"a.gz": "", "b.gz": ""})
    samples, _ = of_table(tmp_path, "sample_name,reads,word\na,a.gz,x\nb,b.gz,y\n")
    assert (samples.file_columns, samples.compressed) == (("reads",), True)


def test_a_table_from_standard_input_is_kept(tmp_path: Path) -> None:
    problems = Problems()
    samples = from_input(b"sample_name\tx\na\t1", tmp_path, None, problems)
    assert dict(samples.files) == {"samples.tsv": "sample_name\tx\na\t1\n"}
    assert samples.columns == ("sample_name", "x") and not problems


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "standard input: is not UTF-8; convert it, as with 'iconv -t UTF-8'"),
        (b'a,b\n"' + b"x" * 200_000, "standard input: is not a table of text; save it as 'CSV UTF-8'"),
    ],
)  # fmt: skip
def test_input_that_is_no_table(tmp_path: Path, content: bytes, message: str) -> None:
    problems = Problems()
    from_input(content, tmp_path, None, problems)
    assert said(problems) == [message]


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    problems = Problems()
    from_table(tmp_path, tmp_path, None, problems)
    assert said(problems) == [
        f"{tmp_path}: is a folder; to make a sample of each file, write --files '{tmp_path}/*'"
    ]
