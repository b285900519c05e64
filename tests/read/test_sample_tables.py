"""Sample tables as they come: from spreadsheets, other countries, editors and other people."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import pytest
from support.peps import FILES, messages, read, sound, warnings

from snakemake_looper.read.peps.pep import row_of
from snakemake_looper.read.peps.peppy_project import PeppyError, PeppyProject
from snakemake_looper.read.peps.table_text import rows_of_names
from snakemake_looper.read.peps.tables import read_table

CSV_UTF_8 = "save it as UTF-8 (in Excel, as 'CSV UTF-8')"
SUBSAMPLES = {"project.yaml": FILES["project.yaml"] + "subsample_table: more.csv\n"}


def said(folder: Path, content: str | bytes, name: str = "t.csv", index: str = "sample_name") -> list[str]:  # fmt: skip
    """What is said of a table: faults, then oddities."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    table = read_table(path, index, remedy=", or choose another")
    return [str(one).replace(f"{folder}/", "") for one in (*table.faults, *table.oddities)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_nothing_is_said_of_a_table_that_is_read_as_it_looks(
    tmp_path: Path, encoding: str, ends: str
) -> None:
    rows = ["sample_name,x,", "", "a,é,", '"b","1, 2",', "   ", "c,NA,", ""]
    assert said(tmp_path, ends.join(rows).encode(encoding)) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("sample_name,x\na,été\n".encode("utf-16"), f"t.csv: is UTF-16 text; {CSV_UTF_8}", id="UTF-16"),
        pytest.param("sample_name,x\na,b\n".encode("utf-16-le"), f"t.csv: is UTF-16 text; {CSV_UTF_8}", id="UTF-16 without a mark"),
        pytest.param("sample_name,x\na,b\n".encode("utf-32"), f"t.csv: is UTF-32 text; {CSV_UTF_8}", id="UTF-32"),
        pytest.param("sample_name,x\na,1\nb,été\n".encode("latin-1"), f"t.csv:3: is not UTF-8 text (it seems to be Latin-1: 'é…'); {CSV_UTF_8}", id="Latin-1"),
        pytest.param(b"PK\x03\x04\x14\x00\xff", "t.csv: is a workbook; save it as CSV, or rename it to t.xlsx", id="a workbook"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\r", "t.csv: is no text; save the table as CSV", id="a picture"),
        pytest.param("<!DOCTYPE html>\n", "t.csv:1: is a web page and no table; save the table itself", id="a web page"),
        pytest.param("sep=,\nsample_name,x\n", "t.csv:1: is a line for Excel only; remove it", id="sep="),
        pytest.param("# samples\nsample_name,x\n", "t.csv:1: a table has no comments; remove the line", id="a comment"),
        pytest.param("\n \n", "t.csv: is empty; write a line with the names of the columns ('sample_name'), and a row for each sample", id="empty"),
    ],
)  # fmt: skip
def test_files_that_are_no_table(tmp_path: Path, content: str | bytes, message: str) -> None:
    assert said(tmp_path, content) == [message]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "sample_name;x\na;1,5\n", "t.csv:1: sample_name: the cells are separated by semicolons; write commas instead"),
        ("t.csv", "sample_name\tx\na\t1\n", "t.csv:1: sample_name: the cells are separated by tabs; write commas instead, or rename the file to t.tsv"),
        ("t.tsv", "sample_name,x\na,1\n", "t.tsv:1: sample_name: the cells are separated by commas; write tabs instead, or rename the file to t.csv"),
        ("t.tsv", "sample_name  x\na  1\n", "t.tsv:1: sample_name: the cells are separated by spaces; write tabs instead"),
        ("t.csv", "\nSample,x\na,1\n", "t.csv:2: sample_name: there is no column 'sample_name', there are Sample, x (did you mean 'Sample'?); rename the column of the samples' names, or choose another"),
        ("t.csv", "id,,x\n", "t.csv:1: sample_name: there is no column 'sample_name', there are id, '', x; rename the column of the samples' names, or choose another"),
        ("t.csv", "sample_name|x\na|1\n", "t.csv:1: sample_name: the cells are separated by '|'; write commas instead"),
        ("t.tsv", "sample_name : x\na : 1\n", "t.tsv:1: sample_name: the cells are separated by ':'; write tabs instead"),
        ("t.csv", '"sample_name,x"\n"a,1"\n', "t.csv:1: sample_name: each line is in quotes as a whole, and is one cell; remove these quotes"),
        ("t.csv", "\u200bsample_name,x\na,1\n", "t.csv:1: sample_name: there is no column 'sample_name': its name has an invisible character (U+200B); remove it"),
        ("t.csv", "x, sample_name\n1,a\n", "t.csv:1: sample_name: there is no column 'sample_name': its name has white space around it; remove that"),
    ],
)  # fmt: skip
def test_heads_without_the_samples_names(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    assert said(tmp_path, content, name) == [message]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("sample_name,d,x\na,lung, adult,f\nb,c,d\n", "t.csv:2: the row has 4 cells for 3 columns, and the last of them are ignored; put a cell that has a comma in quotes", id="too many cells in the first row"),
        pytest.param("sample_name,x\nb,c\na,1,2\n", "t.csv:3: the row has 3 cells for 2 columns; put a cell that has a comma in quotes", id="too many cells in another row"),
        pytest.param("sample_name,d,x\na,1\nb\nc,1,2\n", "t.csv:2: the row has 2 cells for 3 columns, and the others are taken as empty; write all cells of the row (also line 3)", id="too few cells"),
        pytest.param("sample_name,x\na,1\n,\n,\n", "t.csv:3: all cells of the row are empty, and it is ignored; remove it (also line 4)", id="empty rows"),
        pytest.param("sample_name,x\na,1\nsample_name,x\nb,1\n", "t.csv:3: the row has the names of the columns once more; remove it", id="two tables in one file"),
        pytest.param("sample_name,x,x\na,1,2\n", "t.csv:1: x: the name of 2 columns, and this one is read as 'x.1'; rename it", id="columns of one name"),
        pytest.param("sample_name,,x\na,1,2\n", "t.csv:1: column 2 has no name, and is read as 'Unnamed: 1'; write a name", id="a column without a name"),
        pytest.param("sample_name, x\na,1\n", "t.csv:1: x: the name ' x' has white space around it; remove that", id="white space in the head"),
        pytest.param("sample_name,_x\na,1\n", "t.csv:1: _x: a column whose name begins with '_' is no attribute of samples; rename it", id="a private column"),
        pytest.param("sample_name,x\na,$NO_SUCH/f\nb,${NO_SUCH}/g\nc,$5 and/or\n", "t.csv:2: x: the environment variable NO_SUCH is not set; set it, or write the value itself (also line 3)", id="a variable that is not set"),
    ],
)  # fmt: skip
def test_rows_and_columns_that_are_read_otherwise(
    tmp_path: Path, content: str, message: str
) -> None:
    assert said(tmp_path, content) == [message]


def test_each_kind_is_said_once_in_a_long_table(tmp_path: Path) -> None:
    (message,) = said(tmp_path, "sample_name,x\n" + "".join(f"s{n}\n" for n in range(5000)))
    assert message.endswith("write all cells of the row (also lines 3, 4, 5 and 4996 more)")


def test_a_row_is_named_by_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('sample_name,x\n\na,"1\n2\n3"\n b/c ,2\n')
    places = rows_of_names(path, "sample_name", ["a", "b/c", "gone"])
    assert {name: place.line for name, place in places.items()} == {"a": 3, "b/c": 6, "gone": 0}


@pytest.mark.parametrize("row", [0, 1])
def test_pandas_agrees_about_rows_with_too_many_cells(tmp_path: Path, row: int) -> None:
    """Such a first row is read without its last cells; such a later one is refused."""
    rows = ["b,liver,b.fq", "c,skin,c.fq"]
    rows[row] = "a,lung, adult,a.fq"
    files = {"samples.csv": "\n".join(["sample_name,desc,file", *rows, ""])}
    pep, problems, _ = read(tmp_path, files)
    if row == 0:
        assert pep and not problems and len(problems.warnings) == 1
        assert pep.samples[0].attributes["file"] == " adult"
    else:
        assert messages(tmp_path, files) == [
            "samples.csv:3: the row has 4 cells for 3 columns; put a cell that has a comma in quotes"
        ]


def test_pandas_agrees_about_the_names_of_columns(tmp_path: Path) -> None:
    pep, _, _ = read(tmp_path, {"samples.csv": "sample_name,,x,x\na,1,2,3\n"})
    assert pep and dict(pep.samples[0].attributes) == {
        "sample_name": "a", "Unnamed: 1": "1", "x": "2", "x.1": "3",
    }  # fmt: skip


def test_cells_stay_the_text_that_they_are(tmp_path: Path) -> None:
    cells = ["007", "1e5", "NA", "nan", "None", "12345678901234567890", "2024-01-02", "True", "1.0"]
    rows = "".join(f"s{n},{cell}\n" for n, cell in enumerate(cells))
    pep = sound(tmp_path, {"samples.csv": f"sample_name,x\n{rows}"})
    assert [sample.attributes["x"] for sample in pep.samples] == cells


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"samples.csv": "sample_name,x\na,1\n,2\n"}, ["samples.csv:3: sample_name: is empty; write a name, or remove the row"], id="a blank name"),
        pytest.param({"samples.csv": 'sample_name,x\na,"1\nb,2\n'}, ["samples.csv:2: a quote in this row is not closed; close it, or write two for a quote itself"], id="an open quote"),
        pytest.param({"samples.csv": "name;x\n"}, ["samples.csv:1: sample_name: the cells are separated by semicolons; write commas instead"], id="a head only, with a fault"),
        pytest.param({"project.yaml": FILES["project.yaml"].replace(".csv", ".CSV"), "samples.CSV": FILES["samples.csv"]}, ["project.yaml:3: sample_table: 'samples.CSV' is no kind of table that is read here; rename it to 'samples.csv'"], id="capitals"),
        pytest.param({"project.yaml": FILES["project.yaml"].replace("samples.csv", "samples.txt"), "samples.txt": "x"}, ["project.yaml:3: sample_table: 'samples.txt' is no kind of table that is read here; save it as .csv or .tsv"], id="another kind"),
        pytest.param({"project.yaml": FILES["project.yaml"].replace("samples", "$NO_SUCH/samples")}, ["project.yaml:3: sample_table: '$NO_SUCH/samples.csv': the environment variable NO_SUCH is not set; set it, or write the value itself"], id="a variable in the path"),
        pytest.param({"project.yaml": FILES["project.yaml"].replace("samples.csv", "[a.csv, b.csv]")}, ["project.yaml:3: sample_table: must be the path of one table, not a list; put all rows into one table"], id="a list of sample tables"),
        pytest.param({"project.yaml": FILES["project.yaml"] + "sample_table_index: idd\n", "samples.csv": "id,x\na,1\n"}, ["samples.csv:1: idd: there is no column 'idd', there are id, x (did you mean 'id'?); rename the column of the samples' names, or correct sample_table_index (project.yaml:4)"], id="an index of no column"),
        pytest.param({**SUBSAMPLES, "samples.csv": "sample_name,x\na,1\nb,2\na,3\n", "more.csv": "sample_name,y\na,1\n"}, ["samples.csv:4: sample_name: 'a' is the name of line 2 too, and there is a subsample_table; move the values of one of them there"], id="two ways to merge"),
        pytest.param({"project.yaml": FILES["project.yaml"] + "subsample_table:\n  - more.csv\n  - 3\n  - gone.tsv\n", "more.csv": "sample,y\n"}, ["more.csv:1: sample_name: there is no column 'sample_name', there are sample, y (did you mean 'sample'?); rename the column of the samples' names", "project.yaml:6: subsample_table: '3' is not a path; write the path of a table", "project.yaml:7: subsample_table: 'gone.tsv' does not exist; correct the path, it is relative to this file"], id="subsample tables"),
    ],
)  # fmt: skip
def test_errors(tmp_path: Path, files: Mapping[str, str], expected: list[str]) -> None:
    assert messages(tmp_path, files) == expected


def test_a_table_in_the_place_of_a_pep(tmp_path: Path) -> None:
    looper = FILES[".looper.yaml"].replace("project.yaml", "samples.csv")
    assert messages(tmp_path, {".looper.yaml": looper, "samples.csv": "id,x\na,1\n"}) == [
        "samples.csv:1: sample_name: there is no column 'sample_name', there are id, x; rename the"
        " column of the samples' names"
    ]
    for name, message in (
        ("pep", "pep: is neither a PEP (.yaml) nor a table (.csv, .tsv); rename it"),
        ("s.xlsx", "s.xlsx: is no PEP by itself; save it as .csv, or write a PEP with 'sample_table: s.xlsx'"),
        ("s.CSV", "s.CSV: 's.CSV' is no kind of table that is read here; rename it to 's.csv'"),
    ):  # fmt: skip
        looper = FILES[".looper.yaml"].replace("project.yaml", name)
        assert messages(tmp_path, {".looper.yaml": looper, name: FILES["samples.csv"]}) == [message]


def test_rows_of_one_name_in_a_table_without_a_pep(tmp_path: Path) -> None:
    looper = FILES[".looper.yaml"].replace("project.yaml", "samples.csv")
    files = {".looper.yaml": looper, "samples.csv": "sample_name,x\na,1\na,2\n"}
    assert warnings(tmp_path, files) == [
        "samples.csv:3: sample_name: 'a' is the name of line 2 too: the rows are merged into one"
        " sample, with lists where they differ; rename one if they are two samples"
    ]


def test_rows_of_one_name_are_said_once(tmp_path: Path) -> None:
    table = "sample_name,x,y\n" + "".join(f"s{n // 3},{n},same\n" for n in range(9))
    assert warnings(tmp_path, {"samples.csv": table}) == [
        "samples.csv:3: sample_name: 's0' is the name of line 2 too: the rows are merged into one"
        " sample, with lists where they differ; rename one if they are two samples (also line 4)"
        " (2 more names like this)"
    ]
    pep = sound(tmp_path, {"samples.csv": table})
    assert [(one.name, one.attributes["x"], one.attributes["y"]) for one in pep.samples] == [
        ("s0", ["0", "1", "2"], "same"),
        ("s1", ["3", "4", "5"], "same"),
        ("s2", ["6", "7", "8"], "same"),
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("a,1\n\ufeffb,2\n", ["3: sample_name: the name 'b' has an invisible character (U+FEFF); remove it"]),
        ("a\u200b,1\nb\u2060,2\n", ["2: sample_name: the name 'a' has an invisible character (U+200B); remove it (also line 3)"]),
        ("a,1\n\ufeffsample_name,x\nb,2\n", ["3: the row has the names of the columns once more; remove it"]),
        ("#a,1\n# b,2\nc#,3\n", ["2: sample_name: the row is read as a sample called '#a'; remove the row, or the '#' (also line 3)"]),
        ("نمونه\u200cها,1\n", []),
    ],
)  # fmt: skip
def test_names_that_are_not_as_they_look(tmp_path: Path, rows: str, expected: list[str]) -> None:
    found = warnings(tmp_path, {"samples.csv": f"sample_name,x\n{rows}"})
    assert found == [f"samples.csv:{one}" for one in expected]


def test_a_column_with_an_invisible_character(tmp_path: Path) -> None:
    what = "t.csv:1: x: the name has an invisible character (U+200B); remove it"
    assert said(tmp_path, "sample_name,\u200bx\na,1\n") == [what]


def test_names_with_white_space_around_them(tmp_path: Path) -> None:
    assert warnings(tmp_path, {"samples.csv": "sample_name,x\nb,1\n a,1\nc ,2\n"}) == [
        "samples.csv:3: sample_name: the name ' a' has white space around it; remove that"
        " (also line 4)"
    ]


@pytest.mark.parametrize("kind", ["csv", "tsv"])
def test_an_empty_cell_of_a_subsample_table_is_an_empty_text(tmp_path: Path, kind: str) -> None:
    derive = "{attributes: [path], sources: {src: 'd/{f}_{g}.fq'}}"
    pep = f"""
        sample_table: samples.csv
        subsample_table: more.{kind}
        sample_modifiers:
          append: {{path: src}}
          derive: {derive}
        """
    more = "sample_name,f,g\na,1,x\na,2,\nb,3,\n".replace(",", "\t" if kind == "tsv" else ",")
    samples = sound(tmp_path, {"project.yaml": pep, f"more.{kind}": more}).samples
    found = {one.name: (one.attributes["g"], one.attributes["path"]) for one in samples}
    assert found == {"a": (["x", ""], ["d/1_x.fq", "d/2_.fq"]), "b": ([""], "d/3_.fq")}


def test_subsamples_of_no_sample(tmp_path: Path) -> None:
    more = "sample_name,f\na,1\naa,2\nzz,3\n,4\n"
    assert warnings(tmp_path, {**SUBSAMPLES, "more.csv": more}) == [
        "more.csv:3: sample_name: there is no sample 'aa' (did you mean 'a'?), and the row is"
        " ignored; correct the name, or remove the row (also lines 4, 5)"
    ]


def test_subsamples_count_their_rows_as_in_peppy(tmp_path: Path) -> None:
    more = "sample_name,f\nb,1\na,2\nb,3\n"
    samples = sound(tmp_path, {**SUBSAMPLES, "more.csv": more}).samples
    assert [one.attributes["subsample_name"] for one in samples] == [["0", "2"], ["1"]]


def test_rows_without_values_are_no_samples(tmp_path: Path) -> None:
    files = {"samples.csv": "sample_name,x\na,1\n,\n,\n"}
    pep, problems, _ = read(tmp_path, files)
    assert pep and not problems and [one.name for one in pep.samples] == ["a"]


def test_a_workbook_without_its_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    pep = {"project.yaml": FILES["project.yaml"].replace("csv", "xlsx"), "samples.xlsx": ""}
    assert messages(tmp_path, pep) == [
        "project.yaml:3: sample_table: 'samples.xlsx' needs openpyxl; run pip install openpyxl, or"
        " save the table as .csv"
    ]


def test_the_rows_of_a_workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """openpyxl is no dependency, so a double stands for it here."""
    rows = [("sample_name", "x"), ("a", 1), (None, None), ("a", 2.5)]
    book = SimpleNamespace(worksheets=[SimpleNamespace(values=iter(rows))])
    double = SimpleNamespace(load_workbook=lambda *_, **__: book)
    monkeypatch.setitem(sys.modules, "openpyxl", double)
    (tmp_path / "t.xlsx").write_bytes(b"")
    table = read_table(tmp_path / "t.xlsx", "sample_name")
    assert table.lines == {"a": [2, 4]}
    assert [str(one).partition(": ")[2] for one in table.oddities] == [
        "all cells of the row are empty, and it is ignored; remove it"
    ]
    table = read_table(tmp_path / "t.xlsx", "sample_name")  # its rows are used up
    assert [one.message.partition(";")[0] for one in table.faults] == ["is empty"]


def test_a_workbook_that_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise KeyError("xl/workbook.xml")

    monkeypatch.setitem(sys.modules, "openpyxl", SimpleNamespace(load_workbook=refuse))
    assert said(tmp_path, b"PK", "t.xlsx") == [
        "t.xlsx: cannot be read as a workbook; save the table as .csv"
    ]


@pytest.mark.parametrize("key", ["sample_table", "subsample_table"])
def test_a_pipe_is_no_table(tmp_path: Path, key: str) -> None:
    """Reading it would never end."""
    pep = FILES["project.yaml"].replace("sample_table: samples.csv", "")
    pep += f"{key}: pipe.csv\n"
    if key != "sample_table":
        pep += "sample_table: samples.csv\n"
    os.mkfifo(tmp_path / "pipe.csv")
    (message,) = messages(tmp_path, {"project.yaml": pep})
    assert message.endswith("' is a pipe or a device; write the path of a table")


def test_a_table_at_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://127.0.0.1:9/samples.csv"  # nobody listens there
    pep = {"project.yaml": FILES["project.yaml"].replace("samples.csv", url)}
    (message,) = messages(tmp_path, pep)
    assert message.startswith(f"project.yaml:3: sample_table: '{url}' cannot be fetched (")
    assert message.endswith("); correct the address, or try again later")

    loaded = PeppyProject({"sample_table": url}, ({"sample_name": "a"},), "sample_name", ())
    monkeypatch.setattr("snakemake_looper.read.peps.pep.load_pep", lambda *_: loaded)
    found = sound(tmp_path, pep)
    assert found.volatile
    assert row_of(found, "a").line == 3


def test_a_table_at_an_address_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object) -> None:
        raise PeppyError("timed out") from URLError(TimeoutError("timed out"))

    monkeypatch.setattr("snakemake_looper.read.peps.pep.load_pep", silent)
    pep = FILES["project.yaml"].replace("samples.csv", "https://no.where/samples.csv")
    assert messages(tmp_path, {"project.yaml": pep}) == [
        "project.yaml:3: sample_table: 'https://no.where/samples.csv' cannot be fetched (the server"
        " does not answer); correct the address, or try again later"
    ]
