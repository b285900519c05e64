"""The files of an input schema: the schema, its imports, and what its references name.

A path is relative to the file that names it (quirk 37). A schema on the web can name addresses on
the web only, and never a file of this machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from ...errors import Place, Problems
from ..documents.yaml_lines import (
    Document,
    absent,
    parse_yaml,
    read_yaml,
    resolve,
    warn_of_repeated,
)
from ..documents.yaml_values import YamlFault
from ..secrets import address
from .remote import Downloads, NoFile, Unreachable, is_url

_MOST_FILES = 100


@dataclass(frozen=True, slots=True, eq=False)
class SchemaFile:
    """One file of a schema, and its path or address."""

    where: str
    document: Document

    @property
    def data(self) -> dict[str, Any]:
        """The file as data."""
        return self.document.data

    def place(self, *keys: str | int) -> Place:
        """The place of a key in the file."""
        found = self.document.place(*keys)
        return Place(address(self.where), found.line) if is_url(self.where) else found


class SchemaFiles:
    """Opens the files of one input schema, each once. Faults go to `problems`."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.is_unreachable = False
        """Whether a server did not give a file."""
        self._downloads = Downloads()
        self._known: dict[str, SchemaFile | None] = {}

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of this machine that were read."""
        return tuple(Path(w) for w, file in self._known.items() if file and not is_url(w))

    def open(self, where: str, named: str, place: Place, key: str) -> SchemaFile | None:
        """The file at a path or address. The file at `place` names it so under `key`."""
        if where not in self._known:
            self._known[where] = None
            if len(self._known) > _MOST_FILES:
                what = f"the schema names more than {_MOST_FILES} files; name fewer"
                self.problems.add(place, key, what)
                return None
            document = self._read(where, named, place, key)
            self._known[where] = SchemaFile(where, document) if document else None
        return self._known[where]

    def named_by(self, file: SchemaFile, named: str, place: Place, key: str) -> SchemaFile | None:
        """The file that another file of the schema names."""
        if is_url(named):
            return self.open(named, named, place, key)
        if not is_url(file.where):
            folder = Path(file.where).parent
            return self.open(str(resolve(named, folder)), named, place, key)
        where = urljoin(file.where, named)
        if is_url(where):
            return self.open(where, named, place, key)
        what = "names a file of this machine, which a schema on the web cannot; correct the address"
        self.problems.add(place, key, what)
        return None

    def with_imports(self, top: SchemaFile) -> list[SchemaFile]:
        """The files in the order in which they apply: an imported one before its importer."""
        found: dict[str, SchemaFile] = {}
        begun = {top.where}
        stack = [(top, self._imports(top))]
        while stack:
            file, left = stack[-1]
            if not left:
                found[file.where] = file
                stack.pop()
                continue
            item, place = left.pop(0)
            imported = self.named_by(file, item, place, "imports")
            if imported and imported.where not in begun:
                begun.add(imported.where)
                stack.append((imported, self._imports(imported)))
        return list(found.values())

    def _imports(self, file: SchemaFile) -> list[tuple[str, Place]]:
        given = file.data.get("imports") or []
        items = given if isinstance(given, list) else [given]
        if not all(isinstance(item, str) for item in items):
            what = "must be a list of paths; correct it"
            self.problems.add(file.place("imports"), "imports", what)
            return []
        return [(item, file.place("imports", index)) for index, item in enumerate(items)]

    def _read(self, where: str, named: str, place: Place, key: str) -> Document | None:
        if is_url(where):
            return self._download(where, place, key)
        if Path(where).is_file():
            return read_yaml(Path(where), self.problems)
        self.problems.add(place, key, absent(named, Path(where)))
        return None

    def _download(self, url: str, place: Place, key: str) -> Document | None:
        shown = address(url)
        try:
            document = parse_yaml(self._downloads.text(url), Path(shown))
        except Unreachable as error:
            self.is_unreachable = True
            self.problems.warn(
                place,
                key,
                f"{shown} cannot be reached ({error}); samples are not checked against it",
            )
            return None
        except NoFile as error:
            self.problems.add(place, key, f"{shown} {error}")
            return None
        except YamlFault as error:
            what = str(error).removeprefix("not valid YAML: ").rpartition("; ")[0]
            at = f"line {error.line}: " if error.line else ""
            self.problems.add(
                place, key, f"{shown} is no schema ({at}{what}); correct it, or the address"
            )
            return None
        warn_of_repeated(document, self.problems)
        return document
