"""`snakemake-looper profile`: write a Snakemake profile: a bundled one, or a divvy package's."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ..errors import Problems
from ..messages import warn
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
    warn(*problems.warnings)
    plugin = profiles.missing_plugin(files)
    if plugin:
        warn(f"{plugin} is not installed; pip install {plugin}")
    print(profiles.usage(folder, files))
    return DONE
