"""A compute package of a divvy config, and the parts of its submission template.

looper writes a job script from a template and submits it. The script has three kinds of lines:

    #SBATCH --mem='{MEM}'          directives: the job's requests
    module load apptainer          shell before and after the command
    {CODE}                         the command, perhaps run by another (a container)

`{NAME}` is a placeholder for a value. Adapters say for which value (`MEM: compute.mem`); without
an adapter, it is the compute setting of that name in lower case. Values of the package itself are
filled in here. The others belong to a job.

The settings of a package win over those of the package `default`, as in looper. Paths of
templates are relative to the divvy config.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ...errors import Place, Problems, near
from ...files import content_of
from ...read.documents.yaml_lines import Document, read_yaml, resolve

System = Literal["local", "slurm", "sge", "pbs", "lsf", "other"]

_ADAPTERS: Mapping[str, str] = {
    "CODE": "looper.command",
    "JOBNAME": "looper.job_name",
    "LOGFILE": "looper.log_file",
    "CORES": "compute.cores",
    "MEM": "compute.mem",
    "TIME": "compute.time",
}
"""The adapters of looper's own divvy config."""
_SYSTEMS: Mapping[str, System] = {
    "sbatch": "slurm", "qsub": "sge", "bsub": "lsf", ".": "local", "sh": "local", "bash": "local",
    "dash": "local", "zsh": "local", "source": "local",
}  # fmt: skip
_DIRECTIVE = re.compile(r"^#(SBATCH|PBS|BSUB|\$)\s+(.*)$")
_SYSTEM_OF: Mapping[str, System] = {"SBATCH": "slurm", "PBS": "pbs", "BSUB": "lsf", "$": "sge"}
_PLACEHOLDER = re.compile(r"(?<!\$)\{([A-Z][A-Z0-9_]*)\}")
_BANNER = re.compile(r"^echo '(Compute node|Start time):' `")
"""Lines of looper's own templates that only print where and when a job began."""
COMMAND = "looper.command"
"""The meaning of the placeholder of a job's command."""
_OF_JOBS = frozenset({"cores", "mem", "time", "partition", "account"})
"""Settings that belong to a job, even if the package has a default for them."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a template, or of a setting with shell in it, and its place."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Package:
    """A compute package: its settings, and the parts of its submission template."""

    name: str
    config: Path
    place: Place
    command: Line
    """The command that submits a job script."""
    settings: Mapping[str, Any]
    places: Mapping[str, Place]
    """The places of the settings."""
    meanings: Mapping[str, str]
    """The adapters: the values that placeholders stand for."""
    code: Line
    """The template's line with the job's command."""
    system: System = "other"
    directives: tuple[Line, ...] = ()
    before: tuple[Line, ...] = ()
    """Shell before the job's command."""
    after: tuple[Line, ...] = ()
    """Shell after the job's command."""
    used: frozenset[str] = frozenset()
    """Compute settings that the template has a placeholder for."""

    def place_of(self, key: str) -> Place:
        return self.places.get(key, self.place)

    def meaning(self, placeholder: str) -> str:
        """The value that `{NAME}` stands for: `looper.command`, `compute.mem`, …"""
        return _meaning(self.meanings, placeholder)

    def fill(self, text: str) -> str:
        """A text with the package's own values filled in."""
        return _fill(text, self.settings, self.meanings)


def placeholders(text: str) -> list[str]:
    """The names of the placeholders in a text."""
    return _PLACEHOLDER.findall(text)


def options_of(line: Line, problems: Problems) -> list[str]:
    """Words of a directive line, without quotes, as a cluster's submit program reads them."""
    try:
        return shlex.split(line.text, comments=True)
    except ValueError as error:
        problems.add(line.place, "", f"'{line.text}': {error}; correct the quotes")
        return []


def read_package(config: Path, name: str, problems: Problems) -> Package | None:
    """Read a compute package; None if it cannot be read, with the reason in `problems`."""
    document = read_yaml(config, problems)
    if document is None:
        return None
    section, found = _section(document, name, problems)
    if found is None:
        return None
    layers = [layer for layer in ("default", name) if isinstance(found.get(layer), Mapping)]
    settings: dict[str, Any] = {}
    places: dict[str, Place] = {}
    for layer in layers:
        settings |= found[layer]
        places |= {key: document.place(section, layer, key) for key in found[layer]}
    place = document.place(section, name)
    for key in ("submission_command", "submission_template"):
        if not isinstance(settings.get(key), str) or not settings[key].strip():
            problems.add(
                places.get(key, place), key, "is missing; write it as in looper's own divvy config"
            )
    if problems:
        return None
    meanings = _adapters(document, settings, problems)
    path = resolve(settings["submission_template"], config.parent)
    lines = _template_lines(path, places["submission_template"], problems)
    if lines is None:
        return None
    # `bsub <` reads the script's lines; here the options are on the command line.
    command = settings["submission_command"].strip().rstrip("< ")
    line = Line(command, places["submission_command"])
    package = Package(name, config, place, line, settings, places, meanings, code=line)
    return _with_template(package, path, lines, problems)


def _section(
    document: Document, name: str, problems: Problems
) -> tuple[str, Mapping[str, Any] | None]:
    section = "compute_packages"
    if section not in document.data and isinstance(document.data.get("compute"), Mapping):
        section = "compute"
        problems.warn(document.place(section), section, "older spelling; write 'compute_packages'")
    packages = document.data.get(section)
    known = packages if isinstance(packages, Mapping) else {}
    if isinstance(known.get(name), Mapping):
        return section, known
    problems.add(
        document.place(section),
        section,
        f"there is no package '{name}'{near(name, map(str, known))};"
        f" there are {', '.join(map(str, known)) or 'none'}",
    )
    return section, None


def _adapters(
    document: Document, settings: Mapping[str, Any], problems: Problems
) -> dict[str, str]:
    found = dict(_ADAPTERS)
    for section in (document.data.get("adapters"), settings.get("adapters")):
        if section is None:
            continue
        if not isinstance(section, Mapping):
            problems.add(document.place("adapters"), "adapters", "must be a mapping of names")
            continue
        found |= {str(key): str(value) for key, value in section.items()}
    return found


def _meaning(meanings: Mapping[str, str], placeholder: str) -> str:
    return meanings.get(placeholder, f"compute.{placeholder.lower()}")


def _fill(text: str, settings: Mapping[str, Any], meanings: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        namespace, _, key = _meaning(meanings, match[1]).partition(".")
        known = settings.get(key) if namespace == "compute" else None
        is_open = known is None or key in _OF_JOBS
        return match[0] if is_open else _joined(str(known)).strip()

    return _PLACEHOLDER.sub(value, text)


def _joined(text: str) -> str:
    """A text with lines joined that end with a backslash."""
    return re.sub(r"\\\s*(\n|$)", " ", text)


def _template_lines(path: Path, place: Place, problems: Problems) -> list[Line] | None:
    """Lines of a template; those that end with a backslash are joined with the next."""
    try:
        text = content_of(path).decode().replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        what = getattr(error, "strerror", None) or str(error)
        problems.add(place, "submission_template", f"'{path}' cannot be read: {what}; correct it")
        return None
    lines: list[Line] = []
    joined, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first if joined else number
        if line.endswith("\\"):
            joined += line[:-1] + " "
            continue
        lines.append(Line((joined + line).strip(), Place(str(path), first)))
        joined = ""
    return lines


def _with_template(
    package: Package, path: Path, lines: list[Line], problems: Problems
) -> Package | None:
    """The package with the parts of its template; None if the template has no command."""
    numbers = [
        number
        for number, line in enumerate(lines)
        if not line.text.startswith("#") and _has_command(line.text, package.meanings)
    ]
    if not numbers:
        problems.add(Place(str(path), 1), "", "has no line with {CODE}, the command; add one")
        return None
    first = numbers[0]
    code, command = _submitted(lines[first], package)
    system, directives = _system_and_directives(command, lines)
    names = (name for line in lines for name in placeholders(line.text))
    return dataclasses.replace(
        package,
        code=code,
        command=command,
        system=system,
        directives=directives,
        before=tuple(_shell(package, _opened(lines[:first]))),
        after=tuple(_shell(package, _closed(lines, first))),
        used=frozenset(package.meaning(name).removeprefix("compute.") for name in names),
    )


def _system_and_directives(command: Line, lines: list[Line]) -> tuple[System, tuple[Line, ...]]:
    """The system that a command submits to, and the directives that this system reads."""
    found = [
        (_SYSTEM_OF[match[1]], Line(match[2].strip(), line.place))
        for line in lines
        if (match := _DIRECTIVE.match(line.text))
    ]
    system = _system(command.text)
    # Grid Engine and PBS submit with the same program.
    if system == "sge" and found and all(kind == "pbs" for kind, _ in found):
        system = "pbs"
    return system, tuple(line for kind, line in found if system in (kind, "other"))


def _submitted(code: Line, package: Package) -> tuple[Line, Line]:
    """The line with the job's command, and the command that submits it.

    A local package may run a script that submits the command itself, as in `qsub {CODE}`.
    """
    spots = _PLACEHOLDER.finditer(code.text)
    start = next(spot.start() for spot in spots if package.meaning(spot[1]) == COMMAND)
    head = code.text[:start]
    inner = _SYSTEMS.get((head.split() or [""])[0])
    if _system(package.command.text) != "local" or inner in (None, "local"):
        return code, package.command
    head = head[:-1] if head.endswith(("'", '"')) else head
    return Line("{CODE}", code.place), Line(head.strip(), code.place)


def _opened(lines: list[Line]) -> list[Line]:
    """The lines before the command, without a brace that opens a group around it."""
    return [line for line in lines if line.text != "{"]


def _closed(lines: list[Line], code: int) -> list[Line]:
    """The lines after the command, without the brace that closes such a group."""
    after = lines[code + 1 :]
    if any(line.text == "{" for line in lines[:code]):
        closing = next((line for line in after if line.text.startswith("}")), None)
        after = [line for line in after if line is not closing]
    return after


def _has_command(text: str, meanings: Mapping[str, str]) -> bool:
    return any(_meaning(meanings, name) == COMMAND for name in placeholders(text))


def _system(command: str) -> System:
    return _SYSTEMS.get(os.path.basename(command.split()[0]), "other")


def _shell(package: Package, lines: list[Line]) -> Iterator[Line]:
    """The shell among some lines; settings like `pre_command` become lines of their own."""
    for line in lines:
        if not line.text or line.text.startswith("#") or _BANNER.match(line.text):
            continue
        names = placeholders(line.text)
        if names and line.text == f"{{{names[0]}}}":
            key = package.meaning(names[0]).removeprefix("compute.")
            text = package.settings.get(key)
            for part in _joined(str(text or "")).splitlines():
                if part.strip():
                    yield Line(part.strip(), package.place_of(key))
            continue
        yield Line(package.fill(line.text), line.place)
