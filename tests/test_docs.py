"""Documentation under test: what it shows works, what it names is there."""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
from pathlib import Path

import pytest
from support.running import BIN, EXAMPLES, REPOSITORY, run, snakemake

from snakemake_looper.cli import _parser
from snakemake_looper.read import deprecated
from snakemake_looper.read.directives import DIRECTIVES
from snakemake_looper.read.options import OPTION_NAMES

README = (REPOSITORY / "README.md").read_text()
DOCS = [REPOSITORY / "README.md", *sorted(REPOSITORY.glob("docs/*.md"))]
EXAMPLE_READMES = sorted(EXAMPLES.glob("*/README.md"))


def blocks(text: str, language: str = "") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def marked(name: str) -> str:
    match = re.search(rf"<!-- {name} -->\n```\n(.*)\n```", README)
    assert match
    return match[1]


def test_ci_runs_the_two_commands_of_the_readme() -> None:
    script = (REPOSITORY / ".ci/run").read_text()
    for name in ("run", "test"):
        assert f"$(readme {name})" in script
        assert marked(name).startswith(
            "python3 -m venv .venv && . .venv/bin/activate && pip install"
        )
    assert marked("run").endswith("snakemake --use-looper-config examples/count_lines --cores 2")


@pytest.mark.parametrize(
    "path", [*DOCS, *EXAMPLE_READMES], ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize(
    "path", [*DOCS, *EXAMPLE_READMES], ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_commands_of_ours_are_accepted(path: Path) -> None:
    lines = re.findall(r"^ *(snakemake-looper .*)$", path.read_text(), re.MULTILINE)
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        parsed = _parser().parse_args(words[: words.index("--")] if "--" in words else words)
        assert isinstance(parsed, argparse.Namespace)


def test_python_of_the_readme_runs() -> None:
    (module, code) = blocks(README, "python")
    done = run(str(BIN / "python"), "-c", code, cwd=REPOSITORY)
    assert done.code == 0, done.err
    assert "mexico python " in done.out
    assert "use rule * from looper as looper_*" in module


def test_module_of_the_readme_runs(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "no_pipestat", tmp_path / "project", ignore=shutil.ignore_patterns("results", ".snakemake"))  # fmt: skip
    (tmp_path / "Snakefile").write_text(blocks(README, "python")[0])
    done = snakemake("looper_all", "--cores", "2", cwd=tmp_path)
    assert done.code == 0, done.err
    assert (tmp_path / "project/results/results_pipeline/canada/letters.txt").is_file()


def test_every_key_of_our_section_is_shown() -> None:
    text = (REPOSITORY / "docs/how-it-works.md").read_text()
    (shown,) = blocks(text, "yaml")
    assert set(re.findall(r"^  (\w+):", shown, re.MULTILINE)) == set(DIRECTIVES)


def test_every_option_can_be_given_on_the_command_line() -> None:
    given = {action.dest for action in _parser()._subparsers._group_actions[0].choices["run"]._actions}  # type: ignore[union-attr, index]  # fmt: skip
    assert set(OPTION_NAMES) - given == {"results_subdir", "submission_subdir"}


# --- the options of looper ----------------------------------------------------------------------

OPTIONS = (REPOSITORY / "docs/options.md").read_text()


def options_of_looper(command: str) -> set[str]:
    """Every spelling that looper's own parser takes, but for negations and help."""
    done = run("looper", command, "--help", cwd=REPOSITORY)
    assert done.code == 0, done.err
    listed = done.out[done.out.index("options:") :]
    heads = re.findall(r"^  (-.*?)(?:  |$)", listed, re.MULTILINE)
    spellings = {word for head in heads for word in re.findall(r"--?[a-z][\w-]*", head)}
    return {one for one in spellings if not one.startswith("--no-")} - {"-h", "--help"}


def rows_of_options() -> dict[str, str]:
    """Spelling → what the documentation says is here."""
    rows = re.findall(r"^\| (`-.*?) \| (.*?) \|$", OPTIONS, re.MULTILINE)
    return {word: here for spellings, here in rows for word in re.findall(r"`(.*?)`", spellings)}


@pytest.mark.parametrize("command", ["run", "rerun", "runp"])
def test_every_option_of_looper_has_a_row(command: str) -> None:
    missing = options_of_looper(command) - set(rows_of_options())
    assert not missing


def test_what_is_called_the_same_is_the_same() -> None:
    assert set(rows_of_options()) == options_of_looper("run") | options_of_looper("runp")
    ours = _parser()._subparsers._group_actions[0].choices["run"]  # type: ignore[union-attr, index]
    for spelling, here in rows_of_options().items():
        known = spelling in ours._option_string_actions
        assert known == here.startswith("the same"), spelling


def test_older_spellings_are_those_that_are_warned_of() -> None:
    tables = (deprecated.CONFIG_KEYS, deprecated.PEP, deprecated.INTERFACE)
    rows = re.findall(r"^\| (looper config|PEP|interface) \| (.*?) \| (?!read)", OPTIONS, re.MULTILINE)  # fmt: skip
    shown = {word for _, cells in rows for word in re.findall(r"`(\w+)", cells)}
    assert shown <= {key for table in tables for key in table}
