"""The facts of `owner.toml`, and the metadata that follow from them.

The build hooks of both distributions and `release.py` read the owner's file here and nowhere else.
Builds run in environments of their own, so this file imports only the standard library.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
FILE = Path(__file__).resolve().parent / "owner.toml"

_PICTURE = re.compile(r"(!\[[^\]]*\])\((?!\w+:|#)([^)\s]+)\)")
_LINK = re.compile(r"(?<!!)(\[(?:[^\[\]]|!\[[^\]]*\]\([^)]*\))*\])\((?!\w+:|#)([^)\s]+)\)")
_HOSTS = ("https://github.com/", "https://gitlab.com/")
"""The hosts on which the catalog of Snakemake's plugins looks for pages."""


@dataclass(frozen=True, slots=True)
class Author:
    given: str
    family: str
    email: str = ""
    orcid: str = ""

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}".strip()


@dataclass(frozen=True, slots=True)
class Owner:
    repository: str
    authors: tuple[Author, ...]

    def missing(self) -> list[str]:
        """A line for each thing that has to be filled in before a release."""
        lines = []
        if not self.repository:
            lines.append("repository: is empty; write the address of the public repository")
        elif not self.repository.startswith(_HOSTS) or self.repository.endswith("/"):
            hosts = " or ".join(_HOSTS)
            lines.append(f"repository: '{self.repository}' is no address below {hosts}; correct it")
        if not self.authors:
            lines.append("authors: there is none; write a table [[authors]] for each")
        for number, author in enumerate(self.authors, 1):
            if not author.given or not author.family:
                lines.append(f"authors: author {number} needs both 'given' and 'family'; add them")
        return [f"packaging/owner.toml: {line}" for line in lines]

    def page(self, version: str, path: str, kind: str = "blob") -> str:
        """The address of a file of a version. `kind` is `raw` for a picture."""
        between = "/-/" if self.repository.startswith("https://gitlab.com/") else "/"
        return f"{self.repository}{between}{kind}/v{version}/{path}"

    def urls(self) -> dict[str, str]:
        """`[project.urls]`. The catalog of Snakemake's plugins looks for the name `Repository`."""
        if not self.repository:
            return {}
        between = "/-/" if self.repository.startswith("https://gitlab.com/") else "/"
        base = f"{self.repository}{between}"
        return {
            "Repository": self.repository,
            "Documentation": f"{base}blob/main/docs/index.md",
            "Changelog": f"{base}blob/main/CHANGELOG.md",
            "Issues": f"{base}issues",
        }

    def people(self) -> list[dict[str, str]]:
        """`authors` of `[project]`."""
        return [
            {"name": one.name, **({"email": one.email} if one.email else {})}
            for one in self.authors
        ]

    def absolute(self, text: str, version: str) -> str:
        """A text in Markdown whose links lead to files of a version, wherever it is shown."""
        if not self.repository:
            return text
        text = _PICTURE.sub(lambda one: f"{one[1]}({self.page(version, one[2], 'raw')})", text)
        return _LINK.sub(lambda one: f"{one[1]}({self.page(version, one[2])})", text)


def read_owner(file: Path = FILE) -> Owner:
    """The facts of the owner's file."""
    found: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    return Owner(
        repository=str(found.get("repository", "")),
        authors=tuple(
            Author(**{key: str(one.get(key, "")) for key in ("given", "family", "email", "orcid")})
            for one in found.get("authors", ())
        ),
    )


def read_version(repository: Path = REPOSITORY) -> str:
    """The version of the package, without importing it."""
    text = (repository / "snakemake_looper" / "version.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    if match is None:
        raise ValueError('snakemake_looper/version.py: has no line __version__ = "…"; add it')
    return match[1]
