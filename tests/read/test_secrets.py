"""Values of the `pipestat:` section: shown if known to be harmless, else in one config only."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.projects import TOUCH
from support.running import cli, use_looper

from snakemake_looper import ProjectError
from snakemake_looper.addresses import without_secrets
from snakemake_looper.cli import main
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.documents.yaml_lines import parse_yaml
from snakemake_looper.read.secrets import address, has_secret, hide, masked, reveal
from snakemake_looper.workspace.current_plan import current_plan

FILE = Path("/project/.looper.yaml")
BASE = (
    "pep_config: project.yaml\noutput_dir: results\npipeline_interfaces: [touch.yaml]\npipestat:\n"
)
SECRET = "S3CR3T"
PIN = "4711471147"  # holds no letter
SPELLINGS = [
    f"password: {SECRET}",
    f"Password: {SECRET}",
    f"password: [{SECRET}, another]",
    f"password: {{reader: {SECRET}}}",
    f"password: {{{SECRET}: true}}",
    f"password: ${{DB_PASSWORD}}{SECRET}",
    f"password: $ecret{SECRET}",
    f"passwords: [[{{name: '${{USER}}', value: {SECRET}}}]]",
    f"pwd: {SECRET}",
    f"pass: {SECRET}",
    f"passphrase: {SECRET}",
    f"access_key: {SECRET}",
    f"key: {SECRET}",
    f"auth: [{SECRET}]",
    f"authorization: Bearer {SECRET}",
    f"headers: {{Authorization: Basic {SECRET}}}",
    f"private_key: |\n    -----BEGIN KEY-----\n    {SECRET}\n    -----END KEY-----",
    f"dsn: host=h user=u password={SECRET}",
    f"url: postgresql://u:{SECRET}@h/db",
    f"url: postgresql://u:{SECRET}/x@h/db",
    f"url: postgresql://u:x?{SECRET}@h/db",
    f"url: postgresql://h/db?user=u&password={SECRET}",
    f"url: redis://:{SECRET}@h/0",
    f"url: https://{SECRET}@h/path",
    f"url: https://h/hooks/{SECRET}",
    f"pin: {PIN}",
    f"pin: {PIN}.5",
    f"pins: [{PIN}]",
    f"3: {SECRET}",
    f"null: {SECRET}",
    f"2024-01-01: {SECRET}",
    f"name: {{password: {SECRET}}}",
    f"record_identifier: [{SECRET}]",
    f"namespace: u:{SECRET}@h",
    f"name: https://u:{SECRET}@h/x",
    f"pephub_path: https://h/a/b?token={SECRET}\n  results_file_path: r.yaml",
    f"database: {SECRET}\n  results_file_path: r.yaml",
    f"database: [{{password: {SECRET}}}]\n  results_file_path: r.yaml",
    *(
        f"results_file_path: r.yaml\n  database: {{{item}}}"
        for item in (
            f"password: {SECRET}",
            f"options: '-c password={SECRET}'",
            f"connect_args: {{sslpassword: {SECRET}}}",
            f"name: 'db?password={SECRET}'",
            f"name: dbname=x password={SECRET}",
            f"host: 'u:{SECRET}@h'",
            f"host: 'postgresql://u:{SECRET}@h/db?x={SECRET}'",
            f"user: [u, {SECRET}]",
            f"port: {{a: {SECRET}}}",
            f"url: 'postgresql://h/db?password={SECRET}'",
            f"pin: {PIN}",
        )
    ),
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_of_any_name_is_hidden(tmp_path: Path, spelling: str) -> None:
    """It is not in the content that plans are made of, and comes back for pipestat's config."""
    file = tmp_path / ".looper.yaml"
    file.write_text(f"pipestat:\n  {spelling}\n")
    given = parse_yaml(file.read_text(), file).data["pipestat"]
    hidden = hide(given, file)
    word = PIN if PIN in spelling else SECRET
    assert word not in yaml.safe_dump(hidden)
    assert word not in json.dumps(masked(hidden))
    assert has_secret(hidden)
    assert reveal(hidden) == given


def test_the_folder_of_plans_has_no_secret(project: Callable[..., Path]) -> None:
    """All spellings of different keys in one section, and the names of what look like variables."""
    lines = {line.partition(":")[0]: line for line in SPELLINGS if "database" not in line}
    lines["password"] = f"password: $ecret{SECRET}"
    section = "".join(f"  {line}\n" for line in {**lines, "name": "more: pa$" + SECRET}.values())
    folder = project({**TOUCH, ".looper.yaml": BASE + section})
    planned = current_plan(folder / ".looper.yaml")
    kept = [path for path in planned.path.parent.rglob("*") if path.is_file()]
    assert len(kept) > 3
    assert not [
        path for path in kept if any(word.encode() in path.read_bytes() for word in (SECRET, PIN))
    ]


def test_a_variable_that_is_set_later_makes_a_new_plan(
    touch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORD_OF_DAY", raising=False)
    interface = touch / "touch.yaml"
    interface.write_text(interface.read_text() + "compute:\n  partition: part-$WORD_OF_DAY\n")
    for path in touch.iterdir():
        os.utime(path, (1, 1))
    first = current_plan(touch / ".looper.yaml")
    assert current_plan(touch / ".looper.yaml") == first
    index = next((first.path.parent / "index").iterdir())
    monkeypatch.setenv("WORD_OF_DAY", "x")
    assert "WORD_OF_DAY" not in index.read_text()
    current_plan(touch / ".looper.yaml")
    assert "WORD_OF_DAY" in index.read_text(), "planned anew"


def test_no_digest_depends_on_a_secret_of_the_environment(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index has a short digest of variables, with which a short password could be guessed."""
    section = (
        "  results_file_path: $FOLDER_OF_ALL/r.yaml\n  pin: $THE_PIN\n  # as $THE_PIN\n"
        "  database: {password: '${THE_PIN}'}\n"
    )
    folder = project({**TOUCH, ".looper.yaml": BASE + section})
    for path in folder.iterdir():
        os.utime(path, (1, 1))
    found = set()
    for pin in ("1234", "4321"):
        monkeypatch.setenv("THE_PIN", pin)
        monkeypatch.setenv("FOLDER_OF_ALL", "all")
        (folder / "samples.csv").write_text(TOUCH["samples.csv"])
        os.utime(folder / "samples.csv", (int(pin), 1))
        current_plan(folder / ".looper.yaml")
        index = json.loads(next((folder / ".snakemake/looper/index").iterdir()).read_text())
        found.add((*index["variables"], index["environment"]))
    assert len(found) == 1 and "THE_PIN" not in str(found) and "FOLDER_OF_ALL" in str(found)


SERVER = {
    "dialect": "postgresql", "driver": "psycopg", "host": "h", "port": 1, "name": "db",
    "user": "u", "password": "x",
}  # fmt: skip
REFUSED = [
    (f"results_file_path: https://u:{SECRET}@h/r.yaml", "'https://h/r.yaml' is a URL"),
    (f"flag_file_dir: 'ftp://h/{{x}}?key={SECRET}'", "'ftp://h/{x}' is a URL"),
    (f"results_file_path: {{password: {SECRET}}}", "must be a path"),
    (f"project_name: 'https://u:{SECRET}@h'", "'https://h' cannot be part of a file name"),
    (f"database: {{sqlite_url: 'postgresql://u:{SECRET}@h/db'}}", "names no file"),
    (f"database: {{password: '*', pin: *{SECRET}}}", "a value that begins with '*' needs quotes"),
    (f"password: !{SECRET}", "a value that begins with '!' needs quotes"),
    (f"'postgresql://u:{SECRET}@h/db':", ".looper.yaml:5: pipestat: a key here is an address"),
    (f"'u:{SECRET}@h': true", ".looper.yaml:5: pipestat: a key here is an address"),
    (
        f"database: {{'x://u:{SECRET}@h/db'}}",
        ".looper.yaml:5: pipestat.database: a key here is an address",
    ),
    (
        f"database: {{sqlite_url: 'r.db?key={SECRET}'}}",
        ".looper.yaml:5: pipestat.database.sqlite_url: has options behind a '?'; write only the"
        " path of the file",
    ),
    (
        f"database: {{dialect: sqlite, name: 'sqlite:///r.db?key={SECRET}'}}",
        "pipestat.database.name: has options behind a '?'",
    ),
    *(
        (f"database: {SERVER | {key: value}}", f"pipestat.database.{key}: has more in it than")
        for key, value in (
            ("host", f"u:{SECRET}@h"),
            ("host", f"h?password={SECRET}"),
            ("name", f"db?password={SECRET}"),
            ("name", f"dbname=x password={SECRET}"),
            ("user", f"u:{SECRET}@h"),
        )
    ),
]


@pytest.mark.parametrize(("spelling", "said"), REFUSED)
def test_no_message_repeats_a_secret(
    project: Callable[..., Path], spelling: str, said: str
) -> None:
    folder = project({**TOUCH, ".looper.yaml": BASE + f"  {spelling}\n"})
    with pytest.raises(ProjectError) as caught:
        plan_project(folder / ".looper.yaml")
    assert said in str(caught.value)
    assert SECRET not in str(caught.value) + "".join(caught.value.warnings)


def test_no_message_shows_the_login_of_a_url(
    project: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whichever file the URL is in, and whichever line of which kind tells of it."""
    url = f"http://u:{SECRET}@127.0.0.1:1/x.yaml?token={SECRET}"
    files = {
        "schema.yaml": (f"imports: ['{url}']\nproperties: {{}}\n", "127.0.0.1:1/x.yaml"),
        "touch.yaml": (
            f"pipeline_name: touch\ninput_schema: {url}\n"
            "sample_interface: {command_template: echo}\n",
            "input_schema: http://127.0.0.1:1/x.yaml",
        ),
        "project.yaml": (f"name: demo\nsample_table: {url}\n", "127.0.0.1:1/x.yaml' is no table"),
        ".looper.yaml": (
            f"pep_config: {url}\noutput_dir: out\npipeline_interfaces: ['{url}']\n{url}: 3\n",
            "http://127.0.0.1:1/x.yaml' is an address",
        ),
    }
    folder = project(TOUCH)
    monkeypatch.chdir(folder)
    for name, (text, said) in files.items():
        before = (folder / name).read_text()
        (folder / name).write_text(text)
        main(["inspect", "--json"])
        shown = "".join(capsys.readouterr())
        assert said in shown, name
        assert SECRET not in shown, name
        (folder / name).write_text(before)


def test_a_reason_to_skip_shows_no_login(project: Callable[..., Path]) -> None:
    """The job table holds it, and everybody can read that."""
    schema = TOUCH["schema.yaml"].replace("{type: string}", f"{{const: 'x://u:{SECRET}@h'}}")
    plan = plan_project(project({**TOUCH, "schema.yaml": schema}) / ".looper.yaml")
    assert {SECRET in skip.reason for skip in plan.skipped} == {False}


PLAIN = [
    "results_file_path: r.yaml\n  flag_file_dir: flags",
    "results_file_path: a=b/r@1.yaml",
    "project_name: mine\n  multi_pipelines: true\n  record_identifier: r\n  name: space",
    "pephub_path: lab/p:t",
    "whatever: true\n  other:\n  more: ''",
    "token: ${TOKEN}\n  headers: {Authorization: 'Bearer ${TOKEN}'}\n  list: [$TOKEN]",
    "database: {sqlite_url: all.db}",
    "database: {dialect: postgresql, driver: psycopg, host: '::1', port: 5432, name: db, user: u,"
    " password: '${PW}'}",
]


@pytest.mark.parametrize("section", PLAIN)
def test_a_harmless_section_is_everybody_s(project: Callable[..., Path], section: str) -> None:
    """Its config is written without the mode that keeps others out."""
    folder = project({**TOUCH, ".looper.yaml": BASE + f"  {section}\n"})
    (config,) = plan_project(folder / ".looper.yaml").configs
    assert not has_secret(config.content)


def test_a_run_leaves_secrets_in_the_config_only(project: Callable[..., Path]) -> None:
    """Snakemake's metadata, logs, the job table and reports have none, `inspect` neither."""
    section = f"""  results_file_path: r.yaml
  pwd: {SECRET}
  pin: {PIN}
  database:
    url: postgresql://h/db?password={SECRET}
    host: https://u:{SECRET}@server/x?y={SECRET}
"""
    folder = project({**TOUCH, ".looper.yaml": BASE + section})
    done = use_looper("--config", "limit=1", cwd=folder)
    shown = cli("inspect", "--json", cwd=folder)
    assert (done.code, shown.code) == (0, 0), done.err
    text = done.text + shown.text + cli("table", "--format", "json", cwd=folder).text
    assert SECRET not in text and PIN not in text
    (config,) = json.loads(shown.out)["pipestat_configs"].values()
    assert config["database"] == {"host": "https://server/x", "url": "********"}
    written = folder / "results/pipestat_config_touch.yaml"
    content = yaml.safe_load(written.read_text())
    assert (content["pwd"], content["pin"]) == (SECRET, int(PIN))
    assert content["database"]["host"] == f"https://u:{SECRET}@server/x?y={SECRET}"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    holders = {
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(word.encode() in path.read_bytes() for word in (SECRET, PIN))
    }
    assert holders == {".looper.yaml", "pipestat_config_touch.yaml"}


def test_a_secret_that_changes_makes_a_new_config(project: Callable[..., Path]) -> None:
    """Also beside keys that cannot be sorted or are no text."""
    folder = project({**TOUCH, ".looper.yaml": BASE + f"  2024-01-01: {SECRET}\n  3: x\n"})
    first = current_plan(folder / ".looper.yaml").path
    (folder / ".looper.yaml").write_text(BASE + f"  2024-01-01: {SECRET}4\n  3: x\n")
    os.utime(folder / ".looper.yaml", (1, 1))
    assert current_plan(folder / ".looper.yaml").path != first


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a/b.yaml", "a/b.yaml"),
        ("postgresql://h/db", "postgresql://h/db"),
        ("postgresql+psycopg://u:p@h:1/db", "postgresql+psycopg://h:1/db"),
        ("x://u:p@q@h/db?k=v#f", "x://h/db"),
        ("x://u:p/q@h", "x://h"),
        ("x://u:p?q@h", "x://…"),
        ("x://h/db?password=p@q", "x://…"),
        ("jdbc:x://h/db;password=p", "x://h/db"),
        ("password=p x://h", "x://h"),
        ("x://h y://u:p@h", "x://…"),
    ],
)
def test_a_url_is_shown_without_login_and_query(text: str, shown: str) -> None:
    assert address(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://u:p@h/x?t=p, or not", "see https://h/x, or not"),
        ("'x://u:p/q@h/db' is (y://h?k=p)", "'x://h/db' is (y://h)"),
        ("(/project/https:/u:p@h:1/x?k=p); correct", "(/project/https:/h:1/x); correct"),
        ("x.yaml:3: key: /a@b?c=d", "x.yaml:3: key: /a@b?c=d"),
        ("key:/a@b", "key:/a@b"),
        ("nothing", "nothing"),
    ],
)
def test_a_message_has_urls_without_login_and_query(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


def test_a_section_cannot_have_another_file_read() -> None:
    """A reference that stands in the looper config itself is a value like any other."""
    reference: dict[str, Any] = {"secret_from_looper_config": {"file": "/x", "keys": ["a"]}}
    hidden = hide({"own": reference}, FILE)
    assert hidden["own"]["secret_from_looper_config"]["file"] == str(FILE)
