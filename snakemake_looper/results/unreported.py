"""Results that records do not report any more, and that a copy of them may still have.

A results file loses such a result when it is assembled. A copy in SQLite or on PEPhub does not
tell which of its results came from a run. So their names are noted when earlier results are
removed, until the next `publish` has emptied them there.

    .snakemake/looper/earlier/<store>.dropped.json
"""

from __future__ import annotations

import json
from pathlib import Path

from ..files import content_of, write_atomic
from .earlier_values import Names
from .stores.store import CopyStore, Store


def unreported(store: Store) -> Names:
    """Names of results that the copy of a store may still have, by record."""
    try:
        found = json.loads(content_of(_path(store)))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        str(name): list(map(str, keys)) for name, keys in found.items() if isinstance(keys, list)
    }


def note_unreported(store: Store, names: Names) -> None:
    """Note results that are to be emptied in the copy, if the store has one.

    Raises:
        OSError: the note cannot be written.
    """
    names = {name: keys for name, keys in names.items() if keys}
    if names and isinstance(store, CopyStore):
        known = unreported(store)
        merged = {name: sorted({*known.get(name, []), *keys}) for name, keys in names.items()}
        write_atomic(_path(store), json.dumps({**known, **merged}))


def forget_unreported(store: Store) -> None:
    """Remove the note: the copy has none of these results any more."""
    _path(store).unlink(missing_ok=True)


def _path(store: Store) -> Path:
    return store.earlier_file(".dropped.json")
