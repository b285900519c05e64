"""Inputs at `s3://` and `https://` addresses, in real runs against servers on this machine."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.certificates import certificates
from support.http_server import Answer, FileServer, Trouble
from support.projects import edit, flags, write
from support.running import (
    PATIENCE,
    Run,
    cli,
    inspect_json,
    snakemake,
    start_run,
    use_looper,
    wait_until,
)
from support.s3_server import KEY, SECRET, S3Server

NOTHING = "Nothing to be done"
PROJECT: Mapping[str, str] = {
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [copy.yaml]
        """,
    "project.yaml": """
        pep_version: 2.1.0
        name: demo
        sample_table: samples.csv
        """,
    "copy.yaml": """
        pipeline_name: copy
        input_schema: schema.yaml
        sample_interface:
          command_template: >
            mkdir -p {looper.sample_output_folder}
            && cat "{sample.reads}" > {looper.sample_output_folder}/copy.txt
            && basename "{sample.reads}" && echo {sample.sample_name} >> ran.txt
        """,
    "schema.yaml": """
        properties:
          samples:
            type: array
            items:
              type: object
              properties:
                sample_name: {type: string}
                reads: {type: string}
              required: [sample_name, reads]
              tangible: [reads]
        """,
}


CLUSTER = (
    *("--executor", "cluster-generic", "--cluster-generic-submit-cmd", "./submit.sh", "-j", "3"),
    *("--latency-wait", "1", "--seconds-between-status-checks", "1"),
)


def table(**reads: str) -> str:
    """A sample table, with an address or a path for each sample."""
    quoted = {name: '"' + one.replace('"', '""') + '"' for name, one in reads.items()}
    return "sample_name,reads\n" + "".join(f"{name},{one}\n" for name, one in quoted.items())


@dataclass(frozen=True)
class Servers:
    s3: S3Server
    web: FileServer
    trusted: Path

    @property
    def env(self) -> dict[str, str]:
        return {**self.s3.env, "REQUESTS_CA_BUNDLE": str(self.trusted), "NO_PROXY": "127.0.0.1"}

    def run(self, folder: Path, *words: str) -> Run:
        return use_looper(*self.s3.options, *words, cwd=folder, **self.env)

    def requests(self) -> int:
        return self.s3.counts.total() + self.web.counts.total()

    def downloads(self, name: str = "") -> int:
        """The downloads of objects whose names end with a text."""
        keys = (one for one in self.s3.counts.elements() if re.match(r"GET /[^/]+/.", one))
        paths = (one for one in self.web.counts.elements() if one.startswith("GET "))
        return sum(one.endswith(name) for one in (*keys, *paths))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    trusted, served = certificates(tmp_path_factory.mktemp("certificates"))
    with S3Server() as s3, FileServer(served) as web:
        yield Servers(s3, web, trusted)


def ran(folder: Path) -> str:
    """The samples whose command has run since this was asked for the last time."""
    noted = folder / "ran.txt"
    names = "".join(sorted(noted.read_text().split())) if noted.exists() else ""
    noted.unlink(missing_ok=True)
    return names


def copied(folder: Path, sample: str) -> str:
    return (folder / f"results/results_pipeline/{sample}/copy.txt").read_text()


def after_flags(folder: Path) -> float:
    """A date for a change: a whole second after the flags of a folder were made, and not later."""
    made = max(path.stat().st_mtime for path in folder.rglob("*.flag"))
    wait_until(lambda: int(time.time()) > made)
    return int(time.time())


def local_copies(folder: Path) -> list[str]:
    found = (folder / ".snakemake/storage").rglob("*")
    return sorted(path.name for path in found if path.is_file())


def lines_with(text: str, part: str) -> list[str]:
    return [line for line in text.splitlines() if part in line]


# --- a project from its first dry run to a change of each object ----------------------------------


@dataclass(frozen=True)
class Story:
    """One project with an object on S3, a file on a web server, and a local file."""

    servers: Servers
    folder: Path
    addresses: tuple[str, str]
    runs: Mapping[str, Run]
    ran: Mapping[str, str]
    """The samples whose commands ran in each run."""
    downloads: Mapping[str, int]


@pytest.fixture(scope="module")
def story(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = write(tmp_path_factory.mktemp("story"), {**PROJECT, "c.txt": "c\n"})
    a = servers.s3.put("story", "run_1/a.txt", "a\n")
    b = servers.web.put("/story/b.txt", "b\n")
    (folder / "samples.csv").write_text(table(a=a, b=b, c="c.txt"))
    runs, who, downloads = {}, {}, {}

    def step(name: str, *words: str) -> None:
        before = servers.downloads()
        runs[name] = servers.run(folder, *words)
        who[name], downloads[name] = ran(folder), servers.downloads() - before

    step("dry", "-n")
    step("first")
    step("again")
    step("elsewhere", "-n", "--local-storage-prefix", "other")
    servers.s3.put("story", "run_1/a.txt", "a, changed\n", after_flags(folder))
    step("dry after a change on S3", "-n")
    step("after a change on S3")
    servers.web.put("/story/b.txt", "b, changed\n", after_flags(folder))
    step("after a change on the web")
    step("at the end")
    return Story(servers, folder, (a, b), runs, who, downloads)


def test_a_dry_run_downloads_nothing(story: Story) -> None:
    dry = story.runs["dry"]
    assert dry.code == 0, dry.text
    assert dry.jobs() == [f"copy_sample:{s}" for s in "abc"]
    assert story.downloads["dry"] == 0 and story.ran["dry"] == ""


def test_commands_get_local_copies(story: Story) -> None:
    assert story.runs["first"].code == 0, story.runs["first"].text
    assert story.ran["first"] == "abc" and story.downloads["first"] == 2
    log = story.folder / "results/submission"
    assert [(log / f"copy_{s}.log").read_text() for s in "abc"] == ["a.txt\n", "b.txt\n", "c.txt\n"]
    assert copied(story.folder, "c") == "c\n"
    assert len(flags(story.folder / "results")) == 3
    assert local_copies(story.folder) == []


def test_a_second_run_has_nothing_to_do(story: Story) -> None:
    again = story.runs["again"]
    assert again.code == 0 and NOTHING in again.text
    assert story.ran["again"] == "" and story.downloads["again"] == 0


def test_the_place_of_copies_is_no_change(story: Story) -> None:
    assert story.runs["elsewhere"].jobs() == []


def test_one_object_changed_is_one_job(story: Story) -> None:
    dry = story.runs["dry after a change on S3"]
    assert dry.jobs() == ["copy_sample:a"]
    assert story.downloads["dry after a change on S3"] == 0
    assert story.ran["after a change on S3"] == "a"
    assert copied(story.folder, "a") == "a, changed\n"


def test_one_file_of_a_web_server_changed_is_one_job(story: Story) -> None:
    assert story.ran["after a change on the web"] == "b"
    assert copied(story.folder, "b") == "b, changed\n"
    assert story.ran["at the end"] == "" and NOTHING in story.runs["at the end"].text


def test_inspect_shows_addresses_and_asks_nobody(story: Story) -> None:
    before = story.servers.requests()
    plan = inspect_json(story.folder, **story.servers.env)
    jobs = {job["record"]: job for job in plan["jobs"]}
    a, b = story.addresses
    assert f'cat "{a}" > ' in jobs["a"]["command"] and f'basename "{b}"' in jobs["b"]["command"]
    assert (jobs["a"]["inputs"], jobs["b"]["inputs"], jobs["c"]["inputs"]) == ([a], [b], ["c.txt"])
    assert f'cat "{a}" > ' in cli("inspect", "--sample", "a", cwd=story.folder).out
    assert story.servers.requests() == before


def test_check_asks_nobody(story: Story) -> None:
    before = story.servers.requests()
    told = cli("check", "--json", "--itemized", cwd=story.folder)
    assert told.code == 0, told.text
    records = json.loads(told.out)["records"]
    assert [(one["record"], one["status"]) for one in records] == [(s, "completed") for s in "abc"]
    assert not any(one.get("outdated") for one in records)
    assert story.servers.requests() == before


def test_credentials_are_nowhere(story: Story) -> None:
    written = [path for path in story.folder.rglob("*") if path.is_file()]
    for secret in (SECRET, KEY):
        assert not any(secret.encode() in path.read_bytes() for path in written)
        assert not any(secret in one.text for one in story.runs.values())


# --- objects that cannot be had ------------------------------------------------------------------

REASONS = {
    "no_key": r"missing",
    "no_bucket": r"missing",
    "no_file": r"missing",
    "forbidden": r"403|forbidden|not allowed|permission",
    "broken": r"500",
    "closed": r"closed|reached|answer|connection",
    "refused": r"refused|reached",
    "hanging": r"answer|time|second",
}
"""What the reason of each sample says, whatever its words."""


@dataclass(frozen=True)
class Troubled:
    folder: Path
    addresses: Mapping[str, str]
    done: Run
    ran: str


@pytest.fixture(scope="module")
def troubled(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Troubled:
    folder = write(tmp_path_factory.mktemp("troubled"), PROJECT)
    web = servers.web
    web.answers["/closed/forbidden.txt"] = Answer(403, b"<html>no</html>")
    web.answers["/closed/broken.txt"] = Answer(500)
    web.answers["/closed/closed.txt"] = Trouble.CLOSE
    web.answers["/closed/hanging.txt"] = Trouble.HANG
    addresses = {
        "x": servers.s3.put("troubled", "x.txt", "x\n"),
        "no_key": "s3://troubled/no/key.txt",
        "no_bucket": "s3://there-is-none/no/key.txt",
        "no_file": web.url("/none.txt"),
        "forbidden": web.url("/closed/forbidden.txt"),
        "broken": web.url("/closed/broken.txt"),
        "closed": web.url("/closed/closed.txt"),
        "refused": "https://127.0.0.1:1/refused.txt",
        "hanging": web.url("/closed/hanging.txt"),
    }
    (folder / "samples.csv").write_text(table(**addresses))
    done = cli("run", *servers.s3.options, cwd=folder, **servers.env)
    return Troubled(folder, addresses, done, ran(folder))


@pytest.mark.parametrize("sample", REASONS)
def test_a_sample_without_its_object_is_skipped(troubled: Troubled, sample: str) -> None:
    told = lines_with(troubled.done.text, troubled.addresses[sample])
    assert len(told) == 1, troubled.done.text
    assert sample in told[0] and re.search(REASONS[sample], told[0], re.IGNORECASE), told[0]


def test_the_others_run(troubled: Troubled) -> None:
    assert troubled.done.code == 1 and troubled.ran == "x"
    assert "Traceback" not in troubled.done.text and "Exception" not in troubled.done.text
    assert SECRET not in troubled.done.text


@pytest.mark.parametrize("trouble", ["forbidden", "out of reach"])
def test_s3_that_answers_nothing(tmp_path: Path, servers: Servers, trouble: str) -> None:
    write(tmp_path, {**PROJECT, "c.txt": "c\n"})
    (tmp_path / "samples.csv").write_text(table(a="s3://closed/d/a.txt", c="c.txt"))
    with FileServer() as closed:
        for path in ("/closed", "/closed/d/a.txt"):
            closed.answers[path] = Answer(403)
        closed.answers["GET /closed?prefix=d&encoding-type=url"] = Answer(403)
        endpoint = closed.url("") if trouble == "forbidden" else "http://127.0.0.1:1"
        words = ("run", "-d", "--storage-s3-endpoint-url", endpoint)
        done = cli(*words, cwd=tmp_path, **servers.env)
    assert done.code == 1 and "Traceback" not in done.text, done.text
    told = lines_with(done.text, "s3://closed/d/a.txt")
    assert len(told) == 1, done.text
    wanted = "403|forbidden|not allowed|permission" if trouble == "forbidden" else "reached|answer"
    assert re.search(wanted, told[0], re.IGNORECASE)
    assert SECRET not in done.text


def test_a_server_that_refuses_head(tmp_path: Path, servers: Servers) -> None:
    write(tmp_path, PROJECT)
    address = servers.web.put("/headless.txt", "a\n")
    servers.web.answers["HEAD /headless.txt"] = Answer(405)
    (tmp_path / "samples.csv").write_text(table(a=address))
    refused = servers.run(tmp_path, "-n")
    assert f"the server answers 405: {address}" in refused.text
    assert servers.run(tmp_path, "--storage-http-supports-head", "").code == 0
    assert copied(tmp_path, "a") == "a\n"


def test_hostile_answers(tmp_path: Path, servers: Servers) -> None:
    write(tmp_path, {**PROJECT, "c.txt": "c\n"})
    web = servers.web
    ends = {"Connection": "close"}
    web.answers["/hostile/loop.txt"] = Answer(302, b"", {"Location": "/hostile/loop.txt"})
    web.answers["/hostile/huge.txt"] = Answer(200, b"x", {"Content-Length": str(10**16), **ends})
    web.answers["/hostile/date.txt"] = Answer(200, b"x\n", {"Last-Modified": "\xe4\xf6\xfc"})
    web.answers["/hostile/size.txt"] = Answer(200, b"", {"Content-Length": "many", **ends})
    names = ("loop", "huge", "date", "size")
    addresses = {name: web.url(f"/hostile/{name}.txt") for name in names}
    (tmp_path / "samples.csv").write_text(table(**addresses, c="c.txt"))
    done = servers.run(tmp_path)
    assert "Traceback" not in done.text, done.text
    assert "c" in ran(tmp_path), done.text


def test_an_error_page_is_no_input(tmp_path: Path, servers: Servers) -> None:
    """The server answers `HEAD`, and refuses the download, or breaks it off."""
    write(tmp_path, {**PROJECT, "c.txt": "c\n"})
    web = servers.web
    late, half = web.put("/late.txt", "the content\n"), web.put("/half.txt", "fullfull")
    web.answers["GET /late.txt"] = Answer(503, b"come back later\n")
    web.answers["GET /half.txt"] = Trouble.BREAK
    (tmp_path / "samples.csv").write_text(table(late=late, half=half, c="c.txt"))
    done = servers.run(tmp_path)
    assert done.code != 0, done.text
    assert ran(tmp_path) == "c", done.text
    del web.answers["GET /late.txt"], web.answers["GET /half.txt"]
    assert servers.run(tmp_path).code == 0
    assert (copied(tmp_path, "late"), copied(tmp_path, "half")) == ("the content\n", "fullfull")


def test_a_copy_that_a_killed_run_has_left_half(tmp_path: Path, servers: Servers) -> None:
    write(tmp_path, PROJECT)
    address = servers.web.put("/killed/a.txt", "all of it\n")
    (tmp_path / "samples.csv").write_text(table(a=address))
    left = tmp_path / f".snakemake/storage/http/127.0.0.1:{servers.web.port}/killed/a.txt"
    left.parent.mkdir(parents=True)
    left.write_text("all")
    assert servers.run(tmp_path).code == 0
    assert copied(tmp_path, "a") == "all of it\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda one: one.name)
def test_a_signal_while_a_download_stalls(
    tmp_path: Path, servers: Servers, number: signal.Signals
) -> None:
    write(tmp_path, {**PROJECT, "c.txt": "c\n"})
    path = f"/stalled/{number}.txt"
    address = servers.web.put(path, "all of it\n")
    servers.web.answers[f"GET {path}"] = Trouble.HANG
    (tmp_path / "samples.csv").write_text(table(a=address, c="c.txt"))
    run = start_run(tmp_path, "--cores", "2", **servers.env)
    wait_until(lambda: servers.web.counts[f"GET {path}"])
    os.killpg(run.pid, number)
    assert run.wait(PATIENCE) != 0
    assert "Traceback" not in (tmp_path / "out.txt").read_text()
    told = json.loads(cli("check", "--json", cwd=tmp_path).out)["records"]
    assert not {one["status"] for one in told} & {"running", "completed"}
    del servers.web.answers[f"GET {path}"]
    assert servers.run(tmp_path).code == 0
    assert ran(tmp_path) == "ac" and copied(tmp_path, "a") == "all of it\n"


def test_a_kept_copy_hides_no_change(tmp_path: Path, servers: Servers) -> None:
    """Snakemake compares small files by checksum, and would take that of the copy that was kept."""
    write(tmp_path, PROJECT)
    rows = {"a": servers.s3.put("kept", "d/a.txt", "a\n"), "b": servers.web.put("/k/b.txt", "b\n")}
    (tmp_path / "samples.csv").write_text(table(**rows))
    keep = "--keep-storage-local-copies"
    assert servers.run(tmp_path, keep).code == 0 and ran(tmp_path) == "ab"
    assert local_copies(tmp_path) == ["a.txt", "b.txt"]
    servers.s3.put("kept", "d/a.txt", "new\n", after_flags(tmp_path))
    servers.web.put("/k/b.txt", "new\n", after_flags(tmp_path))
    assert servers.run(tmp_path, "-n", keep).jobs() == ["copy_sample:a", "copy_sample:b"]
    assert servers.run(tmp_path, keep).code == 0 and ran(tmp_path) == "ab"
    assert [copied(tmp_path, s) for s in "ab"] == ["new\n", "new\n"]


def test_passwords_in_addresses(tmp_path: Path, servers: Servers) -> None:
    """They are refused or hidden: nothing that is written or printed has them."""
    write(tmp_path, {**PROJECT, "c.txt": "c\n"})
    web, host = servers.web, f"127.0.0.1:{servers.web.port}"
    for path in ("/private.txt", "/signed.txt?X-Amz-Signature=s1gned&x=1"):
        web.put(path, "private\n")
    addresses = {
        "a": f"https://ann:pa55word@{host}/private.txt",
        "b": f"https://{host}/signed.txt?X-Amz-Signature=s1gned&x=1",
    }
    (tmp_path / "samples.csv").write_text(table(**addresses, c="c.txt"))
    done = servers.run(tmp_path)
    assert "Traceback" not in done.text
    assert not re.search("pa55word|s1gned", done.text), done.text
    for path in tmp_path.rglob("*"):
        assert not re.search("pa55word|s1gned", str(path.relative_to(tmp_path)))
        if path.is_file() and path.name != "samples.csv":
            assert not re.search(b"pa55word|s1gned", path.read_bytes()), path


def test_logins_and_a_cluster(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, servers: Servers
) -> None:
    """Variables of Snakemake's plugins and a file with passwords. Each job is a process of its own."""
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login ann password pa55word\n")
    submit = '#!/bin/bash\nbash "${@: -1}" > /dev/null 2>&1\n'
    write(tmp_path, {**PROJECT, "c.txt": "c\n", "submit.sh": submit})
    (tmp_path / "submit.sh").chmod(0o755)
    rows = {"a": servers.s3.put("logins", "d/a.txt", "a\n"), "b": servers.web.put("/in.txt", "b\n")}
    servers.web.logins["/in.txt"] = "ann:pa55word"
    (tmp_path / "samples.csv").write_text(table(**rows, c="c.txt"))
    without = use_looper("-n", *servers.s3.options, cwd=tmp_path, **servers.env)
    assert f"forbidden: {rows['b']}" in without.text
    variables = {
        "SNAKEMAKE_STORAGE_S3_ACCESS_KEY": KEY,
        "SNAKEMAKE_STORAGE_S3_SECRET_KEY": SECRET,
        "SNAKEMAKE_STORAGE_S3_ENDPOINT_URL": servers.s3.endpoint,
        "NETRC": str(netrc),
        "REQUESTS_CA_BUNDLE": str(servers.trusted),
    }
    done = use_looper(*CLUSTER, cwd=tmp_path, **variables)
    assert done.code == 0 and ran(tmp_path) == "abc", done.text
    assert [copied(tmp_path, s) for s in "ab"] == ["a\n", "b\n"]
    assert use_looper("-n", cwd=tmp_path, **variables).jobs() == []
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    for secret in (SECRET, "pa55word"):
        assert secret not in done.text
        assert not any(secret.encode() in path.read_bytes() for path in written)


# --- schemes -------------------------------------------------------------------------------------


def test_a_plugin_that_is_not_installed(tmp_path: Path) -> None:
    write(tmp_path, PROJECT)
    (tmp_path / "samples.csv").write_text(table(a="gs://bucket/a.txt", b="gs://bucket/b.txt"))
    for done in (cli("run", cwd=tmp_path), use_looper("-n", cwd=tmp_path)):
        assert done.code == 2, done.text
        told = lines_with(done.text, "gs://bucket/")
        assert len(told) == 1 and "pip install snakemake-storage-plugin-gcs" in done.text
        assert re.search(r"samples\.csv\b.*reads.*gs://bucket/a\.txt.*'a' and 1 more", told[0])
    assert not (tmp_path / "results").exists()


def test_an_unknown_scheme(tmp_path: Path) -> None:
    write(tmp_path, PROJECT)
    (tmp_path / "samples.csv").write_text(table(a="s4://bucket/a.txt"))
    done = use_looper("-n", cwd=tmp_path)
    assert done.code == 2
    told = lines_with(done.text, "s4://bucket/a.txt")
    assert len(told) == 1 and "samples.csv:2: reads" in told[0] and "s3" in done.text


def test_addresses_that_are_refused(tmp_path: Path) -> None:
    write(tmp_path, PROJECT)
    addresses = {
        "login": "https://ann:pa55@host/x.txt",
        "query": "https://host/x.txt?id=1",
        "dots": "s3://bucket/../../x.txt",
        "file": "file:///tmp/x.txt",
        "name": "s3://bucket",
    }
    (tmp_path / "samples.csv").write_text(table(**addresses))
    done = cli("inspect", cwd=tmp_path)
    assert done.code == 2 and "Traceback" not in done.text
    for row, name in enumerate(addresses, start=2):
        told = lines_with(done.text, f"samples.csv:{row}: reads: ")
        assert len(told) == 1 and f"sample '{name}'" in told[0], done.text
    assert "pa55" not in done.text
    (tmp_path / "samples.csv").write_text(table(braces="s3://bucket/a{b}.txt"))
    done = cli("inspect", cwd=tmp_path)
    assert done.code == 2 and "'s3://bucket/a{b}.txt' has a brace" in done.text


def test_an_address_in_another_attribute_is_text(tmp_path: Path) -> None:
    files = {**PROJECT, "c.txt": "c\n", "samples.csv": "sample_name,reads,page\na,c.txt,s4://x/y\n"}
    write(tmp_path, files)
    edit(tmp_path / "copy.yaml", "&& basename", "&& echo {sample.page} && basename")
    assert use_looper(cwd=tmp_path).code == 0
    assert "s4://x/y\n" in (tmp_path / "results/submission/copy_a.log").read_text()


# --- odd names, lists, lumps, other ways in --------------------------------------------------------

ODD = "it's 5$ each (1)/d e.txt"
"""A key with what a shell would read otherwise."""


@dataclass(frozen=True)
class Odd:
    servers: Servers
    folder: Path
    done: Run
    downloads: Mapping[str, int]


@pytest.fixture(scope="module")
def odd(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Odd:
    folder = write(tmp_path_factory.mktemp("odd"), PROJECT)
    web, s3 = servers.web, servers.s3
    same, reference = web.put("/odd/same.txt", "same\n"), web.put("/odd/reference.txt", "ref\n")
    rows = {"odd": s3.put("odd", ODD, "odd\n"), "one": same, "two": same, "many": "none"}
    rows["undated"] = web.put("/odd/undated.txt", "no date\n", dated=False)
    rows["slashes"] = web.put("/odd//slashes.txt", "slashes\n")
    rows["packed"] = web.url("/odd/packed.txt")
    packed, kind = gzip.compress(b"packed\n" * 50), {"Content-Encoding": "gzip"}
    web.answers["/odd/packed.txt"] = Answer(200, packed, kind)
    (folder / "samples.csv").write_text(table(**rows))
    many = [s3.put("odd", "lists/1.txt", "1\n"), web.put("/odd/2.txt", "2\n"), "3.txt"]
    write(folder, {"3.txt": "3\n"})
    listed = "".join(f"many,{one}\n" for one in many)
    (folder / "subsamples.csv").write_text(f"sample_name,reads\n{listed}")
    edit(folder / "project.yaml", "samples.csv", "samples.csv\nsubsample_table: subsamples.csv")
    edit(folder / "schema.yaml", "reads: {type: string}", "reads: {type: [string, array]}")
    for_lists = '{% if sample.reads is string %}"{sample.reads}"{% else %}{sample.reads}{% endif %}'
    edit(folder / "copy.yaml", 'cat "{sample.reads}"', f"cat {for_lists}")
    edit(folder / "copy.yaml", 'basename "{sample.reads}"', f"basename -a {for_lists}")
    fetched = (
        f"&& cat {reference} > {{looper.sample_output_folder}}/reference.txt && echo {{sample."
    )
    edit(folder / "copy.yaml", "&& echo {sample.", fetched)
    with (folder / "copy.yaml").open("a") as interface:
        interface.write(f"snakemake: {{input: '{reference}'}}\n")
    done = servers.run(folder)
    names = ("d e.txt", "same.txt", "reference.txt", "1.txt")
    return Odd(servers, folder, done, {name: servers.downloads(name) for name in names})


def test_a_key_with_spaces_quotes_and_dollars(odd: Odd) -> None:
    assert odd.done.code == 0, odd.done.text
    assert copied(odd.folder, "odd") == "odd\n"
    assert (odd.folder / "results/submission/copy_odd.log").read_text() == "d e.txt\n"


def test_two_samples_with_one_address(odd: Odd) -> None:
    assert copied(odd.folder, "one") == copied(odd.folder, "two") == "same\n"


def test_a_list_of_addresses_and_paths(odd: Odd) -> None:
    assert copied(odd.folder, "many") == "1\n2\n3\n"
    assert (odd.folder / "results/submission/copy_many.log").read_text() == "1.txt\n2.txt\n3.txt\n"


def test_a_file_that_is_packed_on_the_way_or_has_no_date(odd: Odd) -> None:
    assert copied(odd.folder, "packed") == "packed\n" * 50
    assert copied(odd.folder, "undated") == "no date\n"
    assert copied(odd.folder, "slashes") == "slashes\n"


def test_an_input_of_the_interface(odd: Odd) -> None:
    """It is fetched for each job, or once for those that run at the same time."""
    reference = odd.servers.web.url("/odd/reference.txt")
    assert odd.downloads["reference.txt"] >= 1
    found = odd.folder.glob("results/results_pipeline/*/reference.txt")
    assert [path.read_text() for path in found] == ["ref\n"] * 7
    inputs = [job["inputs"] for job in inspect_json(odd.folder, **odd.servers.env)["jobs"]]
    assert all(reference in one for one in inputs)


def test_nothing_is_left_to_do_with_odd_names(odd: Odd) -> None:
    again = odd.servers.run(odd.folder, "-n")
    assert again.jobs() == [], again.text


def test_lumps(tmp_path: Path, servers: Servers) -> None:
    write(tmp_path, {**PROJECT, "c.txt": "c\n", "d.txt": "d\n"})
    rows = {"a": servers.s3.put("lumps", "d/a.txt", "a\n"), "b": servers.web.put("/l/b.txt", "b\n")}
    (tmp_path / "samples.csv").write_text(table(**rows, c="c.txt", d="d.txt"))
    by_two = ("--config", "lump_n=2")
    done = servers.run(tmp_path, *by_two)
    assert done.code == 0, done.text
    assert ran(tmp_path) == "abcd" and [copied(tmp_path, s) for s in "ab"] == ["a\n", "b\n"]
    assert servers.run(tmp_path, "-n", *by_two).jobs() == []
    servers.s3.put("lumps", "d/a.txt", "new\n", after_flags(tmp_path))
    assert servers.run(tmp_path, *by_two).code == 0
    assert ran(tmp_path) == "a" and copied(tmp_path, "a") == "new\n"


def test_a_generated_workflow(tmp_path: Path, servers: Servers) -> None:
    """It asks and downloads as plain Snakemake does, with the same options."""
    write(tmp_path, PROJECT)
    rows = {"a": servers.s3.put("made", "d/a.txt", "a\n"), "b": servers.web.put("/m/b.txt", "b\n")}
    (tmp_path / "samples.csv").write_text(table(**rows))
    made = cli("generate", cwd=tmp_path)
    assert made.code == 0, made.text
    words = ("--cores", "2", *servers.s3.options)
    done = snakemake(*words, cwd=tmp_path, **servers.env)
    assert done.code == 0, done.text
    assert ran(tmp_path) == "ab" and [copied(tmp_path, s) for s in "ab"] == ["a\n", "b\n"]
    assert snakemake(*words, "-n", cwd=tmp_path, **servers.env).jobs() == []
    servers.web.put("/m/b.txt", "new\n", after_flags(tmp_path))
    assert snakemake(*words, "-n", cwd=tmp_path, **servers.env).jobs() == ["copy_sample:b"]


MODULE = """
    from snakemake_looper.for_snakefiles import module_snakefile

    storage:
        provider="s3",
        endpoint_url="{endpoint}",

    module looper:
        snakefile: module_snakefile()
        config: {{"looper_config": "project/.looper.yaml"}}

    use rule * from looper as looper_*
    """


def test_a_module_of_a_workflow_with_a_storage(tmp_path: Path, servers: Servers) -> None:
    """The settings of `storage:` count, also for the questions before the first job."""
    write(tmp_path, {"Snakefile": MODULE.format(endpoint=servers.s3.endpoint)})
    folder = write(tmp_path / "project", {**PROJECT, "c.txt": "c\n"})
    rows = {"a": servers.s3.put("module", "d/a.txt", "a\n"), "b": servers.web.url("/no.txt")}
    (folder / "samples.csv").write_text(table(**rows))
    words = ("looper_all", "--cores", "2", "--logger", "looper")
    done = snakemake(*words, cwd=tmp_path, **servers.env)
    assert copied(folder, "a") == "a\n", done.text
    assert len(lines_with(done.text, f"missing files: {rows['b']}")) == 1
    assert snakemake(*words, "-n", cwd=tmp_path, **servers.env).jobs() == []


# --- sizes ---------------------------------------------------------------------------------------

SIZED: Mapping[str, str] = {
    **PROJECT,
    "copy.yaml": PROJECT["copy.yaml"]
    + """
        compute: {size_dependent_variables: sizes.tsv}
        """,
    "schema.yaml": PROJECT["schema.yaml"].rstrip() + "\n              sizing: [reads]\n",
    "sizes.tsv": "max_file_size\tcores\tmem\n0.000001\t1\t100\nNaN\t2\t200\n",
}


def test_sizes_are_asked_for_once(tmp_path: Path, servers: Servers) -> None:
    """The limit of the table is 0.000001 GB, some 1,074 bytes."""
    write(tmp_path, SIZED)
    big = servers.web.put("/sized/big.txt", "x" * 2000)
    small, large = (
        servers.s3.put("sized", f"d/{name}.txt", "x" * size)
        for name, size in (("small", 10), ("large", 3000))
    )
    rows = {"a": small, "b": large, "c": big, "d": big}
    (tmp_path / "samples.csv").write_text(table(**rows))
    env = {**servers.env, "AWS_ENDPOINT_URL": servers.s3.endpoint}
    jobs = inspect_json(tmp_path, **env)["jobs"]
    found = {job["record"]: (job["threads"], job["resources"]["mem_mb"]) for job in jobs}
    assert found == {"a": (1, 100), "b": (2, 200), "c": (2, 200), "d": (2, 200)}
    assert servers.web.counts["HEAD /sized/big.txt"] == 1
    assert servers.s3.counts["HEAD /sized/d/large.txt"] <= 1
    assert servers.downloads("big.txt") == 0
    assert "copy_sample" in servers.run(tmp_path, "-n").text
