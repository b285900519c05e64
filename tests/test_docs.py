"""Documentation under test: examples run, links lead somewhere, and each name exists."""

from __future__ import annotations

import argparse
import doctest
import inspect
import re
import shlex
import typing
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from support.running import EXAMPLES, REPOSITORY, run, snakemake

import snakemake_looper
from snakemake_looper import for_snakefiles
from snakemake_looper.cli import arguments_of, main
from snakemake_looper.cli_options import parser as parser
from snakemake_looper.read import deprecated
from snakemake_looper.read.interfaces.directives import DIRECTIVES
from snakemake_looper.read.options.options import OPTION_NAMES
from snakemake_looper.workspace.lookups import Lookups

README = (REPOSITORY / "README.md").read_text()
DOCS = [REPOSITORY / "README.md", *sorted(REPOSITORY.glob("docs/*.md"))]
FOR_THE_CATALOG = ("further.md", "intro.md")
"""Pages that the catalog of Snakemake's plugins shows; they are not in our site."""
PAGES = [
    *DOCS,
    REPOSITORY / "CONTRIBUTING.md",
    REPOSITORY / "benchmarks/README.md",
    *sorted(EXAMPLES.glob("*/README.md")),
    *sorted(REPOSITORY.glob("packaging/**/README.md")),
]

each_page = pytest.mark.parametrize(
    "path", PAGES, ids=lambda path: f"{path.parent.name}/{path.name}"
)


def page(name: str) -> str:
    return (REPOSITORY / "docs" / name).read_text()


def blocks(text: str, language: str = "") -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [code for name, code in fenced if name == language]


def marked(name: str) -> str:
    match = re.search(rf"<!-- {name} -->\n```\n(.*)\n```", README)
    assert match
    return match[1]


# --- links and commands -------------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    words = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {one.replace(" ", "-") for one in words}


@each_page
def test_links_lead_somewhere(path: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", path.read_text()):
        leads = path.parent / target if target else path
        assert leads.exists(), target
        assert not anchor or anchor in anchors(leads), f"{target}#{anchor}"


def test_every_page_is_listed_in_the_readme() -> None:
    names = {path.name for path in DOCS[1:]} - {"index.md", *FOR_THE_CATALOG}
    assert all(f"(docs/{name})" in README for name in names)


@pytest.mark.parametrize("name", FOR_THE_CATALOG)
def test_pages_for_the_catalog_stand_alone(name: str) -> None:
    """They are shown elsewhere, below headings of the catalog: no link leads to a page beside them."""
    assert not re.findall(r"\]\((?!https://)", page(name))
    assert f"  {name}\n" in (REPOSITORY / "mkdocs.yml").read_text(), "excluded from our site"
    assert not re.search(r"^# ", re.sub(r"(?m)^    .*", "", page(name)), re.MULTILINE)


def test_every_page_is_in_the_site_and_on_its_first_page() -> None:
    site = (REPOSITORY / "mkdocs.yml").read_text()
    names = [path.name for path in DOCS[1:] if path.name not in FOR_THE_CATALOG]
    assert sorted(re.findall(r"^  - .*: (.*\.md)$", site, re.MULTILINE)) == names
    assert all(f"({name})" in page("index.md") for name in names if name != "index.md")


def test_the_api_page_has_all_public_names() -> None:
    found = re.findall(r"^::: snakemake_looper\.(\w+)$", page("api.md"), re.MULTILINE)
    assert sorted(found) == sorted(set(snakemake_looper.__all__) - {"__version__"})


def commands(program: str, path: Path) -> list[str]:
    """What a page shows of a program: after its name, up to the end of the command."""
    text = path.read_text()
    code = [*blocks(text), *re.findall(r"(?m)^    .*$", text)]
    return re.findall(rf"(?m)(?:^ *|&& ){program} ([^&\n]*)", "\n".join(code))


def test_commands_are_found() -> None:
    found = commands("snakemake", REPOSITORY / "README.md")
    assert "--use-looper-config examples/count_lines --cores 2" in found


@each_page
def test_commands_of_ours_are_accepted(path: Path) -> None:
    for command in commands("snakemake-looper", path):
        words = shlex.split(command, comments=True)
        assert isinstance(arguments_of(words), argparse.Namespace)


@cache
def options_of_snakemake() -> frozenset[str]:
    from snakemake.cli import get_argument_parser

    return frozenset(get_argument_parser()._option_string_actions)


@each_page
def test_options_in_commands_for_snakemake_exist(path: Path) -> None:
    words = {word.split("=")[0] for one in commands("snakemake", path) for word in one.split()}
    assert {word for word in words if re.match(r"--?\w", word)} <= options_of_snakemake()


@pytest.mark.parametrize(
    "name",
    [
        "how-it-works.md",
        "project-files.md",
        "python.md",
        "results.md",
        "running.md",
        "snakefiles.md",
    ],
)
def test_options_in_text_exist(name: str) -> None:
    options = set(re.findall(r"`(--[a-z][a-z0-9-]+)", page(name)))
    parsers = parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    ours = {word for one in parsers.values() for word in one._option_string_actions}  # type: ignore[union-attr, attr-defined]
    assert options <= ours | options_of_snakemake()


def test_the_first_project_word_for_word(tmp_path: Path) -> None:
    """Commands are typed in one shell; `...` stands for output that the page leaves out."""
    console = "".join(blocks(page("first-project.md"), "console"))
    steps = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", console, re.MULTILINE)
    assert len(steps) > 10
    script = "".join(f"{command} 2>&1; echo '<end>'\n" for command, _ in steps)
    done = run("bash", "-c", script, cwd=tmp_path)
    said = done.out.split("<end>\n")[:-1]
    same = doctest.OutputChecker().check_output
    wrong = [
        f"$ {command}\n{got}"
        for (command, wanted), got in zip(steps, said, strict=True)
        if not same(wanted, got, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    ]
    assert wrong == []


# --- examples -----------------------------------------------------------------------------------


def test_ci_runs_the_two_commands_of_the_readme() -> None:
    script = (REPOSITORY / ".ci/run").read_text()
    for name in ("run", "test"):
        assert f"$(readme {name})" in script
        assert marked(name).startswith(
            "python3 -m venv .venv && . .venv/bin/activate && pip install"
        )
    assert marked("run").endswith("snakemake --use-looper-config examples/count_lines --cores 2")


def test_the_module_of_the_page_runs(tmp_path: Path, example: Callable[[str], Path]) -> None:
    (module,) = blocks(page("snakefiles.md"), "python")
    example("no_pipestat").rename(tmp_path / "project")
    (tmp_path / "Snakefile").write_text(module)
    done = snakemake("looper_all", "--cores", "2", cwd=tmp_path)
    assert done.code == 0, done.err
    assert (tmp_path / "project/results/results_pipeline/canada/letters.txt").is_file()


def test_every_key_of_our_section_is_shown() -> None:
    (shown,) = blocks(page("project-files.md"), "yaml")
    assert set(re.findall(r"^  (\w+):", shown, re.MULTILINE)) == set(DIRECTIVES)


def test_every_option_can_be_given_on_the_command_line() -> None:
    given = {action.dest for action in parser()._subparsers._group_actions[0].choices["run"]._actions}  # type: ignore[union-attr, index]  # fmt: skip
    assert set(OPTION_NAMES) - given == {"results_subdir", "submission_subdir"}


# --- the Python API and the door of Snakefiles -----------------------------------------------------

API = "\n".join(blocks(page("python.md"), "python"))


def named(name: str) -> set[str]:
    """The first words of a page's tables."""
    return set(re.findall(r"^\| `([\w.]+)[`(]", page(name), re.MULTILINE))


def test_the_example_of_the_python_api_runs(
    example: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(example("count_lines"))
    names: dict[str, typing.Any] = {}
    exec(API, names)
    out = capsys.readouterr().out
    assert "count_lines mexico 1 python " in out
    assert [job.record for job in names["plan"].jobs] == ["mexico", "canada", "regions"]
    assert f"snakemake --snakefile {names['folder'].snakefile} --cores 2" in out
    assert names["folder"].snakefile.is_file()


def mypy(path: Path, code: str, *options: str) -> str:
    """What mypy says of some code that uses the package, in its strict mode."""
    checker = pytest.importorskip("mypy.api", reason="mypy is not installed")
    path.write_text(code)
    cache_dir = str(REPOSITORY / ".mypy_cache")
    out, err, done = checker.run(
        ["--strict", "--config-file=", "--cache-dir", cache_dir, *options, str(path)]
    )
    assert done == 0, out + err
    return str(out)


def test_the_example_of_the_python_api_passes_mypy(tmp_path: Path) -> None:
    mypy(tmp_path / "example.py", API, "--disallow-any-expr")


def test_mypy_sees_every_public_name(tmp_path: Path) -> None:
    names = snakemake_looper.__all__
    code = "\n".join(f"reveal_type(snakemake_looper.{name})" for name in names)
    out = mypy(tmp_path / "names.py", f"import snakemake_looper\n{code}\n")
    assert out.count("Revealed type is") == len(names)
    assert 'is "Any"' not in out


def test_every_public_name_is_documented() -> None:
    assert named("python.md") == set(snakemake_looper.__all__)
    assert dir(snakemake_looper) == sorted(snakemake_looper.__all__)


@pytest.mark.parametrize("name", sorted({*snakemake_looper.__all__} - {"__version__"}))
def test_public_names_are_there_and_typed(name: str) -> None:
    value = getattr(snakemake_looper, name)
    assert inspect.getdoc(value)
    function = value.__init__ if inspect.isclass(value) else value
    if not inspect.isfunction(function):  # an error that takes what every error takes
        return
    parameters = set(inspect.signature(function).parameters) - {"self"}
    assert parameters <= set(function.__annotations__)


def test_every_name_of_the_door_is_documented() -> None:
    names = named("snakefiles.md")
    lookups = {name for name in names if name.startswith("jobs.")}
    assert names - lookups == set(for_snakefiles.__all__)
    assert {name.removeprefix("jobs.") for name in lookups} <= set(vars(Lookups))


def test_every_room_is_in_the_picture() -> None:
    shown = set(re.findall(r"^    (\w+)/ ", page("how-it-works.md"), re.MULTILINE))
    folders = {path.parent.name for path in (REPOSITORY / "snakemake_looper").glob("*/*.py")}
    assert shown == folders


# --- the options of looper ----------------------------------------------------------------------

OPTIONS = (REPOSITORY / "docs/options.md").read_text()


def options_of_looper(command: str) -> set[str]:
    """Every spelling that looper's own parser takes, without negations and help."""
    done = run("looper", command, "--help", cwd=REPOSITORY)
    assert done.code == 0, done.err
    listed = done.out[done.out.index("options:") :]
    heads = re.findall(r"^  (-.*?)(?:  |$)", listed, re.MULTILINE)
    spellings = {word for head in heads for word in re.findall(r"--?[a-z][\w-]*", head)}
    return {one for one in spellings if not one.startswith("--no-")} - {"-h", "--help"}


def rows_of_options() -> dict[str, str]:
    """For each spelling of looper, the cell of the documentation that says what it is here."""
    rows = re.findall(r"^\| (`-.*?) \| (.*?) \|$", OPTIONS, re.MULTILINE)
    return {word: here for spellings, here in rows for word in re.findall(r"`(.*?)`", spellings)}


@pytest.mark.parametrize("command", ["run", "rerun", "runp"])
def test_every_option_of_looper_has_a_row(command: str) -> None:
    missing = options_of_looper(command) - set(rows_of_options())
    assert not missing


def test_options_called_the_same_are_the_same() -> None:
    assert set(rows_of_options()) == options_of_looper("run") | options_of_looper("runp")
    ours = parser()._subparsers._group_actions[0].choices["run"]  # type: ignore[union-attr, index]
    for spelling, here in rows_of_options().items():
        known = spelling in ours._option_string_actions
        assert known == here.startswith("the same"), spelling


def test_the_errors_of_a_selection_are_those_shown(
    touch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(touch)
    rows = [("a", "RRBS"), ("b", "WGBS"), ("c", "RRBS")]
    Path("samples.csv").write_text(
        "sample_name,file,word,protocol\n"
        + "".join(f"{name},{name}.txt,x,{protocol}\n" for name, protocol in rows)
    )
    for words in (["--sel-attr", "protocol", "--sel-incl", "rrbs"], ["--limit", "7:9"]):
        assert main(["inspect", *words]) == 2
    assert re.findall(r"(?m)^    (error: .*)$", OPTIONS) == capsys.readouterr().err.splitlines()


def test_older_spellings_have_warnings() -> None:
    tables = (deprecated.CONFIG_KEYS, deprecated.PEP, deprecated.INTERFACE)
    rows = re.findall(r"^\| (looper config|PEP|interface) \| (.*?) \| (?!read)", OPTIONS, re.MULTILINE)  # fmt: skip
    shown = {word for _, cells in rows for word in re.findall(r"`(\w+)", cells)}
    assert shown <= {key for table in tables for key in table}
