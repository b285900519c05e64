"""Results on PEPhub: one writer brings the sample table of a PEP up to date.

pipestat's PEPhub back end replaces a whole row where no row has a result's column yet, reads the
whole PEP for each report, and loses one of two reports of a record that come at once. So jobs
report into files, and afterwards `publish` reads the PEP once and writes the rows that differ. It
writes them one after the other: PEPhub chains each new row to the last one and would lose one of
two.

A row is as pipestat makes it: a column for each result, a `status` column, and no times of
reports. Objects, files, images and lists are JSON. If a result has the name of one of the PEP's own
columns, the result replaces its value, as with pipestat. pipestat finds records only if the column
of names is called `sample_name`; here it may have another name (`sample_table_index`).

pephubclient reads PEPs from the server that its login names, and writes rows to the server of
`PEPHUB_BASE_URL`. Nothing is written unless they are the same.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..read.peps.pephub import (
    AGAIN,
    Refused,
    client,
    expired,
    first_line,
    library,
    login_command,
    pull,
    unreachable,
)
from .json_values import plain

STATUS = "status"
_META = "meta"  # pipestat's bookkeeping in a results file
_EMPTY = ""  # what pipestat's `remove` leaves in the cell of a result
# pephubclient puts names into addresses as they are, and the server takes "%2F" for "/".
_NO_ADDRESS = re.compile(r"[/?#%\x00-\x1f]|^\.{0,2}$")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Table:
    """The sample table of a PEP, as PEPhub gave it."""

    path: str
    index: str
    rows: Mapping[str, Row]


def check(path: str) -> str | None:
    """Why results could not be stored in a PEP, in one line with what to do; None if they can.

    Nothing is written. PEPhub cannot be asked who may write. So this function tries to add a row
    that is there already, without overwriting it. PEPhub refuses that to everyone, but with another
    message to those who may write.
    """
    try:
        table = _writable(path)
        _need_rows(table)
        name = next((name for name in table.rows if not _NO_ADDRESS.search(name)), None)
        if name is not None:
            with _refusals(path, expected="already exists"):
                # The whole row is sent: if somebody deletes it just now, this restores it.
                row = {**table.rows[name], table.index: name}
                _samples().create(**_where(path), sample_name=name, sample_dict=row)
    except Refused as refused:
        return str(refused)
    return None


def read_records(path: str) -> dict[str, dict[str, Any]]:
    """The rows of a PEP's sample table by name, each without the column that has the name.

    Raises:
        Refused: PEPhub does not give the PEP.
    """
    table = _read(path)
    return {
        name: {key: value for key, value in row.items() if key != table.index}
        for name, row in table.rows.items()
    }


def publish(
    path: str,
    records: Mapping[str, Mapping[str, Any]],
    statuses: Mapping[str, str] | None = None,
) -> int:
    """Bring the rows of a PEP up to date, and add those that it does not have.

    Only cells that differ are sent. All others stay: those of the PEP's own columns, those of other
    pipelines, and those that someone else has written since the PEP was read.

    Args:
        path: `namespace/name:tag`.
        records: for each record its results, as pipestat has them in a file.
        statuses: for each record, which need not have results, its status.

    Returns:
        How many rows were written. A second call writes none.

    Raises:
        Refused: the PEP cannot be read or written, or a record has a name that cannot be stored;
            nothing was written. Or PEPhub refused a later row, and the text says how many were
            written; another call writes the others.
    """
    table = _writable(path)
    _need_rows(table)
    wanted = {name: _cells(table, name, results) for name, results in records.items()}
    for name, status in (statuses or {}).items():
        wanted.setdefault(name, {})[STATUS] = status
    return _write(table, wanted)


def delete_records(path: str, records: Mapping[str, Iterable[str]]) -> int:
    """Clear results from a PEP.

    For a whole record, pipestat's `remove` deletes the row, and with it the sample's own values in
    the PEP. So this function deletes no row: it clears each result by an empty cell, as `remove`
    clears a single result. A row that `publish` added stays, too, and has only its name then. It
    cannot be told from a sample that has only a name, and PEPhub adds no rows to an empty table.

    Args:
        path: `namespace/name:tag`.
        records: for each record the names of the results to clear. `STATUS` clears the status;
            it must be named, since a PEP may have such a column of its own.

    Returns:
        How many rows were written.

    Raises:
        Refused: as `publish`.
    """
    table = _writable(path)
    wanted = {
        name: {
            key: _EMPTY
            for key in results
            if key not in (table.index, _META) and table.rows[name].get(key) is not None
        }
        for name, results in records.items()
        if name in table.rows
    }
    return _write(table, wanted)


# --- reading -----------------------------------------------------------------------------------


def _read(path: str) -> _Table:
    client()  # raises if pephubclient, which knows what a path is, cannot be imported
    _where(path)
    raw = pull(path)
    index = str(raw["_config"].get("sample_table_index") or "sample_name")
    rows: dict[str, Row] = {}
    for row in raw["_sample_dict"]:
        if not isinstance(row, dict) or row.get(index) in (None, ""):
            raise Refused(f"'{path}' has a row without a '{index}'; give it one on PEPhub")
        rows.setdefault(str(row[index]), row)
    return _Table(path, index, rows)


def _writable(path: str) -> _Table:
    """The table, if there is a login for the server that rows are written to.

    Raises:
        Refused: there is no login, or PEPhub does not give the PEP.
    """
    client()
    constants = library("constants")
    _where(path)
    login = library("files_manager").FilesManager.load_token_data(constants.PATH_TO_TOKEN_FILE)
    peps, rows = login.base_url.rstrip("/") + "/", str(constants.PEPHUB_BASE_URL)
    if peps != rows:
        # If only the slash at the end differs, the variable is wrong, and the login is right.
        other = rows and rows.rstrip("/") + "/" != peps
        raise Refused(
            f"'{path}' would be read from {peps} and its results written to {rows or 'nowhere'};"
            f" set PEPHUB_BASE_URL to '{peps}'"
            + (f", or log in with {login_command(f' --url {rows}')}" if other else "")
        )
    if not login.token:
        raise Refused(
            f"results cannot be stored in '{path}' on PEPhub without a login;"
            f" log in with {login_command()}"
        )
    return _read(path)


def _need_rows(table: _Table) -> None:
    if not table.rows:
        raise Refused(
            f"'{table.path}' has no rows, and PEPhub adds none to an empty table;"
            " add a first row there, of any name"
        )


def _where(path: str) -> dict[str, str]:
    """The parts of a path, as arguments of pephubclient's calls about rows.

    Raises:
        Refused: it is no path of a PEP.
    """
    helpers = library("helpers")
    try:
        found = helpers.unwrap_registry_path(path)
    except (TypeError, ValueError) as error:
        said = f"'{path}' is no path of a PEP on PEPhub; write it as namespace/name:tag"
        raise Refused(said) from error
    return {"namespace": found.namespace, "name": found.item, "tag": found.tag}


# --- writing -----------------------------------------------------------------------------------


def _cells(table: _Table, name: str, results: Mapping[str, Any]) -> Row:
    """Results as cells of a row, without the column of names: a new name would rename the row.

    Raises:
        Refused: a result has the name of the column of names.
    """
    if str(results.get(table.index, name)) != name:
        raise Refused(
            f"result '{table.index}' of record '{name}' has the name of the column that"
            f" '{table.path}' has its names in; rename the result"
        )
    return {
        str(key): plain(value) for key, value in results.items() if key not in (table.index, _META)
    }


def _write(table: _Table, wanted: Mapping[str, Row]) -> int:
    changes = {}
    for name, cells in wanted.items():
        row = table.rows.get(name, {})
        differing = {key: value for key, value in cells.items() if not _same(row.get(key), value)}
        if differing:
            changes[name] = differing
    for name in changes:
        if _NO_ADDRESS.search(name):
            raise Refused(
                f"PEPhub has no address for a record '{name}'; leave '/', '?', '#', '%' out of it"
            )
    samples, where = _samples(), _where(table.path)
    with _quiet():
        for done, (name, cells) in enumerate(changes.items()):
            so_far = f"{done} of {len(changes)} rows were written to '{table.path}', not '{name}': "
            with _refusals(table.path, so_far):
                if name in table.rows:
                    samples.update(**where, sample_name=name, sample_dict=cells)
                else:
                    row = {table.index: name, **cells}
                    samples.create(**where, sample_name=name, sample_dict=row)
    return len(changes)


def _samples() -> Any:
    return client().sample


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same to JSON. 1 is 1.0, since a store may turn one into the other;
    1 is not true."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


@contextlib.contextmanager
def _refusals(path: str, so_far: str = "", expected: str | None = None) -> Iterator[None]:
    """Turn errors of pephubclient about a row into one line.

    Args:
        so_far: how much was done before, for the message.
        expected: a piece of a refusal that is no error.

    Raises:
        Refused: for every other refusal, and if there is no connection.
    """
    try:
        yield
    except library("exceptions").ResponseError as error:
        said = first_line(error)  # the status is in the text only
        if expected and expected in said:
            return
        if "expired" in said:
            said = expired()
        elif said.endswith((" 401", " 404")):
            # If a login may not write, PEPhub answers that there is no such row.
            gone = "or the row is no longer there; " if said.endswith(" 404") else ""
            said = (
                f"the login at PEPhub may not write to '{path}'{', ' if gone else '; '}{gone}"
                f"log in with {login_command()} as someone who may"
            ) + (", or try again" if gone else "")
        else:
            said = f"PEPhub refuses the row: {said}; {AGAIN}"
        raise Refused(so_far + said) from error
    except OSError as error:
        raise Refused(so_far + unreachable(error)) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the line that pephubclient logs for each row."""
    logger = logging.getLogger("pephubclient")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
