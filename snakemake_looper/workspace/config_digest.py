"""The digest of a merged pipestat config. If it changes, the pipeline's jobs run again.

Two projects with the same config have the same digest wherever they lie, see `places`. A literal
secret is part of the digest, and a short digest of a password would help to guess it. So the digest
of a config with a secret depends on a key, `.snakemake/looper/key`, which only its owner can read.
Another user who runs the project cannot compare the secret. An error then asks for a variable in
the place of the secret.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import Problems
from ..files import read_text
from ..layout import KEY, is_digest, marker
from ..read.documents.yaml_lines import read_yaml
from ..read.secrets import has_secret, reveal, secret_keys
from .own_files import put
from .pipestat_files import as_yaml
from .places import Places

_KEY = re.compile(r"[0-9a-f]{64}")
_LENGTH = 16


class KeyOfAnotherUser(Exception):
    """A literal secret cannot be compared with that of another user. The message gives advice."""


@dataclass(frozen=True, slots=True)
class Digests:
    """Makes the digests of one project's merged configs."""

    workdir: Path
    looper_config: Path
    places: Places
    may_write: bool
    """Whether a new key may be written."""

    def digest(self, content: Any, path: Path, shown: str) -> str:
        """The digest of a config's content.

        Args:
            content: dicts, lists and values; secrets are references, see `read.secrets`.
            path: where the config is written.
            shown: the same path as the Snakefile has it.

        Raises:
            KeyOfAnotherUser: the content has a secret, and the key is that of another user.
            OSError: the key cannot be written.
        """
        if not has_secret(content):
            text = as_yaml(self.places.compared_in(content))
            return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
        noted = (read_text(self.workdir / marker(shown)) or "").strip()
        revealed = reveal(content)
        if is_digest(noted) and read_text(path) == as_yaml(revealed):
            return noted  # also where the key was lost
        key = self._key(content)
        if key is None:
            return noted if is_digest(noted) else "0" * _LENGTH
        text = as_yaml(self.places.compared_in(revealed))
        return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()[:_LENGTH]

    def _key(self, content: Any) -> str | None:
        """The key; a missing one is made. None if it is another user's and the plan is only read.

        Raises:
            KeyOfAnotherUser: the key is another user's, and the plan is to be written.
            OSError: a new key cannot be written.
        """
        path = self.workdir / KEY
        text = read_text(path)
        if text is not None and _KEY.fullmatch(text):
            return text
        if text is None and os.path.isfile(path) and os.stat(path).st_uid != os.geteuid():
            if not self.may_write:
                return None
            raise KeyOfAnotherUser(_not_yours(self.looper_config, content, path))
        made = secrets.token_hex(32)
        if self.may_write:
            put(path, made, mode=0o600)
        return made


def _not_yours(looper_config: Path, content: Any, key: Path) -> str:
    """Why a user cannot run a project whose config has another user's literal secret."""
    keys = secret_keys(content)
    document = read_yaml(looper_config, Problems())
    place = document.place(*keys) if document else looper_config
    return (
        f"{place}: {'.'.join(map(str, keys))}: is a literal secret, and the files that were written"
        f" with it are readable for {_owner(key)} alone; write it as ${{VARIABLE}}, so that others"
        " of a group can run this, too"
    )


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:  # a user whom this machine does not know
        return f"user {path.stat().st_uid}"
