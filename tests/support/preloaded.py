"""Python processes that have imported the slow packages already.

Most tests run `snakemake` or `snakemake-looper`, and four fifths of such a run are imports. A
server process imports once. For each run it forks, and the fork runs the program from its first
line, in a process, a folder and an environment of its own. `LOOPER_TESTS_FRESH=1` starts each
program anew instead; runs that a test kills, or that a scheduler starts, are always started anew.

The jobs of such a run get the same help: a folder in front of their `PATH` has a `python` and a
`pipestat` that ask the server for a fork, and `sys.executable`, with which Snakemake starts the
scripts of rules, is that `python`. The client hands on its arguments, its folder, its environment
and its open files, waits, and ends as the fork ends; if it is killed, the fork is killed.

The server is this file, run as a script: under the name `snakemake`, since Snakemake's processes
are known by their command line.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import re
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

_IMPORTS = (
    *("snakemake.cli", "snakemake.workflow", "snakemake.scheduling", "snakemake.report"),
    *("snakemake.executors.local", "snakemake.script", "smart_open", "yte", "pandas", "peppy"),
    *("pipestat", "pipestat.cli", "pipestat.backends.db_backend.dbbackend", "psycopg"),
    *("yaml", "jinja2", "jsonschema", "rich.console", "rich.table", "rich.live"),
    *("rich.text", "docutils.core", "graphlib", "psutil"),
    # Ours: the plugin is left out, since Snakemake finds and imports it by itself.
    *("snakemake_looper.cli", "snakemake_looper.run.session", "snakemake_looper.for_snakefiles"),
)
_AT_START = re.compile(r"PYTHON|LC_|LANG|TZ|SNAKEMAKE_|LOOPER_TESTS_FRESH")
"""Variables that are read when Python starts, or when a package is imported."""
_PEPHUBCLIENT = "pephubclient"
"""Older versions of peppy import it, and it looks for the home folder when it is imported. Newer
ones have it within themselves."""
_HOMES = ("HOME", "PH_HOME")
_ELSEWHERE = "elsewhere"
"""The server's answer where a fork would differ from a program that is started anew."""

# `python`, for jobs. Started without `site`, it costs a hundredth of a second.
_CLIENT = """\
#!{python} -ISE
import json, os, signal, socket, sys

signal.signal(signal.SIGINT, signal.SIG_DFL)
name, words = os.path.basename(sys.argv[0]), sys.argv[1:]
known = name == "pipestat" or (words and not words[0].startswith("-") and os.path.isfile(words[0]))
if known:
    command = [os.path.join({bin!r}, name), *words] if name == "pipestat" else words
    umask = os.umask(0)
    os.umask(umask)
    question = {{
        "command": command, "cwd": os.getcwd(), "env": dict(os.environ), "umask": umask
    }}
    connection = socket.socket(socket.AF_UNIX)
    connection.connect({socket!r})
    socket.send_fds(connection, [b"?"], [0, 1, 2])
    lines = connection.makefile("rw", encoding="utf-8")
    print(json.dumps(question), file=lines, flush=True)
    if lines.readline().strip() != {elsewhere!r}:
        code = int(lines.readline())
        if code < 0:
            signal.signal(-code, signal.SIG_DFL) if -code not in (9, 19) else None
            os.kill(os.getpid(), -code)
        os._exit(code)
real = {python!r} if name.startswith("python") else os.path.join({bin!r}, name)
os.execv(real, [real, *words])
"""


def _alike(env: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether a program that has started with one environment may go on with the other."""
    names = {key for key in {*env, *other} if env.get(key) != other.get(key)}
    return not any(map(_AT_START.match, names)) and "LOOPER_TESTS_FRESH" not in env


class Preloaded:
    """A server and the way to it."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = dict(env)
        self._folder = Path(tempfile.mkdtemp(prefix="preloaded-"))
        script = self._folder / "snakemake"
        shutil.copy(__file__, script)
        self._write_clients()
        self._server = subprocess.Popen(
            [sys.executable, str(script), str(self._folder / "socket")],
            env={**env, "OPENBLAS_NUM_THREADS": "1"}, cwd=self._folder,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._server.stdout
        ready = self._server.stdout.readline().decode().strip()
        assert ready, "the server has not started"
        self._has_pephubclient = ready == _PEPHUBCLIENT
        atexit.register(self.close)

    def _write_clients(self) -> None:
        text = _CLIENT.format(
            python=sys.executable,
            bin=str(Path(sys.executable).parent),
            socket=str(self._folder / "socket"),
            elsewhere=_ELSEWHERE,
        )
        (self._folder / "bin").mkdir()
        for name in ("python", "python3", "pipestat"):
            client = self._folder / "bin" / name
            client.write_text(text, encoding="utf-8")
            client.chmod(0o755)

    def close(self) -> None:
        """End the server. Closing twice is allowed."""
        assert self._server.stdin and self._server.stdout
        self._server.stdin.close()
        self._server.stdout.close()
        self._server.wait()

    def can_run(self, env: Mapping[str, str]) -> bool:
        """Whether a program with this environment would run as if it were started anew."""
        if self._has_pephubclient and any(env.get(name) != self._env.get(name) for name in _HOMES):
            return False
        return _alike(env, self._env)

    def run(
        self,
        command: tuple[str, ...],
        cwd: Path,
        env: Mapping[str, str],
        timeout: float,
        stdin: str = "",
    ) -> tuple[int, str, str]:
        """Run a Python program; its exit code, as `subprocess` has it, and what it prints."""
        umask = os.umask(0)
        os.umask(umask)
        question = {"command": command, "cwd": str(cwd), "env": dict(env), "umask": umask}
        with (
            tempfile.TemporaryFile("a+b") as out,
            tempfile.TemporaryFile("a+b") as err,
            tempfile.TemporaryFile() as given,
            socket.socket(socket.AF_UNIX) as connection,
        ):
            given.write(stdin.encode())
            given.seek(0)
            connection.settimeout(timeout)
            connection.connect(str(self._folder / "socket"))
            files = [file.fileno() for file in (given, out, err)]
            socket.send_fds(connection, [b"?"], files)
            with connection.makefile("rw", encoding="utf-8") as lines:
                print(json.dumps(question), file=lines, flush=True)
                started = lines.readline()
                assert started.strip() == "started", started
                try:
                    code = int(lines.readline())
                except TimeoutError:  # the server kills it when the connection is closed
                    raise subprocess.TimeoutExpired(command, timeout) from None
            texts = [
                os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0) for file in (out, err)
            ]
        return code, *(text.decode("utf-8").replace("\r\n", "\n") for text in texts)


# --- the server --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Question:
    """A program that is to be run, and everything that a process inherits."""

    command: list[str]
    cwd: str
    env: dict[str, str]
    umask: int
    files: list[int]


def _serve(path: str) -> _Question:
    """Answer until the tests have ended. Returns in each fork that has to run a program."""
    import importlib

    for name in _IMPORTS:
        with contextlib.suppress(ImportError):  # another version may not have it
            importlib.import_module(name)
    # The plugin acts when Snakemake imports it.
    assert "snakemake_logger_plugin_looper.hook" not in sys.modules
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(500)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    is_there = any(f"{place}{_PEPHUBCLIENT}.constants" in sys.modules for place in ("", "peppy."))
    print(_PEPHUBCLIENT if is_there else "ready", flush=True)
    while True:
        ready, _, _ = select.select([listening, sys.stdin], [], [])
        if sys.stdin in ready:  # closed, also if the tests were killed
            shutil.rmtree(Path(path).parent, ignore_errors=True)
            os._exit(0)
        connection, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return _watch(connection)
        connection.close()


def _watch(connection: socket.socket) -> _Question:
    """Fork once more, and report how that process ends. It is killed if the client is gone."""
    _, files, _, _ = socket.recv_fds(connection, 1, 3)
    lines = connection.makefile("rw", encoding="utf-8")
    question = _Question(**json.loads(lines.readline()), files=list(files))
    if not _alike(question.env, os.environ):
        print(_ELSEWHERE, file=lines, flush=True)
        os._exit(0)
    child = os.fork()
    if child == 0:
        lines.close()
        connection.close()
        return question
    for file in files:
        os.close(file)
    with contextlib.suppress(OSError):
        print("started", file=lines, flush=True)
    ended = os.pidfd_open(child)
    ready, _, _ = select.select([ended, connection], [], [])
    if ended not in ready:
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    with contextlib.suppress(OSError):
        print(os.waitstatus_to_exitcode(status), file=lines, flush=True)
    os._exit(0)


def _become(question: _Question) -> str:
    """Take on everything that a process inherits; returns the path of the program."""
    import importlib

    clients = str(Path(sys.argv[0]).parent / "bin")
    os.chdir(question.cwd)
    os.umask(question.umask)
    os.environ.clear()
    os.environ.update(question.env)
    tempfile.tempdir = None  # Python looks for it again: Snakemake sets TMPDIR for its jobs
    folders = os.environ["PATH"].split(os.pathsep)
    if clients not in folders:
        os.environ["PATH"] = os.pathsep.join([clients, *folders])
    for number, file in enumerate(question.files):
        os.dup2(file, number)
    for file in question.files:
        os.close(file)
    program, *_ = sys.argv = list(question.command)
    sys.path[0] = str(Path(program).parent)
    sys.executable = f"{clients}/python"
    importlib.invalidate_caches()
    if "snakemake.workflow" in sys.modules:  # it notes its folder when it is imported
        sys.modules["snakemake.workflow"].Workflow._rundir = str(Path.cwd().absolute())
    if "sqlmodel" in sys.modules and not Path(program).name.startswith("snakemake"):
        # Snakemake has tables of its own there, which pipestat would create in its databases.
        sys.modules["sqlmodel"].SQLModel.metadata.clear()
    return program


def _run(program: str) -> NoReturn:
    """Run a program to its end as Python does, but without the slow tear-down of all modules."""
    code: object = 0
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit((code or 0) & 0xFF)


if __name__ == "__main__":
    _run(_become(_serve(sys.argv[1])))
