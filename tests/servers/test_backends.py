"""One project on every back end: the same records, the same tables, nothing lost.

The pipeline reports through pipestat's Python API and through its command line. PostgreSQL is a
real server; PEPhub is the double of `pephub_server`.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml
from support.pephub_server import PephubServer
from support.postgres import PASSWORD, Server
from support.projects import edit, flags, write
from support.running import Run, cli, environment, use_looper, wait_until

from snakemake_looper import RecordStatus, read_results, read_statuses

PROJECT = {
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [words.yaml]
        pipestat:
          project_name: demo
        """,
    "project.yaml": "pep_version: 2.1.0\nname: demo\nsample_table: samples.csv\n",
    "samples.csv": "sample_name,word\na,one\nb,three\n",
    "fail.txt": "",
    "words.yaml": """
        pipeline_name: words
        output_schema: out.yaml
        inject_env_vars: {PIPESTAT_CONFIG: "{pipestat.config_file}"}
        sample_interface:
          command_template: >
            python api.py {sample.sample_name} {sample.word}
            && pipestat report -i length -v $(printf %s {sample.word} | wc -c)
            && ! grep -qx {sample.sample_name} fail.txt
        project_interface:
          command_template: "pipestat report -r {pipestat.record_identifier} -i total -v 8"
        """,
    "out.yaml": """
        pipeline_name: words
        samples:
          length: {type: integer, description: characters}
          word: {type: string, description: a word}
          text: {type: file, description: a file}
        project:
          total: {type: integer, description: all characters}
        """,
    "api.py": """
        import sys
        from pathlib import Path
        from pipestat import PipestatManager

        record, word = sys.argv[1:]
        Path(f"{record}.txt").write_text(word)
        manager = PipestatManager(config_file=__import__("os").environ["PIPESTAT_CONFIG"])
        text = {"path": f"{record}.txt", "title": "the word"}
        manager.report(record_identifier=record, values={"word": word, "text": text})
        """,
}
RECORDS = {
    "sample": {
        "a": {"length": 3, "word": "one", "text": {"path": "a.txt", "title": "the word"}},
        "b": {"length": 5, "word": "three", "text": {"path": "b.txt", "title": "the word"}},
    },
    "project": {"demo": {"total": 8}},
}
TABLE = """\
Sample Index\tRecord Identifier\tPipeline Type\tRecord Status\tlength\tword\ttotal
1\ta\tsample\tcompleted\t3\tone\t
2\tb\tsample\tcompleted\t5\tthree\t
3\tdemo\tproject\tcompleted\t\t\t8
"""


class Place:
    """A project with a back end, and what its processes need in their environment."""

    def __init__(self, folder: Path, section: dict[str, Any], **env: str) -> None:
        self.folder, self.env = folder, env
        with (folder / ".looper.yaml").open("a") as config:
            for key, value in section.items():
                config.write(f"  {key}: {json.dumps(value)}\n")

    def run(self, *words: str) -> Run:
        return use_looper(*words, cwd=self.folder, **self.env)

    def cli(self, *words: str) -> Run:
        return cli(*words, cwd=self.folder, **self.env)

    def records(self) -> Any:
        """The results of all records, as the command line and Python have them."""
        done = self.cli("table", "--format", "json")
        assert done.code == 0, done.err
        data = json.loads(done.out)
        statuses = data.pop("statuses")
        data.pop("notes", None)
        self.compare_with_python(data, statuses)
        return data

    def compare_with_python(self, data: Any, statuses: Any) -> None:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.env.items():
                patch.setenv(name, value)
            records = read_results(self.folder)
            assert read_statuses(self.folder, details=False) == [
                RecordStatus("words", one.level, one.record, one.status, log=mock.ANY)
                for one in records
            ]
        found = {(one.level, one.record): one for one in records}
        assert statuses == {
            level: {name: found[level, name].status for name in names}
            for level, names in statuses.items()
        }
        reported = {key: one.results for key, one in found.items() if one.results}
        assert reported == {
            (level, name): values for level, names in data.items() for name, values in names.items()
        }


@pytest.fixture
def pephub(tmp_path: Path) -> Iterator[Callable[[Path], Place]]:
    with PephubServer() as server:

        def make(folder: Path) -> Place:
            samples = [{"sample_name": name, "genome": "hg38"} for name in ("a", "b")]
            server.push("lab/results:default", {"_config": {}, "_sample_dict": samples})
            env = server.environment(tmp_path / "home", server.token("lab"))
            return Place(folder, {"pephub_path": "lab/results:default"}, **env)

        yield make
        assert not server.unknown


@pytest.fixture(params=["file", "records", "sqlite", "postgresql", "pephub"])
def place(request: pytest.FixtureRequest, project: Callable[..., Path]) -> Place:
    folder = project(PROJECT)
    if request.param == "pephub":
        return request.getfixturevalue("pephub")(folder)  # type: ignore[no-any-return]
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        server.query("DROP TABLE IF EXISTS words__sample, words__project CASCADE")
        secret = {"password": "${DB_PASSWORD}"}
        return Place(folder, {"database": {**server.section(), **secret}}, DB_PASSWORD=PASSWORD)
    section = {
        "file": {"results_file_path": "all.yaml"},
        "records": {"results_file_path": "{record_identifier}.yaml"},
        "sqlite": {"database": {"sqlite_url": "all.sqlite"}},
    }
    return Place(folder, section[request.param])


def test_the_same_records_and_tables(place: Place) -> None:
    """Also on the second run, and after some were destroyed: those run again."""
    done = place.run()
    assert done.code == 0, done.text
    assert "error" not in done.err
    assert place.records() == RECORDS
    assert place.cli("table", "--format", "tsv").out == TABLE
    index = Path(place.cli("report").out.strip())
    page = (index.parent / "pipelines/words/sample/index.html").read_text()
    # Each word is a result, and an attribute of the sample that reported it.
    assert [page.count(f">{word}<") for word in ("one", "three", "completed")] == [2, 2, 2]
    folder = Path(place.cli("report", "--multiqc").out.strip())
    numbers = (folder / "snakemake_looper_words_stats_mqc.tsv").read_text().splitlines()
    assert numbers[-3:] == ['"Sample"\t"length"', '"a"\t3', '"b"\t5']
    assert '"8"' in (folder / "snakemake_looper_words_project_mqc.tsv").read_text()
    assert place.run("-n").jobs() == []
    statuses = json.loads(place.cli("check", "--json").out)["records"]
    assert {one["status"] for one in statuses} == {"completed"}
    done = place.cli("destroy", "--samples", "a", "--force")
    assert done.code == 0, done.err
    assert sorted(place.records()["sample"]) == ["b"]
    assert "words_sample:a" in place.run("-n").jobs()
    assert place.run().code == 0
    assert place.records() == RECORDS


def test_a_failed_job_and_what_it_reported(place: Place) -> None:
    """What it reported before it failed is there; the next run does what is left."""
    write(place.folder, {"fail.txt": "b\n"})
    done = place.run()
    assert done.code == 1
    assert place.records()["sample"] == RECORDS["sample"]
    assert flags(place.folder) == ["words_a_completed.flag", "words_b_failed.flag"]
    write(place.folder, {"fail.txt": ""})
    assert place.run().code == 0
    assert place.records() == RECORDS


# --- statuses in a database -----------------------------------------------------------------------


@pytest.fixture
def database(project: Callable[..., Path], postgres: Server) -> Place:
    postgres.query("DROP TABLE IF EXISTS words__sample, words__project CASCADE")
    secret = {"password": "${DB_PASSWORD}"}
    section = {"database": {**postgres.section(), **secret}}
    return Place(project(PROJECT), section, DB_PASSWORD=PASSWORD)


def column(server: Server) -> dict[str, str]:
    return dict(server.query("SELECT record_identifier, status FROM words__sample"))


def test_the_column_says_what_the_flags_say(database: Place, postgres: Server) -> None:
    write(database.folder, {"fail.txt": "b\n"})
    assert database.run().code == 1
    assert column(postgres) == {"a": "completed", "b": "failed"}
    write(database.folder, {"fail.txt": ""})
    assert database.run().code == 0
    assert column(postgres) == {"a": "completed", "b": "completed"}


def test_a_status_that_a_pipeline_sets_counts(database: Place, postgres: Server) -> None:
    """An exit code of 0 and a status of `failed`: it has failed, and runs again."""
    edit(
        database.folder / "words.yaml",
        "&& ! grep -qx {sample.sample_name} fail.txt",
        "&& if grep -qx {sample.sample_name} fail.txt; then pipestat status set failed; fi",
    )
    write(database.folder, {"fail.txt": "b\n"})
    done = database.run()
    assert "words: 'b' ended with 0, but set its status to failed" in done.err
    assert "words_b_failed.flag" in flags(database.folder)
    assert "words_b_completed.flag" not in flags(database.folder)
    assert column(postgres) == {"a": "completed", "b": "failed"}
    write(database.folder, {"fail.txt": ""})
    assert "words_sample:b" in database.run().jobs()
    assert column(postgres) == {"a": "completed", "b": "completed"}, "what was ours is not theirs"


def refused(place: Place, *words: str) -> None:
    """A run that ends before any job, with one line that says why and what to do."""
    done = place.run()
    assert done.code == 1
    assert done.jobs() == [] and flags(place.folder) == []
    assert "Traceback" not in done.err
    lines = [line for line in done.err.splitlines() if all(word in line for word in words)]
    assert len(lines) == 1 and ";" in lines[0], done.err
    assert place.run("-n").code == 0, "a dry run asks nobody"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"port": 9}, ("127.0.0.1", "9")),
        ({"password": "wrong"}, ("password",)),
        ({"name": "nowhere"}, ("nowhere",)),
    ],
)
def test_a_server_that_refuses(
    project: Callable[..., Path], postgres: Server, change: dict[str, Any], words: tuple[str, ...]
) -> None:
    refused(Place(project(PROJECT), {"database": {**postgres.section(), **change}}), *words)


def test_a_table_of_another_schema(database: Place, postgres: Server) -> None:
    postgres.query("CREATE TABLE words__sample (id integer, record_identifier text)")
    refused(database, "words__sample")


def test_pephub_without_a_login(project: Callable[..., Path], tmp_path: Path) -> None:
    with PephubServer() as server:
        server.push("lab/results", {"_config": {}, "_sample_dict": [{"sample_name": "a"}]})
        env = server.environment(tmp_path / "home")
        refused(Place(project(PROJECT), {"pephub_path": "lab/results:default"}, **env), "phc login")


def test_no_secret_is_left_anywhere(project: Callable[..., Path], postgres: Server) -> None:
    """A password written out in the looper config: the merged config has it, for its owner only,
    and nothing else: no file of the run, no log, no process."""
    postgres.query("DROP TABLE IF EXISTS words__sample, words__project CASCADE")
    place = Place(project(PROJECT), {"database": postgres.section()})
    edit(
        place.folder / "words.yaml",
        "python api.py",
        "(cat /proc/[0-9]*/cmdline > seen.txt 2> /dev/null || true); python api.py",
    )
    done = place.run()
    assert done.code == 0, done.text
    place.cli("table")
    place.cli("report", "--multiqc")
    assert PASSWORD not in done.text
    known = {".looper.yaml", "pipestat_config_words.yaml", "pipestat_config_words_project.yaml"}
    for path in place.folder.rglob("*"):
        if path.is_file() and PASSWORD.encode() in path.read_bytes():
            assert path.name in known, path
            assert path.name == ".looper.yaml" or path.stat().st_mode & 0o077 == 0
    assert b"api.py" in (place.folder / "seen.txt").read_bytes()


# --- many at once -----------------------------------------------------------------------------------

MANY = 128
"""Samples: twice as many as jobs at once, so that new jobs meet those that end."""

# Jobs report through processes that have pipestat loaded already: what is tried is how many report
# at once, not how long Python takes to start.
SERVER = r"""
import os, socketserver, sys
from pipestat import PipestatManager
import pipestat.backends.db_backend.dbbackend
import psycopg, sqlalchemy.dialects.postgresql.psycopg, sqlalchemy.dialects.sqlite

class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        config, record, number = self.rfile.readline().decode().split()
        os.environ["PIPESTAT_RECORD_IDENTIFIER"] = record
        manager = PipestatManager(config_file=config)
        manager.report(record_identifier=record, values={"length": int(number)})
        manager.report(record_identifier=record, values={"word": record})
        self.wfile.write(b"reported\n")

class Server(socketserver.ForkingTCPServer):
    max_children = 200
    request_queue_size = 200

with Server(("127.0.0.1", 0), Handler) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
"""


@pytest.fixture
def reporter(tmp_path: Path) -> Iterator[int]:
    """A server that reports for jobs, each in a process of its own; its port."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, env=environment(),
    )  # fmt: skip
    assert process.stdout
    yield int(process.stdout.readline())
    process.kill()
    process.stdout.close()
    process.wait()


def many(project: Callable[..., Path], port: int, section: dict[str, Any], **env: str) -> Place:
    rows = "".join(f"s{number},{number}\n" for number in range(MANY))
    command = (
        f"exec 3<>/dev/tcp/127.0.0.1/{port}; echo {{pipestat.config_file}} {{sample.sample_name}}"
        " {sample.word} >&3; read -r answer <&3; [ $answer = reported ]"
    )
    interface = {
        "pipeline_name": "words",
        "output_schema": "out.yaml",
        "sample_interface": {"command_template": command},
    }
    files = {**PROJECT, "samples.csv": "sample_name,word\n" + rows}
    return Place(project({**files, "words.yaml": yaml.safe_dump(interface)}), section, **env)


WANTED = {f"s{number}": {"length": number, "word": f"s{number}"} for number in range(MANY)}


def test_postgresql_with_64_jobs_at_once(
    project: Callable[..., Path],
    postgres: Server,
    reporter: int,
) -> None:
    postgres.query("DROP TABLE IF EXISTS words__sample, words__project CASCADE")
    place = many(project, reporter, {"database": postgres.section()})
    done = place.run("--cores", "64")
    assert done.code == 0, done.err[-3000:]
    assert place.records()["sample"] == WANTED
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'postgres' AND pid <> pg_backend_pid()"
    # The last jobs' processes may still be ending.
    wait_until(lambda: postgres.query(others) == [(0,)], "connections are not closed")


def test_sqlite_with_16_jobs_at_once(project: Callable[..., Path], reporter: int) -> None:
    place = many(project, reporter, {"database": {"sqlite_url": "all.sqlite"}})
    done = place.run("--cores", "16")
    assert done.code == 0, done.err[-3000:]
    assert place.records()["sample"] == WANTED
    with contextlib.closing(sqlite3.connect(place.folder / "all.sqlite")) as connection:
        rows = connection.execute("SELECT record_identifier, length, status FROM words__sample")
        found = {record: (length, status) for record, length, status in rows}
    assert found == {name: (one["length"], "completed") for name, one in WANTED.items()}
