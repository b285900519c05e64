"""A server of files over http or https on this machine, which can also be in all kinds of trouble.

It answers `GET` and `HEAD` from memory, and counts the requests. A file has a `Last-Modified` unless
it is stored without one. An answer of another kind (`Answer`), or a `Trouble`, is set for a path,
for both methods or for one of them. `support.certificates` makes a certificate for https.
"""

from __future__ import annotations

import enum
import ssl
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Letters beyond ASCII are sent as Latin-1."""


class Trouble(enum.Enum):
    HANG = "the request is read and never answered"
    CLOSE = "the connection is closed without an answer"
    BREAK = "the connection is closed in the middle of the body"


class FileServer:
    """The server. It answers while its `with` block is open."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.answers: dict[str, Answer | Trouble] = {}
        """By path, as `/a.txt`, or by method and path, as `GET /a.txt`, which comes first."""
        self.counts: Counter[str] = Counter()
        """How often each request came, as `HEAD /a.txt`."""
        self.logins: dict[str, str] = {}
        """For a path that needs one: user and password, as `ann:secret`."""
        self._ended = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
            self._scheme = "https"

    @property
    def port(self) -> int:
        return self._http.server_port

    def url(self, path: str) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}{path}"

    def __enter__(self) -> FileServer:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._http.shutdown()
        self._http.server_close()

    def put(self, path: str, text: str, modified: float | None = None, dated: bool = True) -> str:
        """Store a file; its address.

        Args:
            path: as in the request, `/a%20b.txt`.
            text: the content.
            modified: seconds since 1970; an hour ago if it is not given.
            dated: whether the answer has `Last-Modified`.
        """
        seconds = time.time() - 3600 if modified is None else modified
        headers = {"Last-Modified": formatdate(seconds, usegmt=True)} if dated else {}
        self.answers[path] = Answer(200, text.encode(), headers)
        return self.url(path)

    def count(self, method: str) -> int:
        """The number of requests of one method."""
        return sum(times for one, times in self.counts.items() if one.startswith(f"{method} "))

    def _answer(self, method: str, path: str, login: str) -> Answer | Trouble:
        self.counts[f"{method} {path}"] += 1
        wanted = self.logins.get(path)
        if wanted and login != f"Basic {b64encode(wanted.encode()).decode()}":
            return Answer(401)
        found = self.answers.get(f"{method} {path}") or self.answers.get(path)
        if found is Trouble.HANG:
            self._ended.wait()
        return found or Answer(404, b"there is no such file\n")


def _handler(server: FileServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

        def _respond(self) -> None:
            answer = server._answer(self.command, self.path, self.headers.get("Authorization", ""))
            if answer in (Trouble.HANG, Trouble.CLOSE):
                self.close_connection = True
                return
            if isinstance(answer, Trouble):
                answer = Answer(200, b"half", {"Content-Length": "8"})
                self.close_connection = True
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(answer.body)

        do_GET = do_HEAD = _respond

    return Handler
