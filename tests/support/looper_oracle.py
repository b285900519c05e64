"""looper 2.1.1 as an oracle: it renders the commands that ours are compared with.

looper takes about two seconds to import. A server process imports it once and answers each
question in a fork of itself, so one answer cannot change the next. Questions and answers are lines
of JSON on its pipes; the server is this file, run as a script.

An answer has the job scripts and the log, which looper shows to its user. It also has the
namespaces that looper renders a command with, which looper writes to no file.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

_SUBMITTED = re.compile(r"Job script \(n=\d+; [\d.]+Gb\): (.*)\.sub$", re.MULTILINE)
_BODY = re.compile(r"^\{\n(.*)\n\} \| tee [^\n]*$", re.DOTALL | re.MULTILINE)
_PATIENCE = 300  # seconds for one answer


@dataclass(frozen=True)
class Answer:
    """The outcome of one run of looper."""

    code: int
    log: str
    submitted: tuple[str, ...]
    """Names of the jobs that were submitted, or would have been without `--dry-run`."""
    scripts: Mapping[str, str]
    """For each job the exports and the command, as the job script has them."""
    namespaces: Mapping[str, Mapping[str, Any]]
    """For each job the namespaces of its command template, and `flags`: the folder in which
    looper looks for the job's status flag."""


class Looper:
    """A server process in an environment; a context manager, since it must be ended."""

    def __init__(self, env: Mapping[str, str]) -> None:
        kept = {
            key: value for key, value in env.items() if not key.startswith(("LOOPER", "DIVCFG"))
        }
        self._server = subprocess.Popen(
            [sys.executable, __file__],
            env={**kept, "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Looper:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin and self._server.stdout
        self._server.stdin.close()
        self._server.stdout.close()
        self._server.wait(timeout=_PATIENCE)

    def ask(self, *words: str, cwd: Path, out: Path, env: Mapping[str, str]) -> Answer:
        """Run `looper WORDS…` in a folder; `out` is its output folder."""
        assert self._server.stdin and self._server.stdout
        with tempfile.TemporaryDirectory() as notes:
            question = {"words": words, "cwd": str(cwd), "env": dict(env), "notes": notes}
            print(json.dumps(question), file=self._server.stdin, flush=True)
            code = int(self._server.stdout.readline())
            log = Path(notes, "log").read_text(encoding="utf-8")
            seen = Path(notes, "namespaces")
            lines = seen.read_text(encoding="utf-8").splitlines() if seen.exists() else []
        scripts = {}
        for script in sorted((out / "submission").glob("*.sub")):
            body = _BODY.search(script.read_text(encoding="utf-8"))
            assert body, script.read_text(encoding="utf-8")
            scripts[script.stem] = body[1]
        namespaces = [json.loads(line) for line in lines]
        return Answer(
            code=code,
            log=log,
            submitted=tuple(Path(path).name for path in _SUBMITTED.findall(log)),
            scripts=scripts,
            namespaces={one["looper"]["job_name"]: one for one in namespaces},
        )


def plain(value: Any) -> Any:
    """A value of a namespace as JSON has it, without private keys."""
    if isinstance(value, Mapping):
        shown = {str(key): item for key, item in value.items()}
        return {key: plain(item) for key, item in shown.items() if not key.startswith("_")}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    return value.item() if hasattr(value, "item") else f"{type(value).__name__} {value}"


# --- the server --------------------------------------------------------------------------------


def _serve() -> None:
    import eido  # noqa: F401
    import logmuse  # noqa: F401
    import looper.cli_pydantic
    import looper.looper
    import looper.project  # noqa: F401
    import pephubclient  # noqa: F401

    for line in sys.stdin:
        question = json.loads(line)
        child = os.fork()
        if child == 0:
            _answer(**question)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _answer(words: list[str], cwd: str, env: dict[str, str], notes: str) -> NoReturn:
    """Run looper's command line in this process, a child, and end it."""
    import signal
    import traceback

    code = 1
    try:
        signal.alarm(_PATIENCE)
        log = os.open(os.path.join(notes, "log"), os.O_WRONLY | os.O_CREAT)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.chdir(cwd)
        os.environ.update(env)
        sys.path[:0] = filter(None, [env.get("PYTHONPATH")])
        _note_namespaces(os.path.join(notes, "namespaces"))

        from looper.cli_pydantic import main

        main(test_args=words)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _note_namespaces(path: str) -> None:
    """Have looper write down the namespaces each time it renders a command."""
    from looper import conductor

    render = conductor.jinja_render_template_strictly

    def noting(template: str, namespaces: dict[str, Any]) -> str:
        noted = plain(namespaces)
        manager = getattr(namespaces["pipeline"], "psm", None)
        noted["flags"] = (
            noted["looper"]["sample_output_folder"]
            if manager is None
            else manager.cfg["_status_file_dir"]
        )
        if "sample" in noted:  # a property, the table need not have it
            noted["sample"]["sample_name"] = namespaces["sample"].sample_name
        with open(path, "a", encoding="utf-8") as notes:
            print(json.dumps(noted), file=notes)
        return render(template, namespaces)

    conductor.jinja_render_template_strictly = noting


if __name__ == "__main__":
    _serve()
