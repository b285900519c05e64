"""Paths of a project, and the places that they have in a workflow to give away.

Three folders of the workflow have names, spelled like Snakemake's path variables. The Snakefile and
the table of jobs have these names, and `rules/common.smk` fills the folders in:

    <results>     the output folder
    <resources>   the folder that commands run in: the project's, or a copy of its files
    <pipelines>   the copied files of the pipelines
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

RESULTS = "<results>"
RESOURCES = "<resources>"
PIPELINES = "<pipelines>"
NAMES = (RESULTS, RESOURCES, PIPELINES)
_BEFORE = r"(?:(?<![\w.~/})+-])|(?<=\s-[A-Za-z]))"
"""No part of a path stands before a path, and no variable or command whose value may be one. A letter
of an option may, as in `-I/lab/scripts`."""
_BEHIND = r"(?![\w.@~+-]|\\ )"
_UPWARDS = re.compile(rf"{_BEFORE}/[\w.+@%/-]*/\.\.(?:/[\w.+@%/-]*)?(?![\w.+@%-])")
"""An absolute path that goes up from a folder, as in `/lab/scripts/../tools/x.py`."""


@dataclass(frozen=True, slots=True)
class Relocation:
    """The new places of a project's files."""

    root: str
    """The project's folder, where commands run: relative paths are relative to it."""
    places: tuple[tuple[str, str], ...]
    """Absolute paths of files and folders with their new places, longest paths first."""

    def path(self, path: str) -> str:
        """The new place of a path; a path outside of all places stays, and is absolute."""
        absolute = os.path.normpath(os.path.join(self.root, path))
        for old, new in self.places:
            if absolute == old or absolute.startswith(f"{old}/"):
                return new + absolute[len(old) :]
        return absolute

    def input(self, path: str) -> str:
        """The new place of an input file: relative if commands find it below their folder."""
        found = self.path(path)
        return found.removeprefix(f"{RESOURCES}/") if found != RESOURCES else "."

    def image(self, image: str) -> str:
        """The new place of a container image that is a file; an image of a registry stays."""
        return image if "://" in image else self.path(image)

    def text(self, text: str) -> str:
        """A command, or another text, with the new places of all paths in it.

        A relative path is changed only if it leads to results, or to a copied file of a pipeline:
        all others are found where commands run.
        """
        patterns = _patterns(self.root, self.places)
        text = _UPWARDS.sub(self._without_steps_up, text)
        for pattern in (patterns.absolute, patterns.results):
            if pattern:
                text = pattern.sub(lambda found: self.path(found[0]), text)
        return patterns.copied.sub(self._if_copied, text) if patterns.copied else text

    def _without_steps_up(self, found: re.Match[str]) -> str:
        """A path without `..`, because the folders above a place differ from those above the old one."""
        has_place = any(found[0].startswith(f"{old}/") for old, _ in self.places)
        return os.path.normpath(found[0]) if has_place else found[0]

    def _if_copied(self, found: re.Match[str]) -> str:
        absolute = os.path.join(self.root, found[0])
        return self.path(found[0]) if os.path.isfile(absolute) else found[0]


class _Patterns(NamedTuple):
    """Regular expressions for paths with a new place; None for none."""

    absolute: re.Pattern[str] | None
    results: re.Pattern[str] | None
    """Relative paths to results, up to a slash."""
    copied: re.Pattern[str] | None
    """Relative paths to the files of pipelines, which are copied or stay where they are."""


@lru_cache(maxsize=8)
def _patterns(root: str, places: tuple[tuple[str, str], ...]) -> _Patterns:
    """The regular expressions for a project's paths in commands."""

    def pattern(before: str, olds: list[str], behind: str) -> re.Pattern[str] | None:
        alternatives = "|".join(map(re.escape, olds))
        return re.compile(f"{before}(?:{alternatives}){behind}") if olds else None

    def inside(*starts: str) -> list[str]:
        relative = (os.path.relpath(old, root) for old, new in places if new.startswith(starts))
        return [one for one in relative if not one.startswith("..")]

    here = r"(?<![\w.~/})+-])(?:\./)?(?!(?:results|resources|pipelines)>)"
    return _Patterns(
        pattern(_BEFORE, [old for old, _ in places], _BEHIND),
        pattern(here, inside(RESULTS), "(?=/)"),
        pattern(here, inside(PIPELINES, "/"), rf"(?:/[\w.+@%/-]+)?{_BEHIND}"),
    )


def relocation(root: Path, places: Mapping[str, str]) -> Relocation:
    """The new places of a project's files, also by paths without symbolic links.

    Args:
        root: the project's folder.
        places: absolute paths with their new places.
    """
    found = {os.path.realpath(old): new for old, new in places.items()} | dict(places)
    return Relocation(
        str(root), tuple(sorted(found.items(), key=lambda item: len(item[0]), reverse=True))
    )
