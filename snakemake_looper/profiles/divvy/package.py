"""A compute package of a divvy config, with its submission template taken apart.

looper writes a job script from a template, and submits it. The script has three kinds of lines:

    #SBATCH --mem='{MEM}'          what the job asks for: directives
    module load apptainer          shell around the command: before, after
    {CODE}                         the command, perhaps in something that runs it: a container

`{NAME}` stands for a value: adapters say for which (`MEM: compute.mem`), and without an adapter it
is the compute setting of that name in lower case. Values that the package has itself are filled
in; the others are a job's own.

A package is laid over the package `default`, as in looper. Paths of templates are relative to
the divvy config.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ...errors import Place, Problems, near
from ...read.yaml_lines import Document, read_yaml, resolve

System = Literal["local", "slurm", "sge", "pbs", "lsf", "other"]

# What looper's own divvy config has.
_ADAPTERS: Mapping[str, str] = {
    "CODE": "looper.command",
    "JOBNAME": "looper.job_name",
    "LOGFILE": "looper.log_file",
    "CORES": "compute.cores",
    "MEM": "compute.mem",
    "TIME": "compute.time",
}
_SYSTEMS: Mapping[str, System] = {
    "sbatch": "slurm", "qsub": "sge", "bsub": "lsf", ".": "local", "sh": "local", "bash": "local",
    "dash": "local", "zsh": "local", "source": "local",
}  # fmt: skip
_DIRECTIVE = re.compile(r"^#(SBATCH|PBS|BSUB|\$)\s+(.*)$")
_SYSTEM_OF: Mapping[str, System] = {"SBATCH": "slurm", "PBS": "pbs", "BSUB": "lsf", "$": "sge"}
_PLACEHOLDER = re.compile(r"(?<!\$)\{([A-Z][A-Z0-9_]*)\}")
# Lines of looper's own templates that only tell where and when a job began.
_BANNER = re.compile(r"^echo '(Compute node|Start time):' `")
COMMAND = "looper.command"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a template, or of a setting with shell in it, and where it stands."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Package:
    """A compute package: what it submits with, and what is in its job scripts."""

    name: str
    config: Path
    place: Place
    system: System
    command: Line
    settings: Mapping[str, Any]
    places: Mapping[str, Place]
    directives: tuple[Line, ...]
    before: tuple[Line, ...]
    code: Line
    after: tuple[Line, ...]
    meanings: Mapping[str, str]
    used: frozenset[str] = frozenset()
    """Compute settings that the template has a place for."""

    def place_of(self, key: str) -> Place:
        return self.places.get(key, self.place)

    def meaning(self, placeholder: str) -> str:
        """What `{NAME}` stands for: `looper.command`, `compute.mem`, …"""
        return _meaning(self.meanings, placeholder)

    def fill(self, text: str) -> str:
        """A text with the package's own values filled in."""
        return _fill(text, self.settings, self.meanings)


def placeholders(text: str) -> list[str]:
    """Names of what is still to be filled in."""
    return _PLACEHOLDER.findall(text)


def options_of(line: Line, problems: Problems) -> list[str]:
    """Words of a directive line, without quotes, as those who read such lines see them."""
    try:
        return shlex.split(line.text, comments=True)
    except ValueError as error:
        problems.add(line.place, "", f"'{line.text}': {error}; correct the quotes")
        return []


def read_package(config: Path, name: str, problems: Problems) -> Package | None:
    """Read a compute package; what is wrong goes to `problems`, and the answer is then None."""
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
    command, template = settings.get("submission_command"), settings.get("submission_template")
    for key in ("submission_command", "submission_template"):
        if not isinstance(settings.get(key), str) or not settings[key].strip():
            problems.add(places.get(key, place), key, "is missing; write it, as in looper's own")
    if not isinstance(command, str) or not isinstance(template, str) or problems:
        return None
    meanings = _adapters(document, settings, problems)
    path = resolve(template, config.parent)
    lines = _template_lines(path, places["submission_template"], problems)
    # `bsub <` reads the script's lines; here the options are on the command line.
    given = Line(command.strip().rstrip("< "), places["submission_command"])
    package = Package(
        name, config, place, "other", given, settings, places, (), (), given, (), meanings
    )
    return None if lines is None else _taken_apart(package, path, lines, problems)


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
        # What a job asks for is its own, also where the package has a default.
        own = known is None or key in ("cores", "mem", "time", "partition", "account")
        return match[0] if own else _joined(str(known)).strip()

    return _PLACEHOLDER.sub(value, text)


def _joined(text: str) -> str:
    """Lines that go on after a backslash, as one."""
    return re.sub(r"\\\s*(\n|$)", " ", text)


def _template_lines(path: Path, place: Place, problems: Problems) -> list[Line] | None:
    """Lines of a template, continued ones joined."""
    try:
        text = path.read_text(encoding="utf-8")
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


def _taken_apart(
    package: Package, path: Path, lines: list[Line], problems: Problems
) -> Package | None:
    codes = [
        number
        for number, line in enumerate(lines)
        if not line.text.startswith("#") and _has_command(line.text, package.meanings)
    ]
    if not codes:
        problems.add(Place(str(path), 1), "", "has no line with {CODE}, the command; add one")
        return None
    code, command = _submitted(lines[codes[0]], package)
    directives = [
        (match[1], Line(match[2].strip(), line.place))
        for line in lines
        if (match := _DIRECTIVE.match(line.text))
    ]
    system = _system(command.text)
    if system == "sge" and directives and all(kind == "PBS" for kind, _ in directives):
        system = "pbs"
    return Package(
        name=package.name,
        config=package.config,
        place=package.place,
        system=system,
        command=command,
        settings=package.settings,
        places=package.places,
        directives=tuple(
            line for kind, line in directives if system in (_SYSTEM_OF[kind], "other")
        ),
        before=tuple(_shell(package, _opened(lines[: codes[0]]))),
        code=code,
        after=tuple(_shell(package, _closed(lines, codes[0]))),
        meanings=package.meanings,
        used=frozenset(
            package.meaning(name).removeprefix("compute.")
            for line in lines
            for name in placeholders(line.text)
        ),
    )


def _submitted(code: Line, package: Package) -> tuple[Line, Line]:
    """The command's line and what submits it: perhaps the line itself, in a script that is run."""
    spots = _PLACEHOLDER.finditer(code.text)
    start = next(spot.start() for spot in spots if package.meaning(spot[1]) == COMMAND)
    head = code.text[:start]
    inner = _SYSTEMS.get((head.split() or [""])[0])
    if _system(package.command.text) != "local" or inner in (None, "local"):
        return code, package.command
    head = head[:-1] if head.endswith(("'", '"')) else head
    return Line("{CODE}", code.place), Line(head.strip(), code.place)


def _opened(lines: list[Line]) -> list[Line]:
    """Lines before the command; a brace that opens a group for it has nothing of its own."""
    return [line for line in lines if line.text != "{"]


def _closed(lines: list[Line], code: int) -> list[Line]:
    """Lines after the command, without the brace that closes such a group."""
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
    """Shell around the command; settings like `pre_command` as lines of their own."""
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
