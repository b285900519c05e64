"""An environment that has Snakemake and pipestat, with what these two need, and nothing else."""

from __future__ import annotations

import re
import sys
import venv
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

WANTED = ("snakemake", "pipestat")
_COMMANDS = {
    "snakemake": "from snakemake.cli import main",
    "pipestat": "from pipestat.__main__ import main",
}
_ONLY_SOMETIMES = re.compile(r";.*\bextra\b|;.*sys_platform *== *.win32|;.*python_version *<")


def bare_environment(folder: Path) -> Path:
    """Make the environment from links to installed packages; returns the folder of its programs."""
    venv.create(folder, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "lib" / version / "site-packages"
    for one in _with_requirements(WANTED):
        for path in one.files or ():
            name = path.parts[0]
            link = packages / name
            source = Path(str(one.locate_file(name)))
            if name not in ("..", "__pycache__", "bin") and not link.is_symlink():
                link.symlink_to(source)
    for name, code in _COMMANDS.items():
        script = folder / "bin" / name
        script.write_text(f"#!{folder}/bin/python\nimport sys\n{code}\nsys.exit(main())\n")
        script.chmod(0o755)
    return folder / "bin"


def _with_requirements(names: tuple[str, ...]) -> list[Distribution]:
    """The distributions of these names, and all that they require."""
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:  # for another system
            continue
        requirements = (
            one for one in found[name].requires or () if not _ONLY_SOMETIMES.search(one)
        )
        waiting += [re.split(r"[^\w.-]", one)[0] for one in requirements]
    return list(found.values())
