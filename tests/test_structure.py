"""The rooms of the package, and where other packages are let in.

A room imports only what stands below it, also inside functions. So a change in a room cannot break
a room below, and nothing has to be read in a circle.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache

import pytest
from support.running import REPOSITORY

PACKAGE = REPOSITORY / "snakemake_looper"

# From the ground up. Rooms of one line stand beside each other, and do not know each other.
ROOMS = [
    [
        "addresses", "collector", "errors", "files", "formula", "layout", "messages", "model", "quantities",
        "remote_files", "status_words", "system_errors", "version",
    ],
    ["status", "read"],
    ["plan"],
    ["workspace", "profiles", "create"],
    ["results"],
    ["run"],
    ["show"],
    ["cli_commands"],
    ["cli_options", "cli_words"],
    ["commands"],
    ["for_snakefiles", "cli", "module", "__init__"],
]  # fmt: skip
# A job on a cluster reads the Snakefile again, and loads these modules; those in the second set only
# in a generated workflow, in a job array, and where resources grow with each try.
LOADED_BY_A_JOB = {
    "", "addresses", "files", "for_snakefiles", "layout", "remote_files", "system_errors", "version",
    "workspace", "workspace.engine", "workspace.engine_logs", "workspace.engine_records",
    "workspace.engine_storage", "workspace.forced",
    "workspace.job_table", "workspace.looper_records", "workspace.lookups", "workspace.lump_lookups",
    "workspace.lumps", "workspace.places", "workspace.rows",
}  # fmt: skip
LOADED_BY_SOME_JOBS = {"formula", "run", "run.from_snakefile", "workspace.array_task"}
# Each library of others is imported by these modules, and by no other.
SEAMS = {
    "peppy": {"read.peps.peppy_merging", "read.peps.peppy_project"},
    "pandas": {"read.peps.peppy_merging"},
    "pephubclient": {"read.peps.pephub", "results.pephub_table"},
    "jinja2": {"read.templates.template_environment", "read.templates.template_undefined", "results.report.report_documents"},
    "jsonschema": {"read.schemas.input_schema", "read.schemas.output_schema_faults", "read.schemas.schema_faults"},
    "sqlalchemy": {
        "results.database", "results.database_connection", "results.database_tables",
        "results.sqlite_copy",
    },
    "sqlmodel": {"results.database_tables"},
    "pipestat": {"results.database_connection", "results.database_tables"},
    "openpyxl": {"read.peps.table_text"},
    "psutil": {"status.processes"},
    "shtab": {"commands.completion"},
    "snakemake_executor_plugin_slurm_jobstep": {"workspace.array_task"},
    "snakemake_interface_storage_plugins": {"workspace.remote_answers"},
    "snakemake_interface_logger_plugins": {"run.log_events", "show.choice", "show.log_lines"},
    "yaml": {
        "plan.looper_hooks", "profiles.profile_text", "read.schemas.output_schema", "read.secrets",
        "read.documents.text_lines", "read.documents.yaml_faults", "read.documents.yaml_lines", "read.documents.yaml_nodes",
        "results.yaml_text", "show.plans",
        "workspace.generated_workflow", "workspace.pipestat_files",
    },
    "sqlite3": {"results.sqlite_copy", "workspace.job_table", "workspace.job_table_writer"},
    "rich": {
        "show.dry_run_view", "show.frame", "show.live", "show.plans", "show.screen",
        "show.statuses", "show.summary", "show.tables", "show.text",
    },
    "snakemake": {
        "commands.run", "show.log_lines", "workspace.engine", "workspace.engine_logs",
        "workspace.lookups", "workspace.read_only", "workspace.remote_answers",
    },
}  # fmt: skip
# Of a picture of the house: rooms that stand beside each other, as in `    status/ read/   …`.
_ROOMS_LINE = re.compile(r" {4}((?:\w+/ ?)+)")


@cache
def modules() -> dict[str, ast.Module]:
    """The modules of the package by name, with the folder's name before those of a room."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(path.read_text())
        for path in PACKAGE.rglob("*.py")
    }


def own_imports(module: str) -> Iterator[tuple[str, str]]:
    """Each import of a module of the package: its name, and the name that is taken from it."""
    folder = module.split(".")[:-1]
    for node in ast.walk(modules()[module]):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = [*folder[: len(folder) + 1 - node.level], *(node.module or "").split(".")]
        name = ".".join(filter(None, base))
        for alias in node.names:
            longer = f"{name}.{alias.name}" if name else alias.name
            yield (longer, "") if longer in modules() else (name, alias.name)


def libraries(module: str) -> set[str]:
    """The packages of others that a module imports."""
    found = set()
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
    return found


def room_of(module: str) -> str:
    return module.split(".")[0]


def height(module: str) -> int:
    return next(number for number, rooms in enumerate(ROOMS) if room_of(module) in rooms)


def test_every_module_is_in_a_room() -> None:
    rooms = {room for beside in ROOMS for room in beside}
    assert {room_of(module) for module in modules()} == rooms


def test_no_room_imports_what_stands_above_or_beside_it() -> None:
    wrong = [
        f"{module} imports {name}"
        for module in modules()
        for name, _ in own_imports(module)
        if room_of(name) != room_of(module) and height(name) >= height(module)
        if height(name) > 0 or height(module) > 0
    ]
    assert wrong == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/how-it-works.md"])
def test_pictures_of_the_house_have_all_rooms_from_top_to_bottom(page: str) -> None:
    lines = (PACKAGE.parent / page).read_text().splitlines()
    shown = [re.findall(r"\w+", line[1]) for line in map(_ROOMS_LINE.match, lines) if line]
    folders = {name for rooms in ROOMS for name in rooms if (PACKAGE / name).is_dir()}
    found = [name for names in shown if set(names) <= folders for name in names]
    assert sorted(found) == sorted(folders)
    heights = [height(name) for name in found]
    assert heights == sorted(heights, reverse=True)


def test_one_module_prints_messages() -> None:
    """So each message is one line with its kind, and harmless to a terminal."""
    printing = {name for name, tree in modules().items() if "file=sys.stderr" in ast.unparse(tree)}
    assert printing - {"show.live"} == {"messages"}  # that one prints a traceback, a fault of ours


def test_no_circle_of_modules() -> None:
    below = {module: {name for name, _ in own_imports(module)} for module in modules()}
    left = dict(below)
    while left:
        free = {module for module, names in left.items() if not names & left.keys()}
        assert free, f"a circle among {sorted(left)}"
        left = {module: names for module, names in left.items() if module not in free}


def test_private_names_stay_in_their_module() -> None:
    wrong = [
        f"{module} imports {name}.{taken}"
        for module in modules()
        for name, taken in own_imports(module)
        if taken.startswith("_") and not taken.startswith("__")
    ]
    assert wrong == []


def test_the_libraries_of_others_stop_at_their_seams() -> None:
    users: dict[str, set[str]] = {}
    for module in modules():
        for library in libraries(module) - (sys.stdlib_module_names - SEAMS.keys()):
            users.setdefault(library, set()).add(module)
    assert users == SEAMS


def test_modules_name_each_other_relatively() -> None:
    assert [module for module in modules() if "snakemake_looper" in libraries(module)] == []


def test_the_ground_needs_the_standard_library_only() -> None:
    for module in (*ROOMS[0], "__init__"):
        assert libraries(module) <= sys.stdlib_module_names, module


def test_nothing_is_too_long_to_be_read_at_once() -> None:
    """A function that needs more says so by being cut; no exception has been needed so far."""
    limits = {ast.FunctionDef: 40, ast.ClassDef: 200, ast.Module: 400}
    wrong = []
    for module, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                name = f"{module}.{node.name}"
            elif isinstance(node, ast.Module) and node.body:
                lines, name = node.body[-1].end_lineno or 0, module
            else:
                continue
            if lines > limits[type(node)]:
                wrong.append(f"{name}: {lines} lines")
    assert wrong == []


def test_snakefiles_and_scripts_import_the_door_only() -> None:
    for path in (REPOSITORY / "workflow").rglob("*"):
        if path.suffix == ".py" or path.name == "Snakefile":
            imports = [line for line in path.read_text().splitlines() if "snakemake_looper" in line]
            imports = [line for line in imports if line.startswith(("from ", "import "))]
            assert all(line.startswith("from snakemake_looper.for_snakefiles ") for line in imports)


def loaded_with(*imported: str) -> set[str]:
    """The modules of the package that a fresh process has when it has imported some."""
    code = "import sys, " + ", ".join(f"snakemake_looper.{name}" for name in imported)
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    package = "snakemake_looper"
    own = [name for name in done.stdout.split() if f"{name}.".startswith(f"{package}.")]
    return {name.removeprefix(package).removeprefix(".") for name in own}


def test_a_job_loads_the_door_and_the_table_only() -> None:
    assert loaded_with("for_snakefiles") == LOADED_BY_A_JOB
    some = loaded_with("for_snakefiles", *LOADED_BY_SOME_JOBS)
    assert some == LOADED_BY_A_JOB | LOADED_BY_SOME_JOBS


def test_the_help_waits_for_no_reader_of_files() -> None:
    heavy = ["yaml", "sqlite3", "rich", "jinja2", "peppy", "snakemake", "snakemake_looper.model"]
    code = (
        "import sys; from snakemake_looper.cli import parsers; parsers()[0].format_help();"
        f"print([one for one in {heavy} if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
