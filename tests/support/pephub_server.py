"""A double of PEPhub on this machine: it answers requests of pephubclient 0.6.0 from memory.

It simulates the calls by which we read a PEP, and those of pipestat's PEPhub back end and of
`snakemake_looper.results.pephub_table`. Any other call gets the answer 501:

| call | answer |
|---|---|
| `GET projects/{namespace}/{name}?tag=` | the raw PEP |
| `GET projects/{namespace}/{name}/samples/{sample}?tag=` | one raw row of its sample table |
| `POST …/samples/{sample}?tag=&overwrite=` | adds a row; with `overwrite` *replaces* the row |
| `PATCH …/samples/{sample}?tag=` | lays values over a row; it cannot take a column away |
| `DELETE …/samples/{sample}?tag=` | removes a row |

The shape of a PEP is that of `pephubclient.models.ProjectDict`; test_pephub.py holds the two
together, so that a client that reads another shape fails there first. All else follows the source
of the server (pepkit/pephub, `routers/api/v1/project.py` and `dependencies.py`) and of its store
(pepkit/pepdbagent, `modules/project.py` and `sample.py`):

- Errors are `{"detail": text}`. Without the right to read, a private project is 404. Without the
  right to write, a PATCH is 404, and POST and DELETE are 401. An expired token is 401 everywhere.
  An unknown token counts as no token.
- The token stands in `Authorization` as it is, with no `Bearer` before it.
- A row that is added is named by its own `sample_name` (or `sample_table_index`), not by the URL.
  The server first checks whether the caller may write. Then the answer is 400 if the row has no
  name, or if the PEP has no rows yet. A row that exists is 409 without `overwrite`, and stays as it
  is.
- A PATCH with a value for the column of names renames the row.
- Projects and namespaces are stored in lower case, and a PEP always has a name and a description.

Each call is one step under one lock. (The real server is not as strict: it chains each new row to
the last one, so of two that are added at once it lists only one.)
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ACCEPTED = 202
EXPIRED = "expired-token"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    kind: str = "application/json"


def answer(status: int, content: Any) -> Answer:
    """An answer with JSON."""
    return Answer(status, json.dumps(content).encode())


def refusal(status: int, detail: str) -> Answer:
    """An error as PEPhub spells it."""
    return answer(status, {"detail": detail})


@dataclass
class StoredPep:
    config: dict[str, Any]
    samples: list[dict[str, Any]]
    subsamples: list[list[dict[str, Any]]]
    private: bool

    @property
    def index(self) -> str:
        return str(self.config.get("sample_table_index", "sample_name"))

    def find(self, sample: str) -> dict[str, Any] | None:
        return next((row for row in self.samples if row[self.index] == sample), None)


class PephubServer:
    """The server. It answers while its `with` block is open."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        """Every request so far, as `GET namespace/name:tag` or `POST …:tag sample`."""
        self.unknown: list[str] = []
        """Requests that are not simulated: a test that made one proves nothing."""
        self.instead: Answer | None = None
        """The answer to all requests, in tests of a server that is in trouble."""
        self.before: Callable[[str], Answer | None] = lambda request: None
        """Is called with each request, as `requests` spells it, and may return another answer."""
        self._tokens: dict[str, str] = {}
        self._peps: dict[str, StoredPep] = {}
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/"

    def __enter__(self) -> PephubServer:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop answering: from here on connections are refused."""
        self._http.shutdown()
        self._http.server_close()

    # --- for tests -----------------------------------------------------------------------------

    def push(self, path: str, pep: Mapping[str, Any], private: bool = False) -> None:
        """Store a PEP as `phc push` does: `peppy.Project.to_dict(extended=True, orient="records")`.

        `path` is `namespace/name` or `namespace/name:tag`.
        """
        registry, _, tag = path.lower().partition(":")
        copied = json.loads(json.dumps(dict(pep)))
        config = copied["_config"]
        config["name"] = registry.partition("/")[2]
        config["description"] = config.get("description")
        with self._lock:
            self._peps[f"{registry}:{tag or 'default'}"] = StoredPep(
                config, copied["_sample_dict"], copied.get("_subsample_list") or [], private
            )

    def rows(self, path: str) -> dict[str, dict[str, Any]]:
        """A copy of a PEP's sample table, by sample name."""
        with self._lock:
            pep = self._peps[path]
            return {str(row[pep.index]): dict(row) for row in pep.samples}

    def change(self, path: str, sample: str, **values: Any) -> None:
        """Change a row, or add one, as another user would in the web interface."""
        with self._lock:
            pep = self._peps[path]
            row = pep.find(sample)
            if row is None:
                pep.samples.append({pep.index: sample, **values})
            else:
                row.update(values)

    def token(self, namespace: str) -> str:
        """A token of someone who may read and write all of a namespace."""
        token = f"token-of-{namespace}"
        self._tokens[token] = namespace
        return token

    def environment(self, home: Path, token: str | None = None) -> dict[str, str]:
        """Make a home folder whose login is at this server; the environment to run children in.

        pephubclient 0.6.0 asks `base_url` of the login file for PEPs, and `PEPHUB_BASE_URL` for
        single samples, both as they are when it is imported, so both are given. `PH_HOME` would
        come before `HOME`, and a proxy before this machine.
        """
        folder = home / ".pephubclient"
        folder.mkdir(parents=True, exist_ok=True)
        login = f'base_url = "{self.url}"\n' + (f'token = "{token}"\n' if token else "")
        (folder / "jwt.toml").write_text(login, encoding="utf-8")
        return {
            "HOME": str(home),
            "PH_HOME": "",
            "PEPHUB_BASE_URL": self.url,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    # --- for clients ---------------------------------------------------------------------------

    def handle(self, method: str, url: str, token: str | None, body: bytes) -> Answer:
        """Note a request, and answer it."""
        parts = urlsplit(url)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        words = [unquote(word) for word in parts.path.strip("/").split("/")]
        sample = words[6] if len(words) == 7 and words[5] == "samples" else None
        methods = ("GET", "POST", "PATCH", "DELETE") if sample else ("GET",)
        known = words[:3] == ["api", "v1", "projects"] and (len(words) == 5 or sample)
        if not known or method not in methods:
            self.unknown.append(f"{method} {parts.path}")
            return refusal(501, f"{method} {parts.path} is not simulated")
        path = f"{words[3].lower()}/{words[4]}:{query.get('tag', 'default')}"
        request = f"{method} {path}{f' {sample}' if sample else ''}"
        instead = self.before(request)  # outside of the lock: it may change rows
        with self._lock:
            self.requests.append(request)
            instead = instead or self.instead
            if instead is not None:
                return instead
            if token == EXPIRED:
                return refusal(401, "JWT has expired")
            owner = self._tokens.get(token or "") == words[3].lower()
            pep = self._peps.get(path)
            if pep is None:
                what = f"PEP '{path}' does not exist in database. Did you spell it correctly?"
                return refusal(404, what)
            if pep.private and not owner:
                return refusal(404, f"Project, '{path}', not found.")
            if sample is None:
                return answer(200, _raw(pep))
            given = json.loads(body) if body else {}
            overwrite = query.get("overwrite", "").lower() == "true"
            return _sample(pep, path, method, sample, given, overwrite, owner)


def _raw(pep: StoredPep) -> dict[str, Any]:
    return {"config": pep.config, "samples": pep.samples, "subsamples": pep.subsamples}


def _sample(
    pep: StoredPep,
    path: str,
    method: str,
    sample: str,
    given: dict[str, Any],
    overwrite: bool,
    owner: bool,
) -> Answer:
    """One call about one row; the caller has the lock."""
    row = pep.find(sample)
    if method == "GET":
        missing = f"Sample '{sample}' not found in project '{path}'"
        return answer(200, row) if row else refusal(404, missing)
    if method == "PATCH":
        if not owner or row is None:
            what = "Sample does not exist, or you do not have permission to update this sample."
            return refusal(404, what)
        row.update(given)
        return answer(ACCEPTED, {"message": "Sample updated.", "registry": path})
    if method == "POST":
        if not owner:
            return refusal(401, "You do not have permission to upload this sample.")
        if pep.index not in given or not pep.samples:
            return refusal(400, "Could not upload sample. Server error!")
        known = pep.find(given[pep.index])
        if known is None:
            pep.samples.append(given)
        elif overwrite:
            known.clear()
            known.update(given)
        else:
            what = "Sample already exists in project. Use 'overwrite' parameter to overwrite."
            return refusal(409, what)
        return answer(ACCEPTED, {"message": "Sample uploaded successfully.", "registry": path})
    if not owner:
        return refusal(401, "You do not have permission to delete this sample.")
    if row is None:
        return refusal(404, "Sample not found in project.")
    pep.samples.remove(row)
    return answer(ACCEPTED, {"message": "Sample deleted successfully.", "registry": path})


def _handler(server: PephubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = self.headers.get("Authorization")
            given = server.handle(self.command, self.path, token, body)
            self.send_response(given.status)
            self.send_header("Content-Type", given.kind)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            self.wfile.write(given.body)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Keep quiet: pytest shows what is printed here among what the test prints."""

    return Handler
