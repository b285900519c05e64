"""`snakemake-looper profile`: write a Snakemake profile: a bundled one, or a divvy package's."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from ..errors import Problems
from ..profiles import profile as profiles
from . import DONE


def execute(arguments: Namespace) -> int:
    """Write the profile, and print how to use it."""
    package = arguments.package or ("default" if arguments.divvy else None)
    problems = Problems()
    name = arguments.name or package or ""
    folder = Path(arguments.output or Path("profiles") / name)
    if arguments.name and package:
        problems.add("profile", "", "give a name or a package, not both")
    elif arguments.name:
        files = profiles.bundled(name, folder, problems)
    elif package:
        files = profiles.from_package(arguments.divvy, package, folder, problems)
    else:
        names = ", ".join(profiles.BUNDLED)
        problems.add("profile", "", f"name one: {names}; or --package NAME of a divvy config")
    problems.raise_if_any()
    for path in profiles.write_profile(folder, files, arguments.force, problems):
        print(path)
    for warning in problems.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    plugin = profiles.missing_plugin(files)
    if plugin:
        print(f"warning: {plugin} is not installed; pip install {plugin}", file=sys.stderr)
    print(profiles.usage(folder, files))
    return DONE
