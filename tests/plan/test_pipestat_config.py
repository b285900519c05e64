"""The merged pipestat config, key by key: where each comes from, and which of several counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from pipestat import PipestatManager
from support.projects import TOUCH

from snakemake_looper import ProjectError
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.secrets import reveal

OUT = "pipeline_name: touch\nsamples: {n: {type: integer, description: a number}}\n"
BASE = {
    **TOUCH,
    "touch.yaml": """
        pipeline_name: touch
        output_schema: schemas/out.yaml
        pipestat_config_required: false
        sample_interface: {command_template: 'true'}
        project_interface: {command_template: 'true'}
        """,
    "other.yaml": """
        pipeline_name: other
        sample_interface: {command_template: 'true'}
        """,
    "schemas/out.yaml": OUT,
}
FOLDER = "<folder>"
RECORDS = "{record_identifier}.yaml"
SERVER = {"dialect": "postgresql", "name": "db", "user": "u", "host": "h", "port": 5432}
# What is written for the sample and the project level of `touch`, unless a section says otherwise.
COMMON = {
    "pipeline_name": "touch",
    "project_name": "demo",
    "schema_path": f"{FOLDER}/schemas/out.yaml",
    "output_dir": f"{FOLDER}/results",
    "flag_file_dir": f"{FOLDER}/results/touch",
}
DEFAULT = (
    f"{FOLDER}/results/touch/results_records/{RECORDS}",
    f"{FOLDER}/results/touch/results.yaml",
)


def merged(folder: Path, section: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The configs of a project by file name, with `<folder>` for the project's folder."""
    config = {
        "pep_config": "project.yaml",
        "output_dir": "results",
        "pipeline_interfaces": ["touch.yaml", "other.yaml"],
        "pipestat": dict(section),
    }
    (folder / ".looper.yaml").write_text(yaml.safe_dump(config))
    return {
        config.path.name: yaml.safe_load(
            yaml.safe_dump(reveal(config.content)).replace(str(folder), FOLDER)
        )
        for config in plan_project(folder / ".looper.yaml").configs
    }


CASES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    # what the section has, what that makes of the sample level's config, and of the project's
    ("nothing", {}, {"results_file_path": DEFAULT[0]}, {"results_file_path": DEFAULT[1]}),
    (
        "results_file_path",
        {"results_file_path": "all.yaml"},
        {"results_file_path": f"{FOLDER}/results/touch/all_records/{RECORDS}"},
        {"results_file_path": f"{FOLDER}/results/touch/all.yaml"},
    ),
    (
        "an absolute one, which pipelines may share",
        {"results_file_path": "/data/all.yaml"},
        {"results_file_path": f"/data/all_records/touch/{RECORDS}"},
        {"results_file_path": "/data/all.yaml"},
    ),
    (
        "one for each record",
        {"results_file_path": "by/{record_identifier}/r.yaml"},
        {"results_file_path": f"{FOLDER}/results/by/{{record_identifier}}/r.yaml"},
        {"results_file_path": f"{FOLDER}/results/by/{{record_identifier}}/r.yaml"},
    ),
    ("database", {"database": SERVER}, {"database": SERVER}, {"database": SERVER}),
    (
        "a file before a database",
        {"results_file_path": "all.yaml", "database": SERVER},
        {"results_file_path": f"{FOLDER}/results/touch/all_records/{RECORDS}", "database": SERVER},
        {"results_file_path": f"{FOLDER}/results/touch/all.yaml", "database": SERVER},
    ),
    *(
        (
            f"SQLite as {url}",
            {"database": {"sqlite_url": url}},
            {"results_file_path": DEFAULT[0], "database": {"sqlite_url": path}},
            {"results_file_path": DEFAULT[1], "database": {"sqlite_url": path}},
        )
        for url, path in [
            ("all.db", f"{FOLDER}/all.db"),
            ("sqlite:///all.db", f"{FOLDER}/all.db"),
            ("sqlite:////data/all.db", "/data/all.db"),
        ]
    ),
    (
        "pephub_path",
        {"pephub_path": "lab/p:t"},
        {"results_file_path": DEFAULT[0], "pephub_path": "lab/p:t"},
        {"results_file_path": DEFAULT[1], "pephub_path": "lab/p:t"},
    ),
    *(
        (key, {key: value}, {"results_file_path": DEFAULT[0], key: written}, {"results_file_path": DEFAULT[1], key: written})
        for key, value, written in [
            ("flag_file_dir", "out/flags", f"{FOLDER}/out/flags"),
            ("flag_file_dir", "/data/flags", "/data/flags"),
            ("project_name", "mine", "mine"),
            # the interface's, whatever the section says
            ("pipeline_name", "another", "touch"),
            ("schema_path", "another.yaml", f"{FOLDER}/schemas/out.yaml"),
            ("output_dir", "elsewhere", f"{FOLDER}/results"),
            # handed on as they are
            ("name", "space", "space"),
            ("record_identifier", "r", "r"),
            ("multi_pipelines", True, True),
            ("show_db_logs", False, False),
            ("whatever", {"nested": [1, "x"]}, {"nested": [1, "x"]}),
        ]
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("section", "sample", "level_of_project"),
    [case[1:] for case in CASES],
    ids=[f"{case[0]}-{number}" for number, case in enumerate(CASES)],
)
def test_merged(
    project: Callable[..., Path],
    section: Mapping[str, Any],
    sample: Mapping[str, Any],
    level_of_project: Mapping[str, Any],
) -> None:
    """One name on both levels gets a config for each; a second pipeline one of its own (quirk 3)."""
    found = merged(project(BASE), section)
    assert found["pipestat_config_touch.yaml"] == {**COMMON, "pipeline_type": "sample", **sample}
    assert found["pipestat_config_touch_project.yaml"] == {
        **COMMON,
        "pipeline_type": "project",
        **level_of_project,
    }
    other = found["pipestat_config_other.yaml"]
    assert (other["pipeline_name"], other.get("schema_path")) == ("other", None)
    if "flag_file_dir" not in section:
        assert other["flag_file_dir"] == f"{FOLDER}/results/other"
    assert set(found) == {f"pipestat_config_{name}.yaml" for name in ("touch", "touch_project", "other")}  # fmt: skip


def test_every_key_that_pipestat_documents_is_among_the_cases() -> None:
    schema = yaml.safe_load(
        files("pipestat").joinpath("schemas/pipestat_config_schema.yaml").read_text()
    )
    assert set(schema["properties"]) <= {key for _, section, _, _ in CASES for key in section}


# --- variables ---------------------------------------------------------------------------------


def of_section(folder: Path, section: str, command: str = "{pipestat.config_file}") -> Path:
    """A project whose command is told where to report, with this text as its section."""
    (folder / "touch.yaml").write_text(
        "pipeline_name: touch\noutput_schema: schemas/out.yaml\n"
        f"sample_interface: {{command_template: 'true {command}'}}\n"
    )
    looper_config = folder / ".looper.yaml"
    looper_config.write_text(
        "pep_config: project.yaml\noutput_dir: results\npipeline_interfaces: [touch.yaml]\n"
        f"pipestat:\n{section}"
    )
    return looper_config


def refused(looper_config: Path) -> list[str]:
    with pytest.raises(ProjectError) as caught:
        plan_project(looper_config)
    return [str(one).replace(f"{looper_config.parent}/", "") for one in caught.value.problems]


VARIABLES = [
    ("results_file_path", "$HERE/${WORD}.yaml", "<folder>/results/touch/here/word_records/" + RECORDS),
    ("flag_file_dir", "${HERE}_flags", "<folder>/here_flags"),
    ("project_name", "my_$WORD", "my_word"),
    ("pephub_path", "${HERE}/$WORD:t", "here/word:t"),
    ("record_identifier", "${WORD}", "word"),
    ("name", "$WORD", "word"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "written"), VARIABLES)
def test_variables_are_filled_in(
    project: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    value: str,
    written: str,
) -> None:
    """Jobs may run where they are not set; what cannot be filled in is a problem of its line."""
    looper_config = of_section(project(BASE), f"  show_db_logs: false\n  {key}: {value}\n")
    folder = str(looper_config.parent)
    monkeypatch.setenv("HERE", "here")
    monkeypatch.setenv("WORD", "word")
    (config,) = plan_project(looper_config).configs
    assert str(config.content[key]).replace(folder, "<folder>") == written
    monkeypatch.delenv("WORD")
    monkeypatch.delenv("HERE")
    names = [name for name in ("HERE", "WORD") if name in value]
    said = "the environment variable {} is not set; set it, or write the value itself"
    assert refused(looper_config) == [
        f".looper.yaml:6: pipestat.{key}: {said.format(name)}" for name in names
    ]


SERVER_LINES = """  database:
    dialect: postgresql
    driver: psycopg
    name: ${DB}_name
    user: ${DB}_user
    password: ${DB}
    host: ${DB}.host
    port: ${DB}
"""


def test_variables_of_a_database(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    looper_config = of_section(project(BASE), SERVER_LINES)
    monkeypatch.setenv("DB", "5432")
    (config,) = plan_project(looper_config).configs
    assert config.content["database"] == {
        "dialect": "postgresql",
        "driver": "psycopg",
        "name": "5432_name",
        "user": "5432_user",
        "password": "${DB}",
        "host": "5432.host",
        "port": "5432",
    }
    monkeypatch.delenv("DB")
    assert [line.partition(": the")[0] for line in sorted(refused(looper_config))] == [
        ".looper.yaml:11: pipestat.database.host",
        ".looper.yaml:12: pipestat.database.port",
        ".looper.yaml:8: pipestat.database.name",
        ".looper.yaml:9: pipestat.database.user",
    ]


def test_a_variable_that_holds_a_login_is_not_filled_in(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    looper_config = of_section(project(BASE), SERVER_LINES.replace("${DB}.host", "${URL}"))
    monkeypatch.setenv("DB", "5432")
    monkeypatch.setenv("URL", "x://u:pw@h")
    (config,) = plan_project(looper_config).configs
    assert config.content["database"]["host"] == "${URL}"


def test_a_sqlite_file_of_a_variable(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HERE", str(tmp_path))
    looper_config = of_section(project(BASE), "  database: {sqlite_url: 'sqlite:///$HERE/r.db'}\n")
    (config,) = plan_project(looper_config).configs
    assert config.content["database"] == {"sqlite_url": f"{tmp_path}/r.db"}


# --- what pipestat refuses ---------------------------------------------------------------------

WITHOUT_VARIABLES = SERVER_LINES.replace("${DB}", "5432").replace("port: 5432", "port: '5432'")
SECTIONS: list[tuple[str, str, list[str]]] = [
    ("a server", WITHOUT_VARIABLES.replace("password: 5432", "password: x"), []),
    (
        "a password of digits",
        WITHOUT_VARIABLES,
        [
            ".looper.yaml:10: pipestat.database.password: must be text for pipestat; put it in"
            " quotes"
        ],
    ),
    (
        "a server without a driver and a port",
        "  database: {dialect: postgresql, name: a, user: b, password: c, host: d}\n",
        [
            ".looper.yaml:5: pipestat.database: pipestat needs driver, port in it; add it"
            " ('driver: psycopg')"
        ],
    ),
    (
        "a host that is empty",
        WITHOUT_VARIABLES.replace("password: 5432", "password: x").replace("5432.host", ""),
        [".looper.yaml:5: pipestat.database: pipestat needs host in it; add it"],
    ),
    (
        "another server",
        WITHOUT_VARIABLES.replace("password: 5432", "password: x").replace("postgresql", "mysql"),
        [
            ".looper.yaml:6: pipestat.database.dialect: 'mysql' cannot hold pipestat's tables;"
            " write 'postgresql', or 'sqlite_url' for SQLite"
        ],
    ),
    (
        "numbers and white space where names are due",
        "  results_file_path: r.yaml\n  record_identifier: 3\n  name: a b\n  database_only: true\n",
        [
            ".looper.yaml:6: pipestat.record_identifier: must be text for pipestat; put it in"
            " quotes",
            ".looper.yaml:7: pipestat.name: has white space, which pipestat refuses; write a name"
            " without",
            ".looper.yaml:8: pipestat.database_only: must be text for pipestat; put it in quotes",
        ],
    ),
    ("empty keys", "  results_file_path:\n  record_identifier:\n  name:\n  database:\n", []),
]


@pytest.mark.parametrize(
    ("section", "messages"), [one[1:] for one in SECTIONS], ids=[one[0] for one in SECTIONS]
)
def test_a_config_that_pipestat_refuses(
    project: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    section: str,
    messages: list[str],
) -> None:
    """pipestat itself says the same of the config that would be written."""
    looper_config = of_section(project(BASE), section)
    if messages:
        assert refused(looper_config) == messages
        of_section(looper_config.parent, section, command="")
        interface = looper_config.parent / "touch.yaml"
        interface.write_text(interface.read_text() + "pipestat_config_required: false\n")
    (config,) = plan_project(looper_config).configs
    written = looper_config.parent / "written.yaml"
    written.write_text(yaml.safe_dump(reveal(config.content)))
    reached: list[str] = []
    monkeypatch.setattr(  # no server is asked, nor is a table made
        "pipestat.backends.db_backend.DBBackend", lambda *given: reached.append(given[7])
    )
    monkeypatch.chdir(looper_config.parent)
    try:
        PipestatManager(config_file=str(written), record_identifier="a")
    except Exception as error:
        assert messages, error
    else:
        assert not messages or reached[0].startswith("mysql"), "nothing but PostgreSQL has JSONB"


def test_a_schema_that_is_needed_for_nothing_is_not_refused(project: Callable[..., Path]) -> None:
    """No hand-off: nobody reads it. A project level without results: many only read others'."""
    folder = project({**BASE, "schemas/out.yaml": "pipeline_name: touch\nprojects: {}\n"})
    looper_config = of_section(folder, "  results_file_path: r.yaml\n")
    at_line = (
        "schemas/out.yaml:2: projects: pipestat finds no results in it (did you mean 'project'?)"
    )
    assert refused(looper_config) == [f"{at_line}; rename the key"]
    interface = (folder / "touch.yaml").read_text()
    for text, is_refused in (
        (
            interface.replace("{pipestat.config_file}", "") + "pipestat_config_required: false",
            False,
        ),
        (interface.replace("sample_interface", "project_interface"), False),
        (
            interface.replace("sample_interface", "project_interface").replace(
                "pipestat.config_file", "pipestat.output_schema"
            ),
            True,
        ),
    ):
        (folder / "touch.yaml").write_text(text)
        if is_refused:
            assert len(refused(looper_config)) == 1
        else:
            assert at_line in "".join(plan_project(looper_config).warnings)


@pytest.mark.parametrize(
    ("template", "refusals"), [("{pipestat.config_file}", 0), ("{pipestat.output_schema}", 1)]
)
def test_a_type_that_no_value_has_is_refused_with_the_schema(
    project: Callable[..., Path], template: str, refusals: int
) -> None:
    """pipestat holds results against a schema that it is given, not against one of its config."""
    folder = project({**BASE, "schemas/out.yaml": OUT.replace("type: integer", "type: link")})
    looper_config = of_section(folder, "  results_file_path: r.yaml\n", template)
    if not refusals:
        plan_project(looper_config)
        return
    assert refused(looper_config) == [
        "schemas/out.yaml:2: samples.n.type: 'link' is no type of JSON Schema, so nothing can be"
        " reported; write one of array, boolean, integer, null, number, object or string"
    ]


def test_a_column_that_cannot_be_is_refused_in_a_database(project: Callable[..., Path]) -> None:
    folder = project({**BASE, "schemas/out.yaml": OUT.replace("{n:", "{status:")})
    plan_project(of_section(folder, "  results_file_path: r.yaml\n"))
    assert refused(of_section(folder, "  database: {sqlite_url: r.db}\n")) == [
        "schemas/out.yaml:2: samples.status: 'status' can be no column of a database; rename the"
        " result"
    ]


@pytest.mark.parametrize("name", ["{sample_name}", "{sample.sample_name}", "{record_id}"])
def test_another_name_for_the_record(project: Callable[..., Path], name: str) -> None:
    looper_config = of_section(project(BASE), f"  results_file_path: 'by/{name}/r.yaml'\n")
    assert refused(looper_config) == [
        f".looper.yaml:5: pipestat.results_file_path: {name} is not filled in here; write"
        " {record_identifier}, which is the sample's name (at project level, the project's)"
    ]


def test_a_database_without_an_output_schema_is_a_warning(project: Callable[..., Path]) -> None:
    """No error: the command may name a schema of its own."""
    looper_config = of_section(project(BASE), "  database: {sqlite_url: r.db}\n")
    interface = looper_config.parent / "touch.yaml"
    assert plan_project(looper_config).warnings == ()
    interface.write_text(interface.read_text().replace("output_schema: schemas/out.yaml\n", ""))
    (warning,) = plan_project(looper_config).warnings
    assert "touch.yaml:1: output_schema: is missing: without it, pipestat makes no table" in warning


# --- slips ---------------------------------------------------------------------------------------


def warned(looper_config: Path) -> list[str]:
    found = plan_project(looper_config).warnings
    return [one.replace(f"{looper_config.parent}/", "") for one in found]


NO_EFFECT = "has no effect beside"
IGNORED = "unknown key, and pipestat ignores it"
SLIPS: list[tuple[str, list[str]]] = [
    ("  result_file_path: r.yaml\n", [f"5: pipestat.result_file_path: {IGNORED} (did you mean 'results_file_path'?)"]),
    ("  databse: {sqlite_url: r.db}\n", [f"5: pipestat.databse: {IGNORED} (did you mean 'database'?)"]),
    ("  flag_dir: flags\n", [f"5: pipestat.flag_dir: {IGNORED} (did you mean 'flag_file_dir'?)"]),
    ("  database: {}\n", ["5: pipestat.database: is empty, and results go to a file; fill it in, or remove it"]),
    ("  my_own: x\n  lab: {a: b}\n", []),
    ("  results_file_path: r.yaml\n  database: {sqlite_url: r.db}\n", [f"6: pipestat.database: {NO_EFFECT} 'results_file_path'; remove one of them"]),
    ("  database: {sqlite_url: r.db}\n  pephub_path: a/b:c\n", [f"5: pipestat.database: {NO_EFFECT} 'pephub_path'; remove one of them"]),
    ("  database:\n    sqlite_url: r.db\n    host: h\n", [f"7: pipestat.database.host: {NO_EFFECT} 'sqlite_url'; remove one of them"]),
    ("  database:\n    sqlite_url: r.db\n    sslmode: x\n", [f"7: pipestat.database.sslmode: {IGNORED}"]),
    (WITHOUT_VARIABLES.replace("password: 5432", "password: ${NO_SUCH_PW}"), ["10: pipestat.database.password: the environment variable NO_SUCH_PW is not set here, and jobs need it; set it"]),
    (WITHOUT_VARIABLES.replace("password: 5432", "password: x").replace("psycopg", "pyscopg2"), ["7: pipestat.database.driver: 'pyscopg2' is no driver that pipestat can use (did you mean 'psycopg2'?); write 'psycopg'"]),
]  # fmt: skip


@pytest.mark.parametrize(("section", "messages"), SLIPS)
def test_a_slip_is_warned_of(
    project: Callable[..., Path], section: str, messages: list[str]
) -> None:
    found = warned(of_section(project(BASE), section))
    assert found == [f".looper.yaml:{one}" for one in messages]


SERVER_WITH_PASSWORD = WITHOUT_VARIABLES.replace("password: 5432", "password: x")
REFUSED: list[tuple[str, list[str]]] = [
    (SERVER_WITH_PASSWORD.replace("password:", "pasword:"), ["10: pipestat.database.pasword: unknown (did you mean 'password'?); rename the key"]),
    (SERVER_WITH_PASSWORD.replace("password:", "passwd:").replace("host:", "hostname:").replace("driver", "driver_"), [
        "7: pipestat.database.driver_: unknown (did you mean 'driver'?); rename the key",
        "10: pipestat.database.passwd: unknown (did you mean 'password'?); rename the key",
        "5: pipestat.database: pipestat needs host in it; add it",
    ]),
    *((SERVER_WITH_PASSWORD.replace("'5432'", port), [f"12: pipestat.database.port: '{port.strip(chr(39))}' is no port; write a number up to 65535, as in 5432"]) for port in ("5432x", "'65536'", "0", "'-1'", "'54.3'")),
    (SERVER_WITH_PASSWORD.replace("'5432'", "'h:S3CRET@x'"), ["12: pipestat.database.port: the value is no port; write a number up to 65535, as in 5432"]),
    *((f"  pephub_path: {path}\n", [f"5: pipestat.pephub_path: '{path}' is no path of a PEP on PEPhub; write it as namespace/name:tag"]) for path in ("me", "me/a/b", "me/a:b:c", "me/", "/a")),
    ("  pephub_path: https://pephub.databio.org/me/a\n", ["5: pipestat.pephub_path: the value is no path of a PEP on PEPhub; write it as namespace/name:tag"]),
    *((f"  database: {{sqlite_url: {url}}}\n", ["5: pipestat.database.sqlite_url: must be a path; write it as text"]) for url in ("[a]", "{a: b}", "true")),
    ("  project_name: [a]\n", ["5: pipestat.project_name: must be text; write a name"]),
    ("  pephub_path: [a]\n", ["5: pipestat.pephub_path: must be text, not a list; write one value"]),
    ("  results_file_path: ~no-such-user/r.yaml\n", ["5: pipestat.results_file_path: there is no user 'no-such-user' here; write the folder instead of '~no-such-user'"]),
    ("  database: {dialect: SQLite, name: x.db}\n", ["5: pipestat.database.dialect: 'SQLite' cannot hold pipestat's tables; write 'postgresql', or 'sqlite_url' for SQLite"]),
    (SERVER_WITH_PASSWORD.replace("psycopg", "[psycopg]"), ["7: pipestat.database.driver: must be text, not a list; write one value"]),
    ("  flag_file_dir: samples.csv\n", ["5: pipestat.flag_file_dir: 'samples.csv' is not a folder; name another folder"]),
    ("  results_file_path: r/\n", ["5: pipestat.results_file_path: 'r/' is a folder; write the path of a file, as in 'r/results.yaml'"]),
    *((f"  database: {{sqlite_url: '{url}'}}\n", [f"5: pipestat.database.sqlite_url: '{url}' names no file; write its path"]) for url in (":memory:", "mysql://h/db", "folder/")),
]  # fmt: skip


@pytest.mark.parametrize(("section", "messages"), REFUSED)
def test_a_slip_with_which_nothing_could_be_reported_is_refused(
    project: Callable[..., Path], section: str, messages: list[str]
) -> None:
    found = refused(of_section(project(BASE), section))
    assert sorted(found) == sorted(f".looper.yaml:{one}" for one in messages)


def test_an_interface_without_an_output_schema_is_told_what_that_means(
    project: Callable[..., Path],
) -> None:
    looper_config = of_section(project(BASE), "  results_file_path: r.yaml\n")
    interface = looper_config.parent / "touch.yaml"
    interface.write_text(interface.read_text().replace("output_schema: schemas/out.yaml\n", ""))
    assert warned(looper_config) == [
        "touch.yaml:1: output_schema: is missing: without it, nothing checks the results, and"
        " `pipestat report` stores numbers as text; add it"
    ]
    interface.write_text(interface.read_text().replace("{pipestat.config_file}", ""))
    assert warned(looper_config) == [
        "touch.yaml:1: output_schema: is missing: without it, only the statuses of touch are kept,"
        " and no results; add it, or write 'pipestat_config_required: false'"
    ]
    with interface.open("a") as file:
        file.write("pipestat_config_required: false\n")
    assert warned(looper_config) == []


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("sqlite_url: sqlite:///x.db", "sqlite_url: has no effect here: it belongs below 'database:'; move it there"),
        ("host: h", "host: has no effect here: it belongs below 'database:'; move it there"),
        ("schema_path: other.yaml", "schema_path: has no effect: the 'output_schema' of each pipeline interface counts; remove it"),
        ("schema_path: schemas/out.yaml", ""),
        ("pipeline_name: touch", ""),
        ("validate_results: maybe", "validate_results: has no effect: pipestat takes it only from the command itself; remove it"),
    ],
)  # fmt: skip
def test_a_key_without_effect_is_named(
    project: Callable[..., Path], section: str, message: str
) -> None:
    said = [f".looper.yaml:5: pipestat.{message}"] if message else []
    assert warned(of_section(project(BASE), f"  {section}\n")) == said


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("pipestat:", "4: pipestat: is empty, and a command needs it; write 'results_file_path: results.yaml' below it"),
        ("pipestat: r.yaml", "4: pipestat: must be a mapping; write 'key: value' lines below it"),
    ],
)  # fmt: skip
def test_a_section_that_is_no_mapping_is_the_one_problem(
    project: Callable[..., Path], section: str, message: str
) -> None:
    looper_config = of_section(project(BASE), "")
    looper_config.write_text(looper_config.read_text().replace("pipestat:", section))
    assert refused(looper_config) == [f".looper.yaml:{message}"]


def test_a_missing_section_gets_one_advice(project: Callable[..., Path]) -> None:
    looper_config = of_section(project(BASE), "")
    looper_config.write_text(looper_config.read_text().replace("pipestat:\n", ""))
    (message,) = refused(looper_config)
    assert "no 'pipestat:' section; add one (for" in message


def test_a_template_that_can_do_without_takes_an_empty_section(
    project: Callable[..., Path],
) -> None:
    command = "{% if pipestat.config_file is defined %}{pipestat.config_file}{% endif %}"
    assert plan_project(of_section(project(BASE), "", command)).jobs
