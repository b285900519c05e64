"""PEPs that are on PEPhub, and pipestat's PEPhub back end, against a double of the server.

Everything that would talk to PEPhub is a child process: pephubclient reads the address of the
server and the place of its login file when it is imported, and a home folder of the test's own
keeps it from the login of whoever runs the tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any
from urllib.request import ProxyHandler, build_opener

import peppy
import pytest
from support.pephub_server import EXPIRED, Answer, PephubServer, answer, refusal
from support.projects import edit, flags, write
from support.running import (
    PATIENCE,
    Run,
    cli,
    environment,
    inspect_json,
    python,
    run,
    snakemake,
    use_looper,
)

PATH = "lab/demo:v1"
NOTHING = "Nothing to be done"

# All that a PEP can say, and a pipeline that shows it.
FILES = {
    ".looper.yaml": """
        # a looper config
        pep_config: project.yaml
        pipeline_interfaces: [pipeline/show.yaml]
        """,
    "project.yaml": """
        pep_version: 2.1.0
        name: demo
        description: A project to be shown.
        sample_table: samples.csv
        subsample_table: subsamples.csv
        color: blue
        looper:
          output_dir: results
          cli: {run: {command_extra: --extra}}
          compute: {resources: {mem: 2000}}
        sample_modifiers:
          append: {reads: reads_of, kind: plain}
          imply:
            - if: {organism: human}
              then: {genome: hg38}
            - if: {organism: mouse}
              then: {genome: mm10}
          derive:
            attributes: [reads]
            sources: {reads_of: "data/{sample_name}_*.txt"}
        project_modifiers:
          amend:
            green: {color: green}
            mice: {sample_modifiers: {append: {kind: none, genome: mm39, reads: unread}}}
            other: {sample_table: others.csv}
        """,
    "samples.csv": "sample_name,organism,file\na,human,data/a_1.txt\nb,mouse,data/b_1.txt\n",
    "subsamples.csv": "sample_name,lane\na,1\na,2\nb,3\n",
    "data/a_1.txt": "a\n",
    "data/a_2.txt": "a\n",
    "data/b_1.txt": "b\n",
    "pipeline/show.yaml": """
        pipeline_name: show
        input_schema: schema.yaml
        sample_interface:
          command_template: >
            cat {sample.file} && echo {sample.sample_name} {sample.genome} {sample.kind}
            {sample.reads} {sample.lane} {project.name} {project.color}
        """,
    "pipeline/schema.yaml": """
        properties:
          samples:
            type: array
            items:
              type: object
              properties:
                file: {type: string}
              required: [file]
              tangible: [file]
        """,
}


@pytest.fixture
def server() -> Iterator[PephubServer]:
    with PephubServer() as started:
        yield started
        assert not started.unknown


@dataclass
class Remote:
    """A looper project whose PEP is on the server only."""

    folder: Path
    server: PephubServer
    env: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.folder / ".looper.yaml"

    def push(self, path: str = PATH, private: bool = False) -> None:
        """Upload the PEP, take its files away, and let the looper config name it."""
        files = ("project.yaml", "samples.csv", "subsamples.csv")
        pep = peppy.Project(str(self.folder / files[0]))
        self.server.push(path, pep.to_dict(extended=True, orient="records"), private)
        for name in files:
            (self.folder / name).unlink()
        edit(self.config, "project.yaml", path)

    def jobs(self, *words: str) -> list[dict[str, Any]]:
        jobs: list[dict[str, Any]] = inspect_json(self.folder, *words, **self.env)["jobs"]
        return jobs


@pytest.fixture
def local(project: Callable[..., Path], server: PephubServer, tmp_path: Path) -> Remote:
    """The project while its PEP is in files still."""
    return Remote(project(FILES), server, server.environment(tmp_path / "home"))


@pytest.fixture
def remote(local: Remote) -> Remote:
    local.push()
    return local


# --- the double --------------------------------------------------------------------------------


def test_the_double_answers_as_the_client_models_it(remote: Remote) -> None:
    """If this fails, a new pephubclient reads another shape, and the double must have it too."""
    from pephubclient.models import ProjectDict

    url = f"{remote.server.url}api/v1/projects/lab/demo?raw=true&tag=v1"
    with build_opener(ProxyHandler({})).open(url, timeout=PATIENCE) as opened:
        content = json.load(opened)
    model = ProjectDict(**content)
    assert set(content) == set(ProjectDict.model_fields)
    assert not model.model_extra
    loaded = peppy.Project.from_dict(model.model_dump(by_alias=True))
    assert [sample.to_dict()["lane"] for sample in loaded.samples] == [["1", "2"], ["3"]]


def test_the_double_has_rows_where_the_client_looks_for_them(server: PephubServer) -> None:
    from pephubclient.constants import PEPHUB_SAMPLE_URL

    server.push("lab/demo", {"_config": {}, "_sample_dict": [{"sample_name": "a"}]})
    url = PEPHUB_SAMPLE_URL.format(namespace="lab", project="demo", sample_name="a")
    path = url[url.index("/api/") :]
    assert server.handle("GET", f"{path}?tag=default", None, b"") == answer(
        200, {"sample_name": "a"}
    )


def test_the_double_keeps_peps_as_pephub_does(server: PephubServer) -> None:
    """Names in lower case, a name and a description always, rows in the order they came."""
    server.push("Lab/Demo", {"_config": {}, "_sample_dict": [{"sample_name": "a"}]})
    server.change("lab/demo:default", "b", lines=1)
    given = server.handle("GET", "/api/v1/projects/LAB/demo", None, b"")
    assert json.loads(given.body) == {
        "config": {"name": "demo", "description": None},
        "samples": [{"sample_name": "a"}, {"sample_name": "b", "lines": 1}],
        "subsamples": [],
    }


# --- plans -------------------------------------------------------------------------------------


@pytest.mark.parametrize("amend", [(), ("--amend", "green"), ("--amend", "mice", "green")])
def test_the_plan_is_that_of_the_same_pep_in_files(local: Remote, amend: tuple[str, ...]) -> None:
    """Subsamples, all modifiers, a glob, the `looper:` section, and amendments."""
    jobs = local.jobs(*amend)
    commands = [job["command"] for job in jobs]
    color = "green" if amend else "blue"
    expected = (
        ("a mm39 none unread 1 2", "b mm39 none unread 3")
        if "mice" in amend
        else ("a hg38 plain data/a_1.txt data/a_2.txt 1 2", "b mm10 plain data/b_1.txt 3")
    )
    for command, shown, name in zip(commands, expected, "ab", strict=True):
        assert command.split() == (
            f"cat data/{name}_1.txt && echo {shown} demo {color} --extra".split()
        )
    assert jobs[0]["resources"] == {"mem_mb": 2000}
    assert jobs[0]["inputs"] == ["data/a_1.txt"]
    assert jobs[0]["log"] == "results/submission/show_a.log"
    local.push()
    assert local.jobs(*amend) == jobs
    assert local.server.requests == [f"GET {PATH}"]


def test_an_amendment_says_which_modifiers_it_drops(remote: Remote) -> None:
    done = cli("inspect", "--amend", "mice", cwd=remote.folder, **remote.env)
    assert (
        f"warning: {remote.config}:2: amend.mice: replaces all sample modifiers of the PEP,"
        " also its derive, imply\n"
    ) in done.err


def test_paths_are_relative_to_the_looper_config(remote: Remote, tmp_path: Path) -> None:
    """Wherever it is typed: input files, globs, the remote `output_dir`, own interfaces."""
    here = remote.jobs()
    remote.server.change(PATH, "a", pipeline_interfaces="pipeline/show.yaml")
    remote.server.change(PATH, "b", pipeline_interfaces="pipeline/show.yaml")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    there = inspect_json(elsewhere, "-c", str(remote.config), **remote.env)["jobs"]
    assert there == here
    assert here[0]["flag"].startswith("results/")


def test_looper_renders_the_same(local: Remote) -> None:
    """Names are looper's too: of the project, of the PEP, of jobs and folders."""
    # looper reads options in a PEP's `looper:` section only if the PEP is a file.
    edit(local.folder / "project.yaml", "  cli: {run: {command_extra: --extra}}\n", "")
    edit(
        local.folder / "pipeline/show.yaml",
        "{project.color}",
        "{project.color} {looper.pep_config} {looper.job_name} {looper.output_dir}"
        " {looper.log_file} {project.description} {project.sample_table}",
    )
    edit(local.config, "pipeline_interfaces", "output_dir: results\npipeline_interfaces")
    local.push()
    done = run("looper", "run", "--dry-run", cwd=local.folder, **local.env)
    assert done.code == 0, done.text
    for job in local.jobs():
        script = local.folder / f"results/submission/show_{job['record']}.sub"
        body = re.search(r"^\{\n(.*)\n\} \| tee", script.read_text(), re.DOTALL | re.MULTILINE)
        assert body
        assert job["command"] == body[1]
        assert f" {PATH} show_{job['record']} {local.folder}/results " in job["command"]
    assert local.server.requests == [f"GET {PATH}"] * 2


# --- runs --------------------------------------------------------------------------------------


def test_a_run_and_what_makes_jobs_run_again(remote: Remote) -> None:
    folder, server, env = remote.folder, remote.server, remote.env
    done = use_looper(cwd=folder, **env)
    assert done.code == 0, done.err
    assert done.jobs() == ["show_sample:a", "show_sample:b"]
    assert "hg38" in (folder / "results/submission/show_a.log").read_text()
    assert flags(folder) == ["show_a_completed.flag", "show_b_completed.flag"]
    assert server.requests == [f"GET {PATH}"]

    assert NOTHING in use_looper(cwd=folder, **env).text

    server.change(PATH, "b", organism="human")
    assert use_looper(cwd=folder, **env).jobs() == ["show_sample:b"]
    assert "hg38" in (folder / "results/submission/show_b.log").read_text()

    server.change(PATH, "c", organism="mouse", file="data/b_1.txt", lane="4")
    assert use_looper(cwd=folder, **env).jobs() == ["show_sample:c"]
    assert server.requests == [f"GET {PATH}"] * 4


def test_only_the_main_process_asks_the_server(remote: Remote) -> None:
    """A job on a cluster parses the Snakefile again, perhaps where there is no network."""
    assert use_looper("-n", cwd=remote.folder, **remote.env).code == 0
    (snakefile,) = (remote.folder / ".snakemake/looper").glob("*/Snakefile")
    remote.server.stop()
    done = snakemake("-n", "-s", str(snakefile), cwd=remote.folder, **remote.env)
    assert done.code == 0, done.err
    assert done.jobs() == ["show_sample:a", "show_sample:b"]


def test_a_private_project_with_a_login(local: Remote, tmp_path: Path) -> None:
    local.push(private=True)
    token = local.server.token("lab")
    local.env = local.server.environment(tmp_path / "home", token)
    assert [job["record"] for job in local.jobs()] == ["a", "b"]
    leaked = [path for path in local.folder.rglob("*") if path.is_file()]
    assert not [path for path in leaked if token in path.read_text(errors="replace")]


# --- trouble -----------------------------------------------------------------------------------

AGAIN = "try again later, or check the address of the server"
NO_LOGIN = f"PEPhub has no '{PATH}', or it is private; correct the path, or log in with 'phc login'"


def one_line(done: Run, remote: Remote, message: str) -> None:
    """That is all that is said, and nothing is done."""
    assert done.err == f"error: {remote.config}:2: pep_config: {message}\n"
    assert (done.code, done.out) == (2, "")
    assert not (remote.folder / ".snakemake/looper").exists()
    assert not (remote.folder / "results").exists()


def inspect(remote: Remote, *words: str) -> Run:
    return cli("inspect", "--json", *words, cwd=remote.folder, **remote.env)


def test_no_server(remote: Remote) -> None:
    remote.server.stop()
    at = remote.server.url.rstrip("/")
    message = f"PEPhub cannot be reached at {at}: Connection refused; {AGAIN}"
    one_line(inspect(remote), remote, message)
    done = use_looper(cwd=remote.folder, **remote.env)
    assert done.code == 2
    assert f"error: {remote.config}:2: pep_config: {message}\n" in done.err
    assert "Traceback" not in done.text


def test_no_server_any_more(remote: Remote) -> None:
    """A plan that is there is not used in place of what cannot be asked for."""
    assert use_looper("-n", cwd=remote.folder, **remote.env).code == 0
    remote.server.stop()
    done = use_looper("-n", cwd=remote.folder, **remote.env)
    assert done.code == 2
    assert "PEPhub cannot be reached" in done.err


@pytest.mark.parametrize("why", ["unknown", "private", "private to others"])
def test_no_such_project(local: Remote, tmp_path: Path, why: str) -> None:
    """PEPhub does not tell whoever may not read a project that there is one."""
    local.push(private=why != "unknown")
    if why == "unknown":
        edit(local.config, PATH, "lab/demo:v2")
    if why == "private to others":
        local.env = local.server.environment(tmp_path / "home", local.server.token("others"))
    message = NO_LOGIN.replace(":v1", ":v2") if why == "unknown" else NO_LOGIN
    one_line(inspect(local), local, message)


def test_an_expired_login(remote: Remote, tmp_path: Path) -> None:
    remote.env = remote.server.environment(tmp_path / "home", EXPIRED)
    message = "the login at PEPhub has expired; log in again with 'phc login'"
    one_line(inspect(remote), remote, message)


def test_a_login_that_cannot_be_read(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "home/.pephubclient/jwt.toml").write_text("token: eyJ\n")
    done = inspect(remote)
    assert done.code == 2
    assert f"{remote.config}:2: pep_config: the login at PEPhub cannot be read: " in done.err
    assert done.err.endswith("; log in with 'phc login'\n")
    assert len(done.err.splitlines()) == 1


ANSWERS = {
    "refused": (refusal(403, "no"), f"; log in with 'phc login', or {AGAIN}"),
    "a gateway's": (refusal(502, "no"), f"; log in with 'phc login', or {AGAIN}"),
    "broken": (
        refusal(500, "no"),
        f": Internal server error. Unexpected return value. Error: 500; {AGAIN}",
    ),
    "a web page": (
        Answer(200, b"<!doctype html>", "text/html"),
        f": Error in response encoding format: Expecting value: line 1 column 1 (char 0); {AGAIN}",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_no_answer(remote: Remote, name: str) -> None:
    remote.server.instead, message = ANSWERS[name]
    one_line(inspect(remote), remote, f"PEPhub does not give '{PATH}'{message}")


@pytest.mark.parametrize("content", [[], {}, {"config": {}, "samples": None, "subsamples": None}])
def test_no_pep(remote: Remote, content: Any) -> None:
    remote.server.instead = answer(200, content)
    one_line(
        inspect(remote), remote, f"PEPhub gives something for '{PATH}' that is no PEP; {AGAIN}"
    )


def test_a_pep_without_samples(remote: Remote) -> None:
    pep: Any = {"config": {"looper": {"output_dir": "results"}}, "samples": [], "subsamples": None}
    remote.server.instead = answer(200, pep)
    one_line(inspect(remote), remote, "there are no samples; add a row for each")


def test_a_pep_that_peppy_cannot_read(remote: Remote) -> None:
    pep: Any = {"config": {}, "samples": [{"name": "a"}], "subsamples": None}
    remote.server.instead = answer(200, pep)
    done = inspect(remote)
    assert done.code == 2
    assert done.err == (
        f"error: {remote.config}:2: sample_name: the PEP has no column 'sample_name', there are name;"
        " rename the column of the samples' names at PEPhub\n"
    )


def test_faults_of_samples_are_said_where_the_pep_is_named(remote: Remote) -> None:
    remote.server.change(PATH, "a", sample_name="a/b")
    remote.server.change(PATH, "b", pipeline_interfaces="none.yaml")
    done = inspect(remote)
    assert done.code == 2
    missing = remote.folder / "none.yaml"
    assert sorted(done.err.splitlines()) == [
        f"error: {remote.config}:2: pipeline_interfaces: '{missing}' does not exist; correct the"
        " path",
        f"error: {remote.config}:2: sample_name: sample name 'a/b' has a character that cannot be"
        " part of an output file's name; use letters, digits, '.', '-' and '_'",
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("blue", "the PEP has no amendment 'blue'; write one of green, mice, other"),
        (
            "other",
            "amendment 'other' has its own sample_table, and PEPhub keeps one for each project;"
            " upload the amended project under another tag",
        ),
    ],
)
def test_amendments_that_cannot_be_had(remote: Remote, name: str, message: str) -> None:
    one_line(inspect(remote, "--amend", name), remote, message)


def test_no_client(remote: Remote, tmp_path: Path) -> None:
    """peppy asks for it on PyPI, but imports without it."""
    broken = "raise ImportError(\"No module named 'pephubclient'\")\n"
    write(tmp_path / "first", {"pephubclient.py": broken})
    path = environment().get("PYTHONPATH", "")
    remote.env["PYTHONPATH"] = f"{tmp_path / 'first'}:{path}".rstrip(":")
    one_line(
        inspect(remote),
        remote,
        "PEPhub needs pephubclient, which cannot be imported (No module named 'pephubclient');"
        " run pip install 'snakemake-looper[pephub]'",
    )


# --- pipestat's PEPhub back end ----------------------------------------------------------------
#
# What pipestat 0.13 can do with it, and what it cannot. Where a test here says that pipestat
# fails, and pipestat no longer does, the test is to be turned round, and whatever goes around the
# fault can go.

RESULTS = "lab/results:default"
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
            lines: {type: integer, description: Lines.}
            words: {type: integer, description: Words.}
            label: {type: string, description: A label.}
      project:
        type: object
        properties:
          total: {type: integer, description: All lines.}
    """
# A child that makes a manager and evaluates each line that it is given.
DRIVER = """
    import json, sys
    from concurrent.futures import ThreadPoolExecutor
    from pipestat import PipestatManager
    path, schema = sys.argv[1:3]
    def manager():
        return PipestatManager.from_pephub_backend(path, schema_path=schema or None)
    def at_once(values):
        def report(item):
            return manager().report(item[1], record_identifier=item[0])
        with ThreadPoolExecutor(len(values)) as pool:
            return list(pool.map(report, values))
    psm = manager()
    outcomes = []
    for line in sys.stdin.read().splitlines():
        try:
            outcomes.append(eval(line))
        except Exception as error:
            outcomes.append(f"{type(error).__name__}: {error}")
    json.dump(outcomes, sys.stdout)
    """


@dataclass
class Reporter:
    """pipestat as a pipeline has it, with its results in a PEP of their own."""

    server: PephubServer
    folder: Path
    env: dict[str, str]

    def start(self, *rows: dict[str, Any]) -> None:
        """Begin with these rows, and forget the requests so far."""
        self.server.push(RESULTS, {"_config": {}, "_sample_dict": rows, "_subsample_list": None})
        self.server.requests.clear()

    def rows(self) -> dict[str, dict[str, Any]]:
        """What the server has, without the names."""
        rows = self.server.rows(RESULTS)
        return {name: {k: v for k, v in row.items() if v != name} for name, row in rows.items()}

    def do(self, *lines: str, schema: bool = True) -> list[Any]:
        """What each line gives, or its error as text."""
        words = (RESULTS, str(self.folder / "schema.yaml") if schema else "")
        stdin = "\n".join(lines)
        done = python(dedent(DRIVER), *words, cwd=self.folder, stdin=stdin, **self.env)
        assert done.code == 0, done.err
        outcomes: list[Any] = json.loads(done.out)
        assert len(outcomes) == len(lines)
        return outcomes


@pytest.fixture
def pipestat(server: PephubServer, tmp_path: Path) -> Reporter:
    write(tmp_path, {"schema.yaml": SCHEMA})
    env = server.environment(tmp_path / "home", server.token("lab"))
    return Reporter(server, tmp_path, env)


FULL = {"lines": 0, "words": 0, "label": "", "status": ""}


def test_pipestat_reports_and_retrieves(pipestat: Reporter) -> None:
    """Where the table has all columns before, this works."""
    pipestat.start({"sample_name": "a", **FULL}, {"sample_name": "b", **FULL})
    assert pipestat.do(
        "psm.report({'lines': 3, 'label': 'x'}, record_identifier='a') and 'reported'",
        "psm.retrieve_one('a')",
        "psm.retrieve_one('a', 'lines')",
        "psm.retrieve_one('c')",
        "psm.retrieve_many(['a', 'b'], 'lines')['records']",
        "psm.count_records()",
        "psm['b']['words']",
        "[psm.backend.check_record_exists(name) for name in 'ac']",
        "psm.remove('b')",
        "[record['record_identifier'] for record in psm.select_records()['records']]",
    ) == [
        "reported",
        {"record_identifier": "a", **FULL, "lines": 3, "label": "x"},
        3,
        "RecordNotFoundError: Record 'c' not found",
        [{"record_identifier": "a", "lines": 3}, {"record_identifier": "b", "lines": 0}],
        2,
        0,
        [True, False],
        True,
        ["a"],
    ]
    assert pipestat.rows() == {"a": {**FULL, "lines": 3, "label": "x"}}


def test_pipestat_selects_by_text_only(pipestat: Reporter) -> None:
    pipestat.start({"sample_name": "a", **FULL, "lines": 3, "label": "x"})
    assert pipestat.do(
        "len(psm.select_records(filter_conditions=[{'key': 'label', 'operator': 'eq',"
        " 'value': 'x'}, {'key': 'record_identifier', 'operator': 'eq', 'value': 'a'}])['records'])",
        "len(psm.select_records(filter_conditions=[{'key': 'lines', 'operator': 'eq',"
        " 'value': 3}])['records'])",
        "psm.select_records(filter_conditions=[{'key': 'lines', 'operator': 'ge', 'value': 3}])",
        "psm.select_records(filter_conditions=[{'key': 'label', 'operator': 'like', 'value': 'x'}])",
        "psm.select_records(filter_conditions=[{'key': 'none', 'operator': 'eq', 'value': 'x'}])",
    ) == [
        1,
        0,  # not found, though it is there: every value is compared as text
        "TypeError: Invalid comparison between dtype=int64 and str",
        "ValueError: Invalid filter operator: like",
        "UndefinedVariableError: name 'none' is not defined",
    ]


def test_pipestat_has_statuses_in_the_table(pipestat: Reporter) -> None:
    pipestat.start({"sample_name": "a", **FULL})
    assert pipestat.do(
        "psm.get_status('a')",
        "psm.set_status('running', 'a')",
        "psm.get_status('a')",
        "psm.get_status('c')",
        "psm.set_status('asleep', 'a').__doc__",
        "psm.clear_status('a')",  # says "Not implemented yet for this backend", in its log
        "psm.get_status('a')",
    ) == [
        None,
        None,
        "running",
        None,
        "UnrecognizedStatusError: Unrecognized status: 'asleep' is not a defined status"
        " identifier. These are allowed: dict_keys(['running', 'completed', 'failed', 'waiting',"
        " 'partial'])",
        None,
        "running",
    ]
    assert pipestat.do("psm.set_status('running', 'a')", schema=False) == [
        "AttributeError: 'NoneType' object has no attribute 'keys'"
    ]


def test_what_a_report_costs(pipestat: Reporter) -> None:
    """Requests, one after the other; each GET is the whole PEP."""
    pipestat.start({"sample_name": "a", **FULL})
    expected = {
        "psm.report({'lines': 3}, record_identifier='a')": ["GET", "PATCH"],
        "psm.report({'lines': 3}, record_identifier='b')": ["GET", "POST"],
        "psm.set_status('running', 'a')": ["GET", "GET", "PATCH"],
        "psm.get_status('a')": ["GET"],
        "psm.remove('a', 'lines')": ["GET", "GET", "PATCH"],
        "psm.remove('a')": ["GET", "DELETE"],
    }
    pipestat.do(*expected)
    calls = [request.partition(" ")[0] for request in pipestat.server.requests]
    assert calls == [call for one in expected.values() for call in one]


def test_the_first_report_of_a_result_replaces_the_record(pipestat: Reporter) -> None:
    """pipestat asks whether the result is there, which it never is while the table has no such
    column, then has PEPhub make the record anew: what else was in its row is lost."""
    pipestat.start({"sample_name": "a", "file": "a.txt"}, {"sample_name": "b", "file": "b.txt"})
    pipestat.do("psm.report({'lines': 3}, record_identifier='a')")
    assert pipestat.rows() == {"a": {"lines": 3}, "b": {"file": "b.txt"}}
    pipestat.do("psm.report({'words': 9}, 'a')", "psm.set_status('completed', 'a')")
    assert pipestat.rows()["a"] == {"status": "completed"}
    # Now that "a" has made the column, "b" keeps the rest of its row.
    pipestat.do("psm.set_status('completed', 'b')")
    assert pipestat.rows()["b"] == {"file": "b.txt", "status": "completed"}


def test_an_empty_cell_is_a_result_that_exists(pipestat: Reporter) -> None:
    """Without overwriting, the first report of a record is refused where another has the column."""
    pipestat.start({"sample_name": "a", "lines": 3}, {"sample_name": "b"})
    line = "psm.report({'lines': 4}, record_identifier='b', force_overwrite=False)"
    assert pipestat.do(line, "psm.retrieve_one('b', 'lines')") == [False, ""]
    assert pipestat.rows()["b"] == {}


def test_records_that_are_reported_at_once(pipestat: Reporter) -> None:
    """None is lost here; PEPhub itself may, since it chains each new row to the last one."""
    pipestat.start({"sample_name": "seed", **FULL})
    pipestat.do("at_once([(f'r{i}', {'lines': i}) for i in range(20)]) and None")
    expected = {f"r{i}": {"lines": i} for i in range(20)}
    assert pipestat.rows() == {"seed": FULL, **expected}


def test_results_of_one_record_that_are_reported_at_once(pipestat: Reporter) -> None:
    """One of two is lost, in whatever order they come."""
    pipestat.start({"sample_name": "a"})
    pipestat.do("at_once([('a', {'lines': 3}), ('a', {'words': 9})]) and None")
    assert pipestat.rows()["a"] in ({"lines": 3}, {"words": 9})


def test_what_pipestat_cannot_do(pipestat: Reporter) -> None:
    pipestat.start({"sample_name": "a", **FULL})
    expected = {
        # A value that is the record's own name: the client takes it for the name.
        "psm.report({'label': 'n'}, record_identifier='n')": (
            "ResponseError: Unexpected return value. Error: 400"
        ),
        "psm.report({'unknown': 1}, record_identifier='a')": (
            "SchemaError: 'pipestat_extended_data' is not a known sample-level result. Known"
            " sample-level results are: ['lines', 'words', 'label']."
        ),
        'psm.report({"lines": 1}, record_identifier="it\'s")': (
            "SyntaxError: unterminated string literal (detected at line 1) (<unknown>, line 1)"
        ),
        "psm.backend.list_results(record_identifier='a')": [],  # though there are four
        "len(psm.select_records(limit=0)['records'])": 1,
        "psm.list_recent_results()": {},
        "psm.retrieve_history('a')": None,
        "psm.select_distinct('lines')": (
            "AttributeError: 'PEPHUBBACKEND' object has no attribute 'select_distinct'"
        ),
        "psm.list_projects()": (
            "AttributeError: 'PEPHUBBACKEND' object has no attribute 'list_projects'"
        ),
        "psm.data": "AttributeError: 'PEPHUBBACKEND' object has no attribute '_data'",
        "str(psm)": "AttributeError: 'PEPHUBBACKEND' object has no attribute 'db_engine_key'",
    }
    outcomes = pipestat.do(*expected)
    assert dict(zip(expected, outcomes, strict=True)) == expected


def test_a_pep_without_rows_takes_no_results(pipestat: Reporter) -> None:
    pipestat.start()
    assert pipestat.do(
        "psm.count_records()",
        "psm.get_status('a')",
        "psm.report({'lines': 3}, record_identifier='a')",
        "psm.set_status('running', 'a')",
    ) == [
        0,
        None,
        "UndefinedVariableError: name 'sample_name' is not defined",
        "AttributeError: 'PEPHUBBACKEND' object has no attribute 'table_name'",
    ]


def test_reporting_needs_a_login(pipestat: Reporter) -> None:
    """Reading a public PEP does not. The errors do not say that it is about the login."""
    pipestat.start({"sample_name": "a", "lines": 3})
    pipestat.env = pipestat.server.environment(pipestat.folder / "stranger")
    assert pipestat.do(
        "psm.retrieve_one('a', 'lines')",
        "psm.report({'lines': 4}, record_identifier='a')",
        "psm.report({'words': 4}, record_identifier='a')",
        "psm.remove('a')",
    ) == [
        3,
        f"ResponseError: Sample 'a' or project {RESULTS} does not exist. Error: 404",
        "ResponseError: Unexpected return value. Error: 401",
        "ResponseError: Unexpected return value. Error: 401",
    ]
    pipestat.env = pipestat.server.environment(pipestat.folder / "late", EXPIRED)
    assert pipestat.do("psm.retrieve_one('a', 'lines')") == [
        "ResponseError: JWT has expired. Please log in again."
    ]
    assert pipestat.rows() == {"a": {"lines": 3}}


def test_the_client_reads_its_two_addresses_apart(pipestat: Reporter) -> None:
    """The PEP from the login's server, rows from PEPHUB_BASE_URL: whoever has a server of their
    own must give both, or results go to the public one."""
    pipestat.start({"sample_name": "a", **FULL})
    with PephubServer() as other:
        pipestat.env["PEPHUB_BASE_URL"] = other.url
        (outcome,) = pipestat.do("psm.report({'lines': 3}, record_identifier='a')")
        assert outcome.startswith("ResponseError: Sample 'a' or project")
        assert other.requests == [f"PATCH {RESULTS} a"]
    assert pipestat.server.requests == [f"GET {RESULTS}"]


def test_jobs_report_by_the_merged_config(local: Remote, tmp_path: Path) -> None:
    """Sample and project level, the record from the environment, as pipelines find them."""
    server = local.server
    local.env = server.environment(tmp_path / "home", server.token("lab"))
    rows = [{"sample_name": "seed", "lines": 0, "total": 0}]
    server.push(RESULTS, {"_config": {}, "_sample_dict": rows, "_subsample_list": None})
    local.push()
    write(
        local.folder,
        {
            "report.py": """
                import sys
                from pipestat import PipestatManager
                psm = PipestatManager.from_config(sys.argv[1])
                psm.report({sys.argv[2]: 3})
                """,
            "pipeline/show.yaml": """
                pipeline_name: count
                output_schema: output.yaml
                sample_interface:
                  command_template: python report.py {pipestat.config_file} lines
                project_interface:
                  command_template: python report.py {pipestat.config_file} total
                """,
            "pipeline/output.yaml": SCHEMA,
        },
    )
    with local.config.open("a") as config:
        config.write(f"pipestat:\n  pephub_path: {RESULTS}\n")
    done = use_looper(cwd=local.folder, **local.env)
    assert done.code == 0, done.text
    found = server.rows(RESULTS)
    assert {name: row.get("lines", row.get("total")) for name, row in found.items()} == {
        "seed": 0,
        "a": 3,
        "b": 3,
        "demo": 3,
    }
