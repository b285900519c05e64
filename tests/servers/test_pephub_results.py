"""Results on PEPhub, as this package stores them there, against a double of the server.

Each call is made in a child process, as in test_pephub.py, whose last part shows what pipestat's
own way of storing does to a table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from support.pephub_server import EXPIRED, Answer, PephubServer, refusal
from support.projects import write
from support.running import environment, python

PATH = "lab/results:v1"
AGAIN = "try again later, or check the address of the server"
NO_PERMISSION = f"the login at PEPhub may not write to '{PATH}'"

# A child that evaluates each line that it is given, and says how it ended and what was printed.
DRIVER = """
    import datetime, json, sys
    from snakemake_looper.read.peps.pephub import Refused
    from snakemake_looper.results.pephub_table import check, delete_records, publish, read_records
    path = sys.argv[1]
    def psm(schema):
        from pipestat import PipestatManager
        return PipestatManager(pephub_path=path, schema_path=schema)
    def outcome(line):
        try:
            return eval(line)
        except Refused as refused:
            return f"Refused: {refused}"
    json.dump([outcome(line) for line in sys.stdin.read().splitlines()], sys.stdout)
    """


@dataclass
class Lab:
    """A PEP on the server, and someone who may write to it."""

    server: PephubServer
    folder: Path
    env: dict[str, str]

    def start(self, *rows: dict[str, Any], private: bool = False, **config: Any) -> None:
        """Begin with these rows, and forget the requests so far."""
        pep = {"_config": config, "_sample_dict": rows, "_subsample_list": None}
        self.server.push(PATH, pep, private)
        self.server.requests.clear()

    def rows(self) -> dict[str, dict[str, Any]]:
        """What the server has; all of a row, in the order of the table."""
        return self.server.rows(PATH)

    def requests(self) -> list[str]:
        """The requests since it was asked last, without the path."""
        found = [request.replace(f" {PATH}", "") for request in self.server.requests]
        self.server.requests.clear()
        return found

    def log_in(self, token: str | None) -> None:
        self.env |= self.server.environment(self.folder / "home", token)

    def do(self, *lines: str, path: str = PATH, quiet: bool = True) -> list[Any]:
        """What each line gives, or why it is refused. Nothing is printed besides, if `quiet`."""
        stdin = "\n".join(lines)
        done = python(dedent(DRIVER), path, cwd=self.folder, stdin=stdin, **self.env)
        assert done.code == 0, done.err
        assert not (quiet and done.err)
        outcomes: list[Any] = json.loads(done.out)
        assert len(outcomes) == len(lines)
        return outcomes


@pytest.fixture
def server() -> Iterator[PephubServer]:
    with PephubServer() as started:
        yield started
        assert not started.unknown


@pytest.fixture
def lab(server: PephubServer, tmp_path: Path) -> Lab:
    made = Lab(server, tmp_path, server.environment(tmp_path / "home", server.token("lab")))
    made.start({"sample_name": "a", "genome": "hg38"}, {"sample_name": "b", "genome": "mm10"})
    return made


# --- publish -----------------------------------------------------------------------------------


def test_known_rows_are_changed_and_new_ones_added(lab: Lab) -> None:
    """One GET and one request for each row; a row keeps what else it has, and its place."""
    results = {"a": {"lines": 3}, "c": {"lines": 5, "label": "x"}, "b": {"lines": 4}}
    line = f"publish(path, {results}, {{'a': 'completed', 'd': 'failed'}})"
    assert lab.do(line, line) == [4, 0]
    assert lab.requests() == ["GET", "PATCH a", "POST c", "PATCH b", "POST d", "GET"]
    assert list(lab.rows().values()) == [
        {"sample_name": "a", "genome": "hg38", "lines": 3, "status": "completed"},
        {"sample_name": "b", "genome": "mm10", "lines": 4},
        {"sample_name": "c", "lines": 5, "label": "x"},
        {"sample_name": "d", "status": "failed"},
    ]


def test_only_rows_that_differ_are_written(lab: Lab) -> None:
    lab.start(
        {"sample_name": "a", "lines": 3, "words": 9, "status": "completed", "label": None},
        {"sample_name": "b", "lines": 3, "status": "running"},
        {"sample_name": "c", "lines": 3},
    )
    results = {
        "a": {"lines": 3, "label": None, "none": None},  # all of it is there
        "b": {"lines": 3},
        "c": {},
        "d": {},  # nothing is known of it, so it gets no row
    }
    statuses = {"a": "completed", "b": "completed"}
    assert lab.do(f"publish(path, {results}, {statuses})") == [1]
    assert lab.requests() == ["GET", "PATCH b"]


def test_values_that_count_as_the_same(lab: Lab) -> None:
    """1 and 1.0 are, since a store may turn one into the other; 1 and true are not."""
    steps: list[tuple[Any, int]] = [
        (1, 1),
        (1.0, 0),
        (True, 1),
        (1, 1),
        ("1", 1),
        (None, 1),
        (None, 0),
        ([1, {"x": 0}], 1),
        ([1.0, {"x": 0}], 0),
        ([1, {"x": False}], 1),
        ([1, {"x": False, "y": None}], 1),
        ([1], 1),
        ([1, 1], 1),
        ("", 1),
    ]
    written = lab.do(*(f"publish(path, {{'a': {{'x': {value!r}}}}})" for value, _ in steps))
    assert written == [count for _, count in steps]
    assert lab.rows()["a"]["x"] == ""


def test_only_cells_that_differ_are_sent(lab: Lab) -> None:
    """What someone else has written since the table was read stays."""
    lab.start({"sample_name": "a", "lines": 3, "words": 1}, {"sample_name": "b", "lines": 3})

    def meanwhile(request: str) -> None:
        if request == f"PATCH {PATH} a":
            lab.server.change(PATH, "a", lines=30, genome="hg38")
            lab.server.change(PATH, "b", words=5)

    lab.server.before = meanwhile
    results = {"a": {"lines": 3, "words": 2}, "b": {"lines": 4}}
    assert lab.do(f"publish(path, {results})") == [2]
    assert list(lab.rows().values()) == [
        {"sample_name": "a", "lines": 30, "words": 2, "genome": "hg38"},
        {"sample_name": "b", "lines": 4, "words": 5},
    ]


def test_results_of_several_pipelines_are_in_one_row(lab: Lab) -> None:
    lines = [f"publish(path, {{'a': {{'{name}': 1}}, 'new': {{'{name}': 2}}}})" for name in "xyz"]
    assert lab.do(*lines) == [2, 2, 2]
    assert lab.rows()["a"] == {"sample_name": "a", "genome": "hg38", "x": 1, "y": 1, "z": 1}
    assert lab.rows()["new"] == {"sample_name": "new", "x": 2, "y": 2, "z": 2}


VALUES: dict[str, Any] = {
    "number": 0.5,
    "flag": False,
    "text": "naïve",
    "empty": "",
    "nothing": None,
    "items": [1, [2.5, None]],
    "things": {"deep": {"x": [1]}, "list": [{"y": True}]},
    "file": {"path": "results/a.txt", "title": "A file"},
    "image": {"path": "a.pdf", "thumbnail_path": "a.png", "title": "An image"},
}
SCHEMA = """
    title: Results
    type: object
    properties:
      pipeline_name: count
      samples:
        type: array
        items:
          type: object
          properties:
            number: {type: number, description: A number.}
            flag: {type: boolean, description: A flag.}
            text: {type: string, description: Text.}
            items: {type: array, description: A list.}
            things: {type: object, description: An object.}
            file: {type: object, object_type: file, description: A file.}
            image: {type: object, object_type: image, description: An image.}
    """


def test_values_are_stored_as_pipestat_stores_them(lab: Lab) -> None:
    write(lab.folder, {"schema.yaml": SCHEMA})
    results = {key: value for key, value in VALUES.items() if f" {key}: " in SCHEMA}
    # pipestat replaces rows where the table has not got all columns.
    lab.start(*({"sample_name": name, **dict.fromkeys(results, "")} for name in "ab"))
    assert lab.do(f"publish(path, {{'a': {results}}})") == [1]
    schema = str(lab.folder / "schema.yaml")
    lab.do(f"psm({schema!r}).report({results}, record_identifier='b')", quiet=False)
    a, b = ({**row, "sample_name": ""} for row in lab.rows().values())
    assert a == b == {"sample_name": "", **results}
    assert lab.do(f"publish(path, {{'b': {results}}})") == [0]


def test_a_record_can_be_read_by_pipestat(lab: Lab) -> None:
    write(lab.folder, {"schema.yaml": SCHEMA})
    schema = str(lab.folder / "schema.yaml")
    outcomes = lab.do(
        f"publish(path, {{'a': {VALUES}, 'new': {VALUES}}}, {{'new': 'completed'}})",
        f"psm({schema!r}).retrieve_one('a')",
        f"psm({schema!r}).retrieve_one('new')",
        f"psm({schema!r}).retrieve_one('new', 'image')",
        f"psm({schema!r}).get_status('new')",
        f"psm({schema!r}).get_status('a')",
        f"psm({schema!r}).count_records()",
    )
    # Empty cells are text to pipestat, also where it is another row that has something there.
    read = {key: value for key, value in VALUES.items() if value is not None}
    assert outcomes == [
        2,
        {"record_identifier": "a", "genome": "hg38", **read, "status": ""},
        {"record_identifier": "new", "genome": "", **read, "status": "completed"},
        VALUES["image"],
        "completed",
        None,
        3,
    ]


def test_what_json_has_no_word_for_is_text(lab: Lab) -> None:
    values = (
        "{'nan': float('nan'), 'list': [float('-inf'), (1, 2)], 5: datetime.date(2024, 2, 29),"
        " 'thing': {1: {'when': datetime.datetime(2024, 2, 29, 12, 30)}}}"
    )
    assert lab.do(f"publish(path, {{'a': {values}}})", f"publish(path, {{'a': {values}}})") == [
        1,
        0,
    ]
    assert lab.rows()["a"] == {
        "sample_name": "a",
        "genome": "hg38",
        "nan": "NaN",
        "list": ["-Infinity", [1, 2]],
        "5": "2024-02-29",
        "thing": {"1": {"when": "2024-02-29 12:30:00"}},
    }


def test_notes_in_results_files_are_not_results(lab: Lab) -> None:
    """Nor is the record's name, where a pipeline reports it."""
    results = {"lines": 1, "meta": {"pipestat_created_time": "now"}, "sample_name": "a"}
    assert lab.do(f"publish(path, {{'a': {results}}})") == [1]
    assert lab.rows()["a"] == {"sample_name": "a", "genome": "hg38", "lines": 1}


def test_the_column_of_names_may_be_another(lab: Lab) -> None:
    lab.start({"id": "a", "sample_name": "x"}, sample_table_index="id")
    results = {"a": {"lines": 1, "sample_name": "y"}, "b": {"label": "b"}}
    assert lab.do(f"publish(path, {results})", "read_records(path)") == [
        2,
        {"a": {"lines": 1, "sample_name": "y"}, "b": {"label": "b"}},
    ]
    assert list(lab.rows()) == ["a", "b"]


def test_names_that_an_address_can_hold(lab: Lab) -> None:
    for name in ("with space", "it's", "naïve", "a+b&c=d", "back\\slash", "{x}", "..."):
        results, changed = {name: {"lines": 1}}, {name: {"lines": 2}}
        assert lab.do(f"publish(path, {results})", f"publish(path, {changed})") == [1, 1]
        assert lab.requests() == ["GET", f"POST {name}", "GET", f"PATCH {name}"]
        assert lab.rows()[name] == {"sample_name": name, "lines": 2}


def test_names_that_no_address_can_hold(lab: Lab) -> None:
    """Nothing is written, not to another row either: `a?b` would be `a`."""
    before = lab.rows()
    names = ("a/b", "a?b", "a#b", "a%62", "..", ".", "")
    lines = [f"publish(path, {{'b': {{'lines': 1}}, {name!r}: {{'lines': 1}}}})" for name in names]
    assert lab.do(*lines) == [
        f"Refused: PEPhub has no address for a record '{name}'; leave '/', '?', '#', '%' out of it"
        for name in names
    ]
    assert lab.rows() == before
    assert lab.requests() == ["GET"] * len(names)


def test_a_result_cannot_rename_a_record(lab: Lab) -> None:
    before = lab.rows()
    results = {"b": {"lines": 1}, "a": {"sample_name": "b"}}
    assert lab.do(f"publish(path, {results})") == [
        "Refused: result 'sample_name' of record 'a' has the name of the column that"
        f" '{PATH}' has its names in; rename the result"
    ]
    assert lab.rows() == before


# --- trouble on the way ------------------------------------------------------------------------

TROUBLE = {
    "broken": (refusal(500, "no"), f"PEPhub refuses the row: Unexpected return value. Error: 500; {AGAIN}"),
    "a gateway's": (
        Answer(502, b"<!doctype html>", "text/html"),
        f"PEPhub refuses the row: Unexpected return value. Error: 502; {AGAIN}",
    ),
    "expired": (
        refusal(401, "JWT has expired"),
        "the login at PEPhub has expired; log in again with 'phc login'",
    ),
    "forbidden": (
        refusal(401, "You do not have permission to upload this sample."),
        f"{NO_PERMISSION}; log in with 'phc login' as someone who may",
    ),
    "gone": (
        refusal(404, "Sample does not exist, or you do not have permission"),
        f"{NO_PERMISSION}, or the row is no longer there; log in with 'phc login' as someone who"
        " may, or try again",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TROUBLE)
def test_a_row_that_the_server_refuses(lab: Lab, name: str) -> None:
    """It says how far it came, and another call does the rest."""
    instead, message = TROUBLE[name]
    lab.server.before = lambda request: instead if request == f"PATCH {PATH} b" else None
    line = "publish(path, {'new': {'lines': 1}, 'b': {'lines': 2}, 'a': {'lines': 3}})"
    assert lab.do(line) == [f"Refused: 1 of 3 rows were written to '{PATH}', not 'b': {message}"]
    assert lab.requests() == ["GET", "POST new", "PATCH b"]
    lab.server.before = lambda request: None
    assert lab.do(line) == [2]
    assert lab.requests() == ["GET", "PATCH b", "PATCH a"]
    assert [row.get("lines") for row in lab.rows().values()] == [3, 2, 1]


def test_a_row_that_someone_else_has_just_added_is_not_replaced(lab: Lab) -> None:
    def meanwhile(request: str) -> None:
        if request == f"POST {PATH} new":
            lab.server.change(PATH, "new", genome="hg38")

    lab.server.before = meanwhile
    line = "publish(path, {'new': {'lines': 1}})"
    assert lab.do(line, line) == [
        f"Refused: 0 of 1 rows were written to '{PATH}', not 'new': PEPhub refuses the row: Sample"
        f" 'new' already exists. Set overwrite to True to overwrite sample; {AGAIN}",
        1,
    ]
    assert lab.rows()["new"] == {"sample_name": "new", "genome": "hg38", "lines": 1}


def test_the_server_stops_on_the_way(lab: Lab) -> None:
    """Once its socket is closed, the next row finds nobody; the one on its way is answered."""

    def stop(request: str) -> None:
        if request == f"PATCH {PATH} a":
            lab.server.stop()

    lab.server.before = stop
    at = lab.server.url.rstrip("/")
    assert lab.do("publish(path, {'a': {'lines': 1}, 'b': {'lines': 2}})") == [
        f"Refused: 1 of 2 rows were written to '{PATH}', not 'b':"
        f" PEPhub cannot be reached at {at}: Connection refused; {AGAIN}"
    ]


# --- check -------------------------------------------------------------------------------------


def why(lab: Lab, *requests: str, path: str = PATH) -> str | None:
    """What `check` says. `publish` then says the same, or that it is refused at the first row.
    Together they have made these requests, and changed nothing."""
    before = lab.rows()
    lab.requests()
    line = "(said := check(path), said and outcome(\"publish(path, {'a': {'lines': 1}})\"))"
    ((message, refused),) = lab.do(line, path=path)
    assert lab.requests() == list(requests)
    assert lab.rows() == before
    if message is None:
        return None
    assert refused == f"Refused: {message}" or refused.startswith("Refused: 0 of 1 rows were")
    return str(message)


def test_a_table_that_can_be_written(lab: Lab) -> None:
    """PEPhub refuses to add a row that it has, and changes nothing."""
    assert why(lab, "GET", "POST a") is None
    lab.start({"sample_name": "a"}, private=True)
    assert why(lab, "GET", "POST a") is None
    lab.start({"sample_name": "a/b"})  # no address, so there is nothing to ask with
    assert why(lab, "GET") is None


def test_no_login(lab: Lab) -> None:
    (lab.folder / "home/.pephubclient/jwt.toml").unlink()
    lab.log_in(None)
    message = (
        f"results cannot be stored in '{PATH}' on PEPhub without a login; log in with 'phc login'"
    )
    assert why(lab) == message
    assert lab.do("read_records(path)") == [{"a": {"genome": "hg38"}, "b": {"genome": "mm10"}}]


def test_an_expired_login(lab: Lab) -> None:
    lab.log_in(EXPIRED)
    assert (
        why(lab, "GET", "GET") == "the login at PEPhub has expired; log in again with 'phc login'"
    )


def test_a_login_that_cannot_be_read(lab: Lab) -> None:
    (lab.folder / "home/.pephubclient/jwt.toml").write_text("token: eyJ\n")
    message = why(lab)
    assert message
    assert message.startswith("the login at PEPhub cannot be read: ")
    assert message.endswith("; log in with 'phc login'")


def test_a_login_of_someone_who_may_not_write(lab: Lab) -> None:
    """They may read the PEP, since it is not private."""
    lab.log_in(lab.server.token("others"))
    message = f"{NO_PERMISSION}; log in with 'phc login' as someone who may"
    assert why(lab, "GET", "POST a", "GET", "PATCH a") == message


@pytest.mark.parametrize("private", [False, True])
def test_no_such_project(lab: Lab, private: bool) -> None:
    lab.start({"sample_name": "a"}, private=private)
    path = PATH if private else "lab/results:v2"
    if private:
        lab.log_in(lab.server.token("others"))
    message = why(lab, *["GET" if private else f"GET {path}"] * 2, path=path)
    assert message == (
        f"PEPhub has no '{path}', or it is private; correct the path, or log in with 'phc login'"
    )


def test_a_path_that_is_none_of_a_pep(lab: Lab) -> None:
    paths = ("results", "results/of/jobs.yaml", "")
    assert lab.do(*(f"check({path!r})" for path in paths)) == [
        f"'{path}' is no path of a PEP on PEPhub; write it as namespace/name:tag" for path in paths
    ]
    assert lab.requests() == []


def test_other_spellings_of_a_path(lab: Lab) -> None:
    lab.server.push("lab/plain", {"_config": {}, "_sample_dict": [{"sample_name": "a"}]})
    line = "publish({!r}, {{'a': {{{!r}: 1}}}})"
    assert lab.do(line.format("lab/plain", "x"), line.format("pephub::lab/plain:default", "y")) == [
        1,
        1,
    ]
    assert lab.server.rows("lab/plain:default") == {"a": {"sample_name": "a", "x": 1, "y": 1}}


def test_no_server(lab: Lab) -> None:
    lab.server.stop()
    at = lab.server.url.rstrip("/")
    assert why(lab) == f"PEPhub cannot be reached at {at}: Connection refused; {AGAIN}"


def test_a_table_without_rows(lab: Lab) -> None:
    lab.start()
    assert why(lab, "GET", "GET") == (
        f"'{PATH}' has no rows, and PEPhub adds none to an empty table;"
        " add a first row there, of any name"
    )
    assert lab.do("read_records(path)", "delete_records(path, {'a': ['lines']})") == [{}, 0]


@pytest.mark.parametrize("nameless", [{"genome": "hg38"}, {"id": None}, {"id": ""}])
def test_rows_without_names(lab: Lab, nameless: dict[str, Any]) -> None:
    lab.start({"id": "a"}, nameless, sample_table_index="id")
    message = f"'{PATH}' has a row without a 'id'; give it one on PEPhub"
    assert lab.do("check(path)", "read_records(path)") == [message, f"Refused: {message}"]


def test_no_client(lab: Lab) -> None:
    broken = "raise ImportError(\"No module named 'pephubclient'\")\n"
    write(lab.folder / "first", {"pephubclient.py": broken})
    path = environment().get("PYTHONPATH", "")
    lab.env["PYTHONPATH"] = f"{lab.folder / 'first'}:{path}".rstrip(":")
    assert why(lab) == (
        "PEPhub needs pephubclient, which cannot be imported (No module named 'pephubclient');"
        " run pip install 'snakemake-looper[pephub]'"
    )


PUBLIC = "https://pephub-api.databio.org/"


def test_rows_would_go_to_another_server(lab: Lab) -> None:
    """Found before anything is asked for, at either server."""
    url = lab.server.url
    del lab.env["PEPHUB_BASE_URL"]
    assert why(lab) == (
        f"'{PATH}' would be read from {url} and its results written to {PUBLIC};"
        f" set PEPHUB_BASE_URL to '{url}', or log in with 'phc login --url {PUBLIC}'"
    )
    lab.env["PEPHUB_BASE_URL"] = url.rstrip("/")  # pephubclient would ask 127.0.0.1:PORTapi
    assert why(lab) == (
        f"'{PATH}' would be read from {url} and its results written to {url.rstrip('/')};"
        f" set PEPHUB_BASE_URL to '{url}'"
    )
    lab.env["PEPHUB_BASE_URL"] = ""
    assert why(lab) == (
        f"'{PATH}' would be read from {url} and its results written to nowhere;"
        f" set PEPHUB_BASE_URL to '{url}'"
    )
    lab.env["PEPHUB_BASE_URL"] = url
    login = lab.folder / "home/.pephubclient/jwt.toml"
    login.write_text(login.read_text().replace(url, url.rstrip("/")))
    assert why(lab, "GET", "POST a") is None
    login.write_text('token = "token-of-lab"\n')
    assert why(lab) == (
        f"'{PATH}' would be read from {PUBLIC} and its results written to {url};"
        f" set PEPHUB_BASE_URL to '{PUBLIC}', or log in with 'phc login --url {url}'"
    )


# --- the rest ----------------------------------------------------------------------------------


def test_reading_records(lab: Lab) -> None:
    lab.start(
        {"sample_name": "a", "lines": 3, "file": {"path": "a.txt"}},
        {"sample_name": 7, "lines": ""},
        {"sample_name": "a", "lines": 4},  # one of several rows of a sample: the first counts
    )
    lab.env["PEPHUB_BASE_URL"] = PUBLIC  # which reading does not ask
    assert lab.do("read_records(path)") == [
        {"a": {"lines": 3, "file": {"path": "a.txt"}}, "7": {"lines": ""}}
    ]
    assert lab.do("read_records(path)", path="lab/none:v1") == [
        "Refused: PEPhub has no 'lab/none:v1', or it is private; correct the path, or log in with"
        " 'phc login'"
    ]


def test_deleting_clears_results_and_no_more(lab: Lab) -> None:
    """What was published is enough to say what is to go. No row is deleted, even one that was
    added, and it can be published again."""
    results = {"a": {"lines": 3, "meta": {}}, "new": {"lines": 5}, "b": {"lines": 4}}
    publish = f"publish(path, {results}, {{'a': 'completed', 'new': 'completed'}})"
    wanted: dict[str, Any] = {
        "a": {**results["a"], "status": "completed", "none": 1, "sample_name": "a"},
        "new": ["lines", "status"],
        "none": ["lines"],
    }
    delete = f"delete_records(path, {wanted})"
    assert lab.do(publish, delete, delete) == [3, 2, 0]
    assert lab.requests()[4:] == ["GET", "PATCH a", "PATCH new", "GET"]
    assert list(lab.rows().values()) == [
        {"sample_name": "a", "genome": "hg38", "lines": "", "status": ""},
        {"sample_name": "b", "genome": "mm10", "lines": 4},
        {"sample_name": "new", "lines": "", "status": ""},
    ]
    assert lab.do(publish) == [2]
    assert [row["lines"] for row in lab.rows().values()] == [3, 4, 5]


def test_a_cleared_result_is_what_pipestat_makes_of_one(lab: Lab) -> None:
    write(lab.folder, {"schema.yaml": SCHEMA})
    rows = [{"sample_name": name, "number": 1, "text": "x"} for name in "ab"]
    lab.start(*rows)
    schema = str(lab.folder / "schema.yaml")
    assert lab.do("delete_records(path, {'a': ['number']})") == [1]
    assert lab.do(f"psm({schema!r}).remove('b', 'number')", quiet=False) == [True]
    a, b = ({**row, "sample_name": ""} for row in lab.rows().values())
    assert a == b == {"sample_name": "", "number": "", "text": "x"}


def test_deleting_needs_a_login_and_says_how_far_it_came(lab: Lab) -> None:
    lab.start(*({"sample_name": name, "lines": 1} for name in "abc"))
    lab.server.before = lambda request: refusal(500, "no") if request.endswith(" b") else None
    line = "delete_records(path, {'a': ['lines'], 'b': ['lines'], 'c': ['lines']})"
    assert lab.do(line) == [
        f"Refused: 1 of 3 rows were written to '{PATH}', not 'b': PEPhub refuses the row:"
        f" Unexpected return value. Error: 500; {AGAIN}"
    ]
    assert [row["lines"] for row in lab.rows().values()] == ["", 1, 1]
    lab.log_in(None)
    message = (
        f"results cannot be stored in '{PATH}' on PEPhub without a login; log in with 'phc login'"
    )
    assert lab.do(line) == [f"Refused: {message}"]
