"""Python processes that have imported what takes long.

Most tests run `snakemake` or `snakemake-looper`, and four fifths of such a run are imports of other
packages. A server process imports them once. For each run it forks, and the fork runs the program
from its first line, in a process, a folder and an environment of its own. Nothing of this project
is imported before the fork. `LOOPER_TESTS_FRESH=1` starts each program anew instead.

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
from pathlib import Path
from typing import Any, NoReturn

_IMPORTS = (
    *("snakemake.cli", "snakemake.workflow", "snakemake.scheduling", "pandas", "peppy", "pipestat"),
    *("yaml", "jinja2", "jsonschema", "rich.console", "rich.table", "rich.live", "psutil"),
)
_AT_START = re.compile(r"PYTHON|LC_|LANG|HOME|XDG_|TZ|TMPDIR|SNAKEMAKE_|LOOPER_TESTS_FRESH")
"""Variables that are read when Python starts, or when a package is imported."""


class Preloaded:
    """A server and the way to it."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = dict(env)
        self._folder = Path(tempfile.mkdtemp(prefix="preloaded-"))
        script = self._folder / "snakemake"
        shutil.copy(__file__, script)
        self._server = subprocess.Popen(
            [sys.executable, str(script), str(self._folder / "socket")],
            env={**env, "OPENBLAS_NUM_THREADS": "1"}, cwd=self._folder,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._server.stdout and self._server.stdout.readline(), "the server has not started"
        atexit.register(self.close)

    def close(self) -> None:
        """End the server, as the end of this process does, too."""
        assert self._server.stdin and self._server.stdout
        self._server.stdin.close()
        self._server.stdout.close()
        self._server.wait()

    def can_run(self, env: Mapping[str, str]) -> bool:
        """Whether a program would notice nothing."""
        names = {key for key in {*env, *self._env} if env.get(key) != self._env.get(key)}
        return not any(map(_AT_START.match, names)) and "LOOPER_TESTS_FRESH" not in env

    def run(
        self, command: tuple[str, ...], cwd: Path, env: Mapping[str, str], timeout: float
    ) -> tuple[int, str, str]:
        """Run a Python program; its exit code, as `subprocess` has it, and what it prints."""
        umask = os.umask(0)
        os.umask(umask)
        with tempfile.TemporaryDirectory() as folder:
            question = {
                "command": command,
                "cwd": str(cwd),
                "env": dict(env),
                "umask": umask,
                "to": folder,
            }
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(timeout)
                connection.connect(str(self._folder / "socket"))
                with connection.makefile("rw", encoding="utf-8") as lines:
                    print(json.dumps(question), file=lines, flush=True)
                    pid = int(lines.readline())
                    try:
                        code = int(lines.readline())
                    except TimeoutError:
                        os.kill(pid, signal.SIGKILL)
                        raise subprocess.TimeoutExpired(command, timeout) from None
            out, err = (Path(folder, name).read_text("utf-8") for name in ("out", "err"))
        return code, out, err


# --- the server --------------------------------------------------------------------------------


def _serve(path: str) -> Mapping[str, Any]:
    """Answer until nobody is there to ask. Returns in each fork that is to run a program."""
    import importlib

    for name in _IMPORTS:
        with contextlib.suppress(ImportError):  # another version may not have it
            importlib.import_module(name)
    ours = [
        name
        for name in sys.modules
        if name.startswith(("snakemake_looper", "snakemake_logger_plugin_looper"))
    ]
    assert not ours, ours
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(100)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([listening, sys.stdin], [], [])
        if sys.stdin in ready:
            shutil.rmtree(Path(path).parent, ignore_errors=True)
            os._exit(0)
        connection, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return _watch(connection)
        connection.close()


def _watch(connection: socket.socket) -> Mapping[str, Any]:
    """Fork once more, and tell how that process ends."""
    lines = connection.makefile("rw", encoding="utf-8")
    question: dict[str, Any] = json.loads(lines.readline())
    child = os.fork()
    if child == 0:
        lines.close()
        connection.close()
        return question
    with contextlib.suppress(OSError):
        print(child, file=lines, flush=True)
        status = os.waitpid(child, 0)[1]
        print(os.waitstatus_to_exitcode(status), file=lines, flush=True)
    os._exit(0)


def _become(question: Mapping[str, Any]) -> str:
    """Take on everything that a process inherits; the path of the program."""
    import importlib

    os.chdir(question["cwd"])
    os.umask(question["umask"])
    os.environ.clear()
    os.environ.update(question["env"])
    files = [os.open(os.devnull, os.O_RDONLY)]
    for name in ("out", "err"):
        files.append(os.open(Path(question["to"], name), os.O_WRONLY | os.O_CREAT | os.O_APPEND))
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    program, *_ = sys.argv = list(question["command"])
    sys.path[0] = str(Path(program).parent)
    importlib.invalidate_caches()
    if "snakemake.workflow" in sys.modules:  # looks once where it is, when it is imported
        sys.modules["snakemake.workflow"].Workflow._rundir = str(Path.cwd().absolute())
    return program


def _run(program: str) -> NoReturn:
    """Run a program to its end, as Python does, but do not take down what the server has built."""
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
