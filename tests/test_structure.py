"""Imports follow the data: read, model, selection, rendering, plan, text and table, run."""

from __future__ import annotations

import ast
from pathlib import Path

from conftest import REPOSITORY

PACKAGE = REPOSITORY / "snakemake_looper"

# Each module may import those before it. Two steps back are allowed, inside functions: the cheap
# modules that every child process loads call what is heavy only where it is needed.
ORDER = [
    "errors", "files", "places", "manifest", "deprecated", "model", "source", "read.secrets", "read.output_schema", "results", "databases", "jobtable", "reading", "arrays", "processes", "journal", "reasons", "status", "cluster", "templates", "growth",
    "resources", "containers", "inputs", "settings", "pephub", "pephub_results", "read.pep_faults", "pep", "interface", "pipestat",
    "selection", "project", "names", "builtin_hooks", "hooks", "rules", "jobs", "lumps", "plan", "earlier", "stash", "records", "attempts", "ledger", "settle", "table",
    "report", "snakefile", "generate", "workspace", "recovery", "frontend", "events", "bars", "progress", "controller",
    "module", "run.engine", "run.session", "for_snakefiles", "divvy.package", "divvy.apptainer", "divvy.sbatch", "divvy.submit", "divvy.translate", "profiles", "upkeep", "views", "cli",
]  # fmt: skip
LAZY = {
    ("generate", "workspace"),
    ("jobtable", "ledger"),
}
SEAMS = {
    "peppy": {"pep"},
    "pephubclient": {"pephub", "pephub_results"},
    "jinja2": {"report", "templates"},
    "sqlalchemy": {"databases"},
    "sqlite3": {"databases", "jobtable"},
    "sqlmodel": {"databases"},
    "rich": {"bars", "progress", "views"},
}


def imports(path: Path, top_level: bool, own: bool = False) -> set[str]:
    """Names of what a module imports: libraries, or modules of the package itself."""
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level else list(ast.walk(tree))
    found = set()
    for node in nodes:
        if own and isinstance(node, ast.ImportFrom) and node.level:
            # One dot is the module's own folder, two in a subfolder are the package.
            base = path.parent.name + "." if node.level == 1 and path.parent != PACKAGE else ""
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found |= {base + name for name in names}
        elif not own and isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
        elif not own and isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
    return found


def modules() -> dict[str, Path]:
    """The modules of the package by name, those of a subfolder with its name before them."""
    paths = [path for path in PACKAGE.rglob("*.py") if path.stem != "__init__"]
    return {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in paths}


def test_every_module_has_its_place() -> None:
    assert set(modules()) == set(ORDER)


def test_imports_run_one_way() -> None:
    backwards = {
        (module, name)
        for module, path in modules().items()
        for name in imports(path, top_level=False, own=True) & set(ORDER)
        if ORDER.index(name) >= ORDER.index(module)
    }
    assert backwards <= LAZY


def test_foreign_libraries_stop_at_their_seams() -> None:
    for library, homes in SEAMS.items():
        users = {module for module, path in modules().items() if library in imports(path, False)}
        assert users == homes, library


def test_cheap_modules_import_the_standard_library_only() -> None:
    for name in ("__init__", "jobtable", "errors", "files", "manifest", "model", "places"):
        found = imports(PACKAGE / f"{name}.py", top_level=True)
        assert not found & {"peppy", "pandas", "yaml", "jinja2", "jsonschema", "rich", "pipestat"}
