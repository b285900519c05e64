"""YAML that cannot be read, or should not be: what is said, and at which line."""

from __future__ import annotations

from pathlib import Path

import pytest

from snakemake_looper.errors import Problems
from snakemake_looper.read.documents.yaml_lines import Document, absent, read_yaml
from snakemake_looper.read.schemas.output_schema import OutputSchemaError, read_output_schema

QUOTES = "needs quotes; write them"
TAB = "a tab stands in the indentation; write spaces"
COLON = (
    "a value has ': ' in it, or a line above has no ':'; put the value in quotes, or correct the"
    " indentation"
)
MORE = "more text follows where a value has ended; put the whole value in quotes"
INDENTATION = "the line fits to none above it; correct its indentation"
LIST = "'[' begins a list that lacks a ',' or its ']'; add it, or put the value in quotes"
MAPPING = "'{' begins a mapping that lacks a ',' or its '}'; add it, or put the value in quotes"
END = "the file ends inside '[' or '{'; close it, or put the value in quotes"
QUOTE = "a quote opens here and is never closed; close it"
BACKSLASH = "a backslash in double quotes has no meaning here; write '\\\\', or single quotes"
BLOCK = "a text cannot begin in the line of '|' or '>'; begin it in the next line"
SECOND = "a second document begins here; keep one in the file"
NO_KEY = "a key is a list or a mapping; put a value that begins with '{' or '[' in quotes"
DATE = "a value looks like a date, and there is no such date; put it in quotes"
NUMBER = "a value looks like a number, but it cannot be read as one; put it in quotes"
SPACE = "the key needs a space after its ':'; write one"
CONFLICT = "the line is a conflict mark of git; resolve the conflict"
MERGE = "'<<' stands for a mapping, as in '<<: *name'; correct its value"

SYNTAX = [
    ("a:\n\tb: 1\n", 2, TAB),
    ("a:\n  b: 1\n\tc: 1\n", 3, TAB),
    ("a: |\n\techo\n", 2, TAB),
    ("a: b: c\n", 1, COLON),
    ("a: x\n  b: c\n", 2, COLON),
    ("a\nb: c\n", 2, COLON),
    ("a: [b, c\nd: e\n", 1, LIST),
    ("a: {b: c\nd: e\n", 1, MAPPING),
    ("a: {sample.x} more {sample.y}\n", 1, MORE),
    ("a: 'b' c\n", 1, MORE),
    ("a: {{ sample.x }}\n", 1, NO_KEY),
    ("? [a]\n: b\n", 1, NO_KEY),
    ("a: 1\nb:\n   c: 1\n  d: 1\n", 4, INDENTATION),
    ("a: b\n- c\n", 2, INDENTATION),
    ("a:\n  - b\n  c: 1\n", 3, "the line stands in a list without '- '; correct its indentation"),
    ("a: 1\nword\nb: 2\n", 2, "the line has no ':'; write 'key: value', or indent it"),
    ("a: >\necho b\nc: 1\n", 2, "the line has no ':'; write 'key: value', or indent it"),
    ("a: {sample.x} > b\n", 1, f"a value that begins with '{{' {QUOTES}"),
    ("a: {sample.x} | cat\n", 1, f"a value that begins with '{{' {QUOTES}"),
    ("- {sample.x} && b\n", 1, f"a value that begins with '{{' {QUOTES}"),
    ("a: {sample.x} *.txt\n", 1, f"a value that begins with '{{' {QUOTES}"),
    ("a: [ -f b ] && c\n", 1, f"a value that begins with '[' {QUOTES}"),
    ("a: 'b' > c\n", 1, MORE),
    ('a: "b" && c\n', 1, MORE),
    ("a: {b: c, d: *}\n", 1, f"a value that begins with '*' {QUOTES}"),
    ("a:b.yaml\nc: d\n", 1, SPACE),
    ("a: 1\nb:c\n", 2, SPACE),
    ("a:\n  b:echo c\n\n  d: 1\n", 2, SPACE),
    ("a: http://b\n  c: d\n", 2, COLON),
    ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n", 2, CONFLICT),
    ("a: 1\nb: 2\n>>>>>>> other\n", 3, CONFLICT),
    ('a: 1\nb: "c\nd: 1\n', 2, QUOTE),
    ("a: 1\nb: 'c\nd: 1\n", 2, QUOTE),
    ('a: "\\d"\n', 1, BACKSLASH),
    ('a: "\\xzz"\n', 1, BACKSLASH),
    ("a: *.fastq\n", 1, f"a value that begins with '*' {QUOTES}"),
    ("a: *S3CRET\n", 1, f"a value that begins with '*' {QUOTES}"),
    ("a: && b\n", 1, f"a value that begins with '&' {QUOTES}"),
    ("a: !S3CRET\n", 1, f"a value that begins with '!' {QUOTES}"),
    ("a: !S3CRET!x\n", 1, f"a value that begins with '!' {QUOTES}"),
    ("a: !!python/object:os.system {}\n", 1, f"a value that begins with '!' {QUOTES}"),
    ("a: !!python/name:os.system\n", 1, f"a value that begins with '!' {QUOTES}"),
    ("a: @home\n", 1, f"a value that begins with '@' {QUOTES}"),
    ("a: `date`\n", 1, f"a value that begins with '`' {QUOTES}"),
    ("a: %b\n", 1, f"a value that begins with '%' {QUOTES}"),
    ("a: ? b\n", 1, f"a value that begins with '?' {QUOTES}"),
    ("a: ]b\n", 1, f"a value that begins with ']' {QUOTES}"),
    ("a: =\n", 1, f"the value '=' {QUOTES}"),
    ("a: 1\n%b\n", 2, f"a line that begins with '%' {QUOTES}"),
    ("a: 1\n---\nb: 2\n", 2, SECOND),
    ("a: 1\n...\nb: 2\n", 3, SECOND),
    ("a: [\n", 2, END),
    ("a: - b\n", 1, "a list cannot begin in the line of its key; begin it in the next line"),
    ("a: > b\n  c\n", 1, BLOCK),
    ("a: |0\n  c\n", 1, BLOCK),
    ("a: &x 1\nb: &x 2\n", 2, "a name behind '&' is used twice; rename one"),
    ("a: {<<: 3}\n", 1, MERGE),
    ("a:\n  b: 2024-99-99\n", 2, DATE),
    ("a: 1\nb: " + "1" * 5000 + "\n", 2, NUMBER),
    ("a: 0x" + "f" * 5000 + "\n", 1, NUMBER),
    ("a: !!int ''\n", 1, NUMBER),
    ("a: 1\nb: c\0d\n", 2, "the character U+0000 is not allowed; remove it"),
    ("a: 1\nb: c\x1b[2J\n", 2, "the character U+001B is not allowed; remove it"),
]  # fmt: skip


def read(folder: Path, content: str | bytes) -> tuple[Document | None, list[str]]:
    """A file as data, and the lines of its problems and warnings without the folder."""
    path = folder / "file.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    problems = Problems()
    document = read_yaml(path, problems)
    said = [*map(str, problems), *problems.warnings]
    return document, [line.replace(f"{path}", "file") for line in said]


@pytest.mark.parametrize(("text", "line", "message"), SYNTAX)
def test_syntax(tmp_path: Path, text: str, line: int, message: str) -> None:
    assert read(tmp_path, text) == (None, [f"file:{line}: not valid YAML: {message}"])
    with pytest.raises(OutputSchemaError) as caught:
        read_output_schema(tmp_path / "file.yaml")
    assert str(caught.value) == f"{tmp_path}/file.yaml:{line}: not valid YAML: {message}"


TENS = "".join(f"l{i}: &l{i} [{','.join([f'*l{i - 1}'] * 10)}]\n" for i in range(1, 9))
MERGED = "".join(f"l{i}: &l{i} {{<<: [{','.join([f'*l{i - 1}'] * 10)}]}}\n" for i in range(1, 9))
ITSELF = "an anchor contains itself; write its value out"
MULTIPLY = "its anchors multiply without end; remove some"
DEEP = "nested too deeply; remove levels"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [*x]\n", f"file:1: {ITSELF}"),
        ("a: 1\nb: &x {c: {d: *x}}\n", f"file:2: {ITSELF}"),
        ("l0: &l0 [1,1,1,1,1,1,1,1,1,1]\n" + TENS, f"file:5: {MULTIPLY}"),
        ("l0: &l0 {a: 1}\n" + MERGED, f"file:6: {MULTIPLY}"),
        ("a: " + "[" * 100_000, f"file:1: is {DEEP}"),
        ("- " * 100_000, f"file:1: is {DEEP}"),
        (
            "".join(" " * i + "a:\n" for i in range(2000)),
            f"file:101: is {DEEP}",
        ),
        ("a: " + "[" * 200 + "]" * 200, f"file:1: is {DEEP}"),
        ("a: " + "x" * 9_000_000, "file: has 9 MB, too much for a YAML file; correct the path"),
        (
            "a:\n- [" + "1," * 600_000 + "]\n",
            "file:2: has more values than a YAML file can have; correct the path",
        ),
    ],
    ids=range(10),
)
def test_bombs(tmp_path: Path, text: str, message: str) -> None:
    assert read(tmp_path, text) == (None, [message])
    with pytest.raises(OutputSchemaError, match=r"remove|write|correct"):
        read_output_schema(tmp_path / "file.yaml")


def test_anchors_that_people_use_are_no_bomb(tmp_path: Path) -> None:
    text = "a: &a {b: 1, c: [1, 2]}\nd: {<<: *a, b: 2}\ne: *a\n"
    document, said = read(tmp_path, text + "".join(f"f{i}: *a\n" for i in range(2000)))
    assert document and not said
    assert document.data["d"] == {"b": 2, "c": [1, 2]} and document.data["f1999"]["b"] == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: \xe9\n", "file:2: is not UTF-8 text; save it as UTF-8"),
        ("a: 1\n".encode("utf-16"), "file: is UTF-16 text; save it as UTF-8"),
        (b"\x1f\x8b\x08\x00", "file:1: is not UTF-8 text; save it as UTF-8"),
        (b"- a\n", "file:1: a mapping is expected, not a list; write 'key: value' lines"),
        (b"a\n", "file:1: a mapping is expected, not a single value; write 'key: value' lines"),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, message: str) -> None:
    assert read(tmp_path, content) == (None, [message])


def test_folders_and_pipes_are_no_files(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    for name, message in (
        ("pipe", "is no regular file; write the path of a file"),
        (".", "cannot be read: Is a directory"),
    ):
        problems = Problems()
        assert read_yaml(tmp_path / name, problems) is None
        assert [one.message for one in problems] == [message]


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbfa: 1\n", b"a: 1\r\n", b"a: 1\r", b"a:\t1\n", b"a: 1", b"--- \na: 1\n"]
)
def test_texts_of_other_systems_are_read(tmp_path: Path, content: bytes) -> None:
    document, said = read(tmp_path, content)
    assert document and document.data == {"a": 1} and not said


def test_a_key_that_is_written_again(tmp_path: Path) -> None:
    """PyYAML keeps the last one and says nothing. A merged key may be overridden."""
    document, said = read(
        tmp_path, "a: 1\nb: &b {c: 1, c: 2}\nd:\n  e: 1\n  f: 1\n  e: 2\na: 3\ng: {<<: *b, c: 3}\n"
    )
    assert document and document.data["a"] == 3
    assert said == [
        "file:7: a: is written again, and the one in line 1 has no effect; remove one",
        "file:2: b.c: is written again, and the one in line 2 has no effect; remove one",
        "file:6: d.e: is written again, and the one in line 4 has no effect; remove one",
    ]


def test_a_path_that_leads_to_no_file(tmp_path: Path) -> None:
    for text, message in (
        ("no.yaml", f"'no.yaml' does not exist ({tmp_path}/no.yaml); correct the path"),
        (".", f"'.' is a folder, not a file ({tmp_path}); correct the path"),
        ("file:///a/b.yaml", "'file:///a/b.yaml' is no path; write '/a/b.yaml'"),
        (
            "https://me:S3CRET@h/a.yaml?t=S3CRET",
            "'https://h/a.yaml' is an address, and only files are read here; write the path of a"
            " copy",
        ),
        (
            "${NO_SUCH_X:-/b}/a.yaml",
            "'${NO_SUCH_X:-/b}/a.yaml': '${NO_SUCH_X:-/b}': defaults are not read here; write"
            " '${NO_SUCH_X}' and set it",
        ),
        (
            "$NO_SUCH_X/a.yaml",
            "'$NO_SUCH_X/a.yaml': the environment variable NO_SUCH_X is not set; set it, or write"
            " the value itself",
        ),
    ):
        assert absent(text, tmp_path / text) == message
