"""Build and check the distributions of a release, or say what a release still lacks.

    python packaging/release.py --missing   what is missing; exit code 1 if anything is
    python packaging/release.py             build into dist/, check, run an example; nothing missing
    python packaging/release.py --draft     the same, whatever is missing
    python packaging/release.py --write     write CITATION.cff and the version of the conda recipe

It needs `pip install -e '.[release]'`, except for --missing and --write. It uploads nothing: the
workflow `.github/workflows/release.yml` does that.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from owner import REPOSITORY, Owner, read_owner, read_version

THIN = "packaging/snakemake-logger-plugin-looper"
RECIPE = "packaging/conda/recipe.yaml"
CITATION = "CITATION.cff"
TOOLS = ("build", "twine", "check_wheel_contents")
EXAMPLE = "count_lines"

_CITATION = """\
# python packaging/release.py --write makes this file.
cff-version: 1.2.0
message: If you use this software, please cite it as below.
title: "snakemake-looper: looper projects on Snakemake"
type: software
license: MIT
version: {version}
"""
_VERSION_OF_RECIPE = re.compile(r'(?<=^  version: ")[^"]*', re.MULTILINE)
_SECTION = re.compile(r"^## \[(.+?)\](?: - (\S+))?\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


# --- what is missing -----------------------------------------------------------------------------


def missing(repository: Path, owner: Owner) -> list[str]:
    """A line for each thing that a release lacks."""
    version = read_version(repository)
    lines = [*owner.missing(), *_faults_of_changelog(repository, version)]
    for name, text in made(repository, owner).items():
        path = repository / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            lines.append(f"{name}: is out of date; run 'python packaging/release.py --write'")
    if (repository / "LICENSE").read_bytes() != (repository / THIN / "LICENSE").read_bytes():
        lines.append(f"{THIN}/LICENSE: differs from LICENSE; copy it")
    return lines


def _faults_of_changelog(repository: Path, version: str) -> list[str]:
    sections = _sections(repository)
    lines = []
    if sections.get("Unreleased", ("", ""))[1].strip():
        lines.append(
            f"[Unreleased]: has entries; move them below '## [{version}] - DATE', or set the next"
            " version in snakemake_looper/version.py"
        )
    if version not in sections:
        lines.append(f"there is no section of version {version}; write '## [{version}] - DATE'")
    elif not re.fullmatch(r"\d{4}-\d\d-\d\d", sections[version][0]):
        lines.append(f"[{version}]: has no date; write '## [{version}] - DATE', as in 2026-01-31")
    return [f"CHANGELOG.md: {line}" for line in lines]


def _sections(repository: Path) -> dict[str, tuple[str, str]]:
    """The date and the text of each section of the changelog, by version."""
    text = (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    return {name: (date, body) for name, date, body in _SECTION.findall(text)}


# --- files that are made -------------------------------------------------------------------------


def made(repository: Path, owner: Owner) -> dict[str, str]:
    """The text of each file that the owner's file, the version and the changelog give."""
    version = read_version(repository)
    recipe = (repository / RECIPE).read_text(encoding="utf-8")
    date = _sections(repository).get(version, ("", ""))[0]
    return {
        CITATION: citation(owner, version, date),
        RECIPE: _VERSION_OF_RECIPE.sub(version, recipe),
    }


def citation(owner: Owner, version: str, date: str) -> str:
    """The text of CITATION.cff. The format wants an author: without one, it names a group."""
    text = _CITATION.format(version=version)
    if date:
        text += f"date-released: {date}\n"
    if owner.repository:
        text += f"repository-code: {owner.repository}\n"
    text += "authors:\n"
    for one in owner.authors:
        text += f'  - given-names: "{one.given}"\n    family-names: "{one.family}"\n'
        text += f"    email: {one.email}\n" if one.email else ""
        text += f"    orcid: https://orcid.org/{one.orcid}\n" if one.orcid else ""
    return text if owner.authors else f"{text}  - name: The snakemake-looper authors\n"


# --- building and checking -----------------------------------------------------------------------


def build(repository: Path, folder: Path) -> list[Path]:
    """Build sdist and wheel of both distributions, each wheel from its sdist.

    Distributions of ours that were in the folder are removed, and no other file.

    Returns:
        The files that were built.

    Raises:
        subprocess.CalledProcessError: a build failed.
    """
    for old in _distributions(folder):
        old.unlink()
    for source in (repository, repository / THIN):
        _run(sys.executable, "-m", "build", "--outdir", folder, source)
    return _distributions(folder)


def _distributions(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("snakemake_*") if file.suffix in (".whl", ".gz"))


def check(repository: Path, files: Sequence[Path]) -> None:
    """Check what a package index and a user see of the files.

    Raises:
        subprocess.CalledProcessError: a check failed.
    """
    _run(sys.executable, "-m", "twine", "check", "--strict", *files)
    for file in files:
        if file.suffix == ".whl":
            is_thin = file.name.startswith("snakemake_logger_plugin_looper")
            config = repository / (THIN if is_thin else "") / "pyproject.toml"
            _run(sys.executable, "-m", "check_wheel_contents", "--config", config, file)


def try_out(repository: Path, files: Sequence[Path], python: str) -> None:
    """Install the wheels in an empty environment, and run an example from there.

    Raises:
        subprocess.CalledProcessError: the installation or the run failed.
    """
    wheels = [file for file in files if file.suffix == ".whl"]
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        project = place / EXAMPLE
        shutil.copytree(
            repository / "examples" / EXAMPLE, project,
            ignore=shutil.ignore_patterns("results", ".snakemake"),
        )  # fmt: skip
        _run(python, "-m", "venv", place / "environment")
        programs = place / "environment/bin"
        _run(programs / "pip", "install", "--quiet", *wheels)
        words = ("--cores", "2", "--quiet", "rules")
        environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
        environment.pop("PYTHONPATH", None)
        _run(
            programs / "snakemake", "--use-looper-config", *words,
            cwd=project, environment=environment,
        )  # fmt: skip
        _run(programs / "snakemake-looper", "check", cwd=project, environment=environment)


def _run(
    *words: str | Path, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> None:
    print("$", *words, flush=True)
    subprocess.run([str(word) for word in words], check=True, cwd=cwd, env=environment)


# --- the command line ----------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None, repository: Path = REPOSITORY) -> int:
    """Returns the exit code: 0 if everything is there and every check passed."""
    arguments = _parser().parse_args(argv)
    owner = read_owner(repository / "packaging" / "owner.toml")
    if arguments.write:
        for name, text in made(repository, owner).items():
            (repository / name).write_text(text, encoding="utf-8")
        return 0
    lines = missing(repository, owner)
    version = read_version(repository)
    if arguments.tag is not None and arguments.tag != f"v{version}":
        lines.append(f"snakemake_looper/version.py: is {version}, and the tag is {arguments.tag}")
    for line in lines:
        print(line, file=sys.stderr)
    if arguments.missing or (lines and not arguments.draft):
        return 1 if lines else 0
    try:
        files = build(repository, arguments.output.resolve())
        check(repository, files)
        for python in arguments.python or [sys.executable]:
            try_out(repository, files, python)
    except subprocess.CalledProcessError as error:
        needed = any(name in map(str, error.cmd) for name in TOOLS)
        hint = "; are the tools there? pip install -e '.[release]'" if needed else ""
        print(f"error: {' '.join(error.cmd)}: exit code {error.returncode}{hint}", file=sys.stderr)
        return 1
    print(f"built and checked: {', '.join(file.name for file in files)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    description, _, usage = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=description, epilog=usage, formatter_class=argparse.RawTextHelpFormatter
    )
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--missing", action="store_true", help="only say what is missing")
    kinds.add_argument("--write", action="store_true", help="only write the files that are made")
    kinds.add_argument("--draft", action="store_true", help="build also if something is missing")
    parser.add_argument(
        "--tag", metavar="TAG", help="a tag of git that has to be that of the version"
    )
    parser.add_argument(
        "--python", action="append", metavar="PROGRAM",
        help="a Python to run the example with; repeat for others (default: this one)",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, default=REPOSITORY / "dist", metavar="DIR")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
