"""The files that a workflow to give away has copies of.

1. The files of pipelines, below `workflow/pipelines/`. The folder of an interface is copied as a
   whole, because its files may need each other. If the interface is in the project's own folder,
   the scripts that commands name are copied, each with its folder or with its neighbours.
2. The files of the project's folder that jobs name, below `resources/`. There, too, commands run:
   they find the same relative paths.

Nothing large is copied unless the user wants that: it stays, and the workflow has its path. Files
outside of the project's folder stay as well.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ...model import Plan
from .relocation import PIPELINES, RESOURCES

MOST_BYTES = 100_000_000
"""The largest size, in bytes, of a folder that is copied without being asked for."""
_MOST_FILES = 10_000
_SCRIPTS = frozenset({
    ".awk", ".bash", ".jl", ".js", ".lua", ".m", ".pl", ".pm", ".py", ".R", ".r", ".rb", ".sed",
    ".sh", ".smk", ".sql",
})  # fmt: skip
_LEFT_OUT = frozenset({"__pycache__", "node_modules"})
_SYSTEM = ("/bin/", "/dev/", "/etc/", "/lib", "/proc/", "/sbin/", "/tmp/", "/usr/", "/var/")
_WORD = re.compile(r"[^\s'\"`;|&<>()$={},:*?]+")
_QUOTED = (re.compile(r'"([^"\n]+)"'), re.compile(r"'([^'\n]+)'"))
"""Texts that may be paths with blanks."""


@dataclass(frozen=True, slots=True)
class Copies:
    """What is copied, and what stays."""

    files: Mapping[str, Path]
    """The copies by path in the workflow, each with the file that it is a copy of."""
    places: Mapping[str, str]
    """Paths of the project, each with the place of its copy, or with itself if it stays."""
    data_dir: str
    """The folder that commands run in: relative to the workflow, or the project's own."""
    large: tuple[str, ...]
    """What stays because it is large, in words."""
    outside: tuple[str, ...]
    """Paths in commands that lead out of the project."""


def find_copies(plan: Plan, folder: Path, everything: bool) -> Copies:
    """What a workflow has copies of.

    Args:
        plan: the plan of the project.
        folder: the folder of the workflow, of which nothing is copied.
        everything: whether large files are copied, too.
    """
    named = _Named(plan, folder, everything)
    pipelines, images = _pipelines(named), _large_images(named)
    inside, outside = _mentioned(named, tuple(map(Path, (*pipelines.places, *images.places))))
    data_dir, resources = _resources(named, inside)
    return Copies(
        {**resources.files, **pipelines.files},
        {**resources.places, **images.places, **pipelines.places},
        data_dir,
        (*pipelines.large, *images.large, *resources.large),
        tuple(str(path) for path in outside if not str(path).startswith(_SYSTEM)),
    )


class _Part(NamedTuple):
    """A part of `Copies`."""

    files: dict[str, Path]
    places: dict[str, str]
    large: list[str]


class _Named:
    """The files that the commands of a plan name."""

    def __init__(self, plan: Plan, folder: Path, everything: bool) -> None:
        self.plan = plan
        self.root = plan.looper_config.parent
        self.everything = everything
        self.own = {plan.out, plan.out.resolve(), folder, folder.resolve()}
        """Folders of which nothing is copied."""
        used = {job.rule for job in plan.jobs}
        self.rules = [rule for rule in plan.rules if rule.name in used]
        self.inputs = {self.absolute(path) for job in plan.jobs for path in job.inputs}
        images = [job.container for job in plan.jobs]
        images += [rule.interface.directives.get("container") for rule in self.rules]
        self.images = {self.absolute(str(one)) for one in images if one and "://" not in str(one)}
        words = {word for job in plan.jobs for word in _words([job.command, *job.env.values()])}
        self.words = {path for path in map(self.absolute, words) if os.path.exists(path)}

    def absolute(self, path: str) -> Path:
        """A path of a job, made absolute."""
        return Path(os.path.normpath(self.root / path))

    def is_own(self, path: Path) -> bool:
        """Whether a path is of the output folder or of the workflow."""
        return any(path.is_relative_to(one) for one in self.own)

    def tree(self, folder: Path) -> list[Path]:
        """The files of a folder, also behind links, without hidden ones; of too many, not all."""
        found: list[Path] = []
        for here, folders, names in os.walk(folder, followlinks=True):
            folders[:] = [name for name in folders if self._is_entered(Path(here, name), folder)]
            found += (Path(here, name) for name in names if not name.startswith("."))
            if len(found) > _MOST_FILES and not self.everything:
                break
        return [path for path in found if path.is_file()]

    def _is_entered(self, path: Path, top: Path) -> bool:
        """Whether the files of a folder below `top` belong to it."""
        if path.name.startswith(".") or path.name in _LEFT_OUT or self.is_own(path):
            return False
        real = path.resolve()
        if self.is_own(real):
            return False
        # A link that leads up to a folder that it is in would have no end.
        above = (one for one in path.parents if one.is_relative_to(top))
        return not path.is_symlink() or not any(one.resolve().is_relative_to(real) for one in above)

    def stays(self, files: Collection[Path]) -> bool:
        """Whether files are so large, or so many, that they are not copied."""
        is_large = len(files) > _MOST_FILES or _size(files) > MOST_BYTES
        return is_large and not self.everything


def _words(texts: Iterable[str]) -> Iterator[str]:
    """Words of commands that may be paths."""
    for text in texts:
        quoted = (word for pattern in _QUOTED for word in pattern.findall(text))
        for word in (*_WORD.findall(text), *quoted, text):
            if ("/" in word or "." in word) and word.strip("./"):
                yield word


def _size(files: Collection[Path]) -> int:
    return sum(path.stat().st_size for path in files)


def _amount(files: Collection[Path]) -> str:
    return f"more than {_MOST_FILES} files" if len(files) > _MOST_FILES else (
        f"{_size(files) / 1e6:.0f} MB"
    )  # fmt: skip


# --- pipelines ------------------------------------------------------------------------------------


def _pipelines(named: _Named) -> _Part:
    part = _Part({}, {}, [])
    folders, singles = _pipeline_files(named)
    names: dict[Path, str] = {}
    for folder in _outermost(folders):
        files = named.tree(folder)
        if named.stays(files):
            part.large.append(f"the pipelines of {folder} ({_amount(files)})")
            part.places[str(folder)] = str(folder)
            continue
        place = part.places[str(folder)] = _place(folder, names)
        for path in files:
            part.files[_in_workflow(f"{place}/{path.relative_to(folder)}")] = path
    for path in sorted(singles):
        if not any(path.is_relative_to(folder) for folder in part.places):
            base = named.root if path.is_relative_to(named.root) else path.parent
            place = f"{_place(base, names)}/{path.relative_to(base)}"
            part.places[str(path)] = place
            part.files[_in_workflow(place)] = path
    return part


def _pipeline_files(named: _Named) -> tuple[set[Path], set[Path]]:
    """The folders of pipelines to copy as a whole, and single files of pipelines."""
    folders, singles = set(), set()
    for rule in named.rules:
        interface = rule.interface
        if not named.root.is_relative_to(interface.folder):
            folders.add(interface.folder)
        path = Path(str(interface.data.get("path") or ""))
        if path.is_absolute() and path.is_file():
            singles.add(path)
        schema = rule.config.content.get("schema_path") if rule.config else None
        if schema:
            singles.add(Path(str(schema)))
    for path in named.words - named.inputs:
        if path.is_relative_to(named.root) and path.is_file() and path.suffix in _SCRIPTS:
            if path.parent == named.root or named.is_own(path):
                singles |= {one for one in path.parent.glob(f"*{path.suffix}") if one.is_file()}
            else:
                folders.add(path.parent)
    return folders, {path for path in singles if not named.is_own(path)}


def _outermost(folders: Collection[Path]) -> list[Path]:
    return sorted(
        one for one in folders if not any(other in one.parents for other in folders)
    )  # fmt: skip


def _place(folder: Path, names: dict[Path, str]) -> str:
    """The place of a folder's copy: it keeps its name, with a number if that is taken."""
    if folder not in names:
        base = re.sub(r"[^\w.-]", "_", folder.name) or "files"
        number = 1
        name = base
        while name in names.values():
            number += 1
            name = f"{base}_{number}"
        names[folder] = name
    return f"{PIPELINES}/{names[folder]}"


def _in_workflow(place: str) -> str:
    return place.replace(PIPELINES, "workflow/pipelines", 1)


# --- input files and images -----------------------------------------------------------------------


def _large_images(named: _Named) -> _Part:
    """The images of containers in the project's folder that are too large to copy."""
    part = _Part({}, {}, [])
    for path in sorted(one for one in named.images if one.is_relative_to(named.root)):
        files = _files(path, named)
        if named.stays(files):
            part.places[str(path)] = str(path)
            part.large.append(f"the image {path} ({_amount(files)})")
    return part


def _mentioned(named: _Named, copied: Collection[Path]) -> tuple[list[Path], list[Path]]:
    """Files and folders that jobs name and that are not copied yet: in the project, and elsewhere."""
    inside, outside = [], []
    for path in sorted(named.words | named.inputs | named.images):
        if named.is_own(path) or any(path.is_relative_to(one) for one in copied):
            continue
        if not path.is_relative_to(named.root):
            outside.append(path)
        elif not any(one.is_relative_to(path) for one in (named.root, *named.own)):
            inside.append(path)
    return inside, outside


def _resources(named: _Named, inside: Collection[Path]) -> tuple[str, _Part]:
    """The folder that commands run in, and the copies of files in the project's folder."""
    root = named.root
    files = {path: None for one in inside for path in _files(one, named)}
    if any(source in files for source in named.plan.sources):
        # A command that reads one of the project's own files may go on to the others.
        own = (one for one in named.plan.sources if one.is_relative_to(root))
        files |= {one: None for one in own if one.is_file()}
    places = {str(root): RESOURCES}
    if not files:
        return ".", _Part({}, places, [])
    if named.stays(files):
        return str(root), _Part({}, places, [f"the input files in {root} ({_amount(files)})"])
    found = {f"resources/{path.relative_to(root)}": path for path in files}
    return "resources", _Part(found, places, [])


def _files(path: Path, named: _Named) -> list[Path]:
    """A file, or all files of a folder; none if it does not exist."""
    return named.tree(path) if path.is_dir() else [path] if path.is_file() else []


def shortened(lines: Collection[str], most: int = 20) -> list[str]:
    """The first lines of many, and how many more there are."""
    found = list(lines)
    return found if len(found) <= most else [*found[:most], f"… and {len(found) - most} more"]
