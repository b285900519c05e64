"""The keys of the section `pipestat:` of a looper config."""

from __future__ import annotations

from types import NoneType

from .key import (
    PART_OF_PATHS,
    PATH_OR_NONE,
    SCALAR,
    SCALAR_PATH,
    SECTION_OR_NONE,
    SWITCH,
    TEXT_OR_NONE,
    File,
    Form,
    Key,
    matching,
)

_FILLED_IN = r"^([^{}]|\$\{[^{}]*\}|\{record_identifier\})*$"
_PORT = Form("whole number", (int, str, NoneType), {"minimum": 1, "maximum": 65535})

SERVER = (
    Key("dialect", TEXT_OR_NONE, "The kind of database.", "postgresql"),
    Key("driver", TEXT_OR_NONE, "The driver of SQLAlchemy with which it is reached.", "psycopg"),
    Key("name", TEXT_OR_NONE, "The name of the database.", "results"),
    Key("user", TEXT_OR_NONE, "The user who logs in.", "lab"),
    Key("password", TEXT_OR_NONE, "The password; best a variable.", "${DB_PASSWORD}"),
    Key("host", TEXT_OR_NONE, "The machine that the server runs on.", "db.example.org"),
    Key("port", _PORT, "The port of the server.", "5432"),
)
"""The keys of which pipestat makes the address of a database server."""

DATABASE = (
    *SERVER,
    Key(
        "sqlite_url",
        matching(PATH_OR_NONE, r"^[^?]*$", "has options behind a '?'; write only the path"),
        "A SQLite file, instead of a server.",
        "sqlite:///results.sqlite",
    ),
)

_NAMES_SQLITE = {"properties": {"dialect": {"const": "sqlite"}}, "required": ["dialect", "name"]}
_IS_SQLITE = {
    "anyOf": [
        {"required": ["sqlite_url"]},
        _NAMES_SQLITE,
        {"maxProperties": 0},
        {"type": "null"},
    ]
}
_NEEDED = [key.name for key in SERVER if key.name not in ("driver", "password")]
"""A missing driver or password is only refused if a command is told where to report."""
_DATABASE_RULES = {"if": _IS_SQLITE, "else": {"required": _NEEDED}}

KEYS = (
    Key(
        "results_file_path",
        matching(
            PATH_OR_NONE,
            _FILLED_IN,
            "only {record_identifier} is filled in here",
            **{"not": {"type": "string", "pattern": "/$"}},
        ),
        "The file for results, below the output folder and the pipeline's name; with"
        " `{record_identifier}` in it, one file per record.",
        "results.yaml",
    ),
    Key("flag_file_dir", matching(SCALAR_PATH, _FILLED_IN, "has a brace, which is a wildcard"), "The folder of the status flags.", "flags"),
    Key("project_name", PART_OF_PATHS, "The project's name; without it, the PEP's.", "frogs"),
    Key(
        "pephub_path", TEXT_OR_NONE, "A PEP on PEPhub that gets the results.", "lab/frogs:default"
    ),
    Key(
        "database",
        SECTION_OR_NONE,
        "A database for the results.",
        "{sqlite_url: 'sqlite:///results.sqlite'}",
        keys=DATABASE,
        rules=_DATABASE_RULES,
    ),
    Key(
        "record_identifier",
        TEXT_OR_NONE,
        "The record for reports that name none; each job sets its own.",
        "frog_1",
    ),
    Key("name", TEXT_OR_NONE, "Passed on to pipestat.", "frogs"),
    Key("namespace", SCALAR, "Passed on to pipestat.", "lab"),
    Key("database_only", TEXT_OR_NONE, "Passed on to pipestat.", "'true'"),
    Key("show_db_logs", SWITCH, "Whether pipestat shows what the database does.", "true"),
    Key("status_schema_path", SCALAR_PATH, "A schema with statuses of your own.", "statuses.yaml"),
    Key("output_dir", SCALAR_PATH, "No effect: the looper config's `output_dir` counts."),
    Key("pipeline_name", SCALAR, "No effect: the interface's `pipeline_name` counts."),
    Key("pipeline_type", SCALAR, "No effect: the interface's level counts."),
    Key("schema_path", SCALAR_PATH, "No effect: the interface's `output_schema` counts."),
    *(
        Key(name, SWITCH, "No effect: pipestat takes it from the command only.")
        for name in (
            "additional_properties", "force_overwrite", "multi_pipelines", "validate_results",
        )
    ),
)  # fmt: skip

PIPESTAT = File(
    "pipestat",
    "Section `pipestat:`",
    "The section `pipestat:` of a looper config says where results go. Without a back end in it, they go to a file. Of several,"
    " the first counts: `results_file_path`, `pephub_path`, `database`.",
    KEYS,
)
