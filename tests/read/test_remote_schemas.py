"""Schemas on a server that misbehaves: no plan is stopped, and none is crashed."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.projects import write

from snakemake_looper.errors import Place, Problems
from snakemake_looper.model import InputSchema
from snakemake_looper.read.schemas import schema_files
from snakemake_looper.read.schemas.input_schema import read_input_schema
from snakemake_looper.read.schemas.remote import Downloads, NoFile, Unreachable


def answer(body: bytes, head: bytes = b"200 OK", length: int | None = None) -> bytes:
    count = len(body) if length is None else length
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (head, count) + body


def redirect(to: bytes) -> bytes:
    return b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % to


TENS = "".join(f"l{i}: &l{i} [{','.join([f'*l{i - 1}'] * 10)}]\n" for i in range(1, 9))
ANSWERS = {
    "/good": answer(b"properties: {samples: {items: {required: [x]}}}\n"),
    "/short": answer(b"abc: 1\n", length=1000),
    "/garbage": b"garbage\r\n\r\n",
    "/nothing": b"",
    "/page": answer(b"<!DOCTYPE html>\n<html></html>"),
    "/missing": answer(b"", b"404 Not Found"),
    "/gone": answer(b"", b"410 Gone"),
    "/login": answer(b"", b"401 Unauthorized"),
    "/broken": answer(b"", b"503 Service Unavailable"),
    "/loop": redirect(b"/loop"),
    "/to-file": redirect(b"file:///etc/passwd"),
    "/to-good": redirect(b"/good"),
    "/binary": answer(b"\x00\xff\xfe"),
    "/gzip": answer(gzip.compress(b"a: 1\n")),
    "/large": answer(b"#" * 5_000_000),
    "/anchors": answer(b"l0: &l0 [1,1,1,1,1,1,1,1,1,1]\n" + TENS.encode()),
    "/date": answer(b"a: 1\nb: 2024-99-99\n"),
    "/list": answer(b"- a\n"),
    "/local": answer(b"imports: [file:///etc/passwd]\n"),
    "/absolute": answer(b"imports: [/good]\n"),
    "/secret": answer(b"a: 1\n"),
}


class Server:
    """Answers with the bytes above; `/drip` sends one byte now and then, `/silent` none."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(20)
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.asked: list[str] = []
        self.over = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while not self.over.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            asked = connection.recv(4096).decode()
            path = asked.split(" ")[1] if " " in asked else ""
            self.asked.append(asked)
            try:
                if path.startswith(("/drip", "/silent")):
                    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" if "drip" in path else b"")
                    while not self.over.wait(0.05):
                        connection.sendall(b"#" if "drip" in path else b"")
                connection.sendall(ANSWERS.get(path, b""))
            except OSError:
                pass  # the other side has left

    def stop(self) -> None:
        self.over.set()
        self._socket.close()


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.stop()


UNREACHABLE = [
    ("/short", "its answer ends too early"),
    ("/garbage", "its answer is not HTTP"),
    ("/nothing", "it ends the connection without an answer"),
    ("/missing", "404: there is no such file"),
    ("/gone", "410: there is no such file any more"),
    ("/login", "401: a login is needed there"),
    ("/broken", "its answer is 503"),
    ("/loop", "302: it redirects without end, or to no web address"),
    ("/to-file", "302: it redirects without end, or to no web address"),
]


def read(folder: Path, url: str) -> tuple[InputSchema | None, list[str], list[str]]:
    problems = Problems()
    found = read_input_schema(url, folder, Place("p.yaml", 2), problems)
    return found, list(map(str, problems)), list(problems.warnings)


@pytest.mark.parametrize(("path", "reason"), UNREACHABLE)
def test_a_schema_that_cannot_be_had_is_a_warning(
    tmp_path: Path, server: Server, path: str, reason: str
) -> None:
    url = server.address + path
    assert read(tmp_path, url) == (
        None,
        [],
        [
            f"p.yaml:2: input_schema: {url} cannot be reached ({reason}); samples are not checked"
            " against it"
        ],
    )


PAGE = "is a web page; write the address of the file itself"
NOT_THERE = [
    ("/page", f"{PAGE} (on many servers, behind 'Raw')"),
    ("/binary", "is no text in UTF-8; correct the address"),
    ("/gzip", "is no text in UTF-8; correct the address"),
    ("/large", "has more than 4 MB; correct the address"),
    (
        "/anchors",
        "is no schema (line 5: its anchors multiply without end); correct it, or the address",
    ),
    (
        "/date",
        "is no schema (line 2: a value looks like a date, and there is no such date); correct it,"
        " or the address",
    ),
    (
        "/list",
        "is no schema (line 1: a mapping is expected, not a list); correct it, or the address",
    ),
]


@pytest.mark.parametrize(("path", "message"), NOT_THERE)
def test_an_address_of_something_else_is_an_error(
    tmp_path: Path, server: Server, path: str, message: str
) -> None:
    url = server.address + path
    assert read(tmp_path, url) == (None, [f"p.yaml:2: input_schema: {url} {message}"], [])


def test_a_schema_on_the_web_names_no_file_of_this_machine(tmp_path: Path, server: Server) -> None:
    url = server.address + "/local"
    assert read(tmp_path, url)[1] == [
        f"{url}:1: imports: names a file of this machine, which a schema on the web cannot; correct"
        " the address"
    ]
    found, *said = read(tmp_path, server.address + "/absolute")
    assert found and len(found.schemas) == 2 and said == [[], []]


def test_redirects_are_followed(tmp_path: Path, server: Server) -> None:
    found, *said = read(tmp_path, server.address + "/to-good")
    assert found and said == [[], []] and not found.volatile


def test_a_reference_to_a_server_that_is_gone(tmp_path: Path, server: Server) -> None:
    """The rest of the schema counts; the next plan tries again."""
    text = "properties:\n  samples:\n    items:\n      required: [y]\n      properties:\n"
    write(tmp_path, {"s.yaml": f"{text}        x: {{$ref: '{server.address}/broken#/a'}}\n"})
    found, problems, (warning,) = read(tmp_path, "s.yaml")
    assert found and found.volatile and not problems
    assert warning.startswith(f"{tmp_path}/s.yaml:6: properties.samples.items.properties.x.$ref: ")


@pytest.mark.parametrize("path", ["/drip", "/silent"])
def test_all_files_of_a_schema_share_one_deadline(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Each byte would begin a socket's timeout again, and each import a deadline of its own."""
    monkeypatch.setattr(schema_files, "Downloads", lambda: Downloads(seconds=0.3))
    imports = [f"{server.address}{path}/{number}" for number in range(50)]
    write(tmp_path, {"s.yaml": f"imports: {imports}\n"})
    _, problems, warnings = read(tmp_path, "s.yaml")
    assert not problems and len(warnings) == 50
    assert all("(no answer within 0.3 seconds)" in line for line in warnings)
    assert len(server.asked) < 50


def test_other_addresses() -> None:
    downloads = Downloads()
    for url, said in (
        ("http://no-such-host.invalid/s", "there is no host 'no-such-host.invalid'"),
        ("http://127.0.0.1:9/s", "Connection refused"),
    ):
        with pytest.raises(Unreachable, match=said):
            downloads.text(url)
    for url in ("http://[1/s", "http://a b/s", "http://h:port/s"):
        with pytest.raises(NoFile, match="is no address"):
            downloads.text(url)


def test_a_certificate_that_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    import ssl
    from urllib.error import URLError

    from snakemake_looper.read.schemas import remote

    for error, said in (
        (ssl.SSLCertVerificationError(), "its certificate is not trusted"),
        (ssl.SSLError(), "no secure connection can be made"),
        (RecursionError(), "the connection fails"),
    ):

        def fail(*_: object, error: Exception = error) -> bytes:
            raise URLError(error) if isinstance(error, OSError) else error

        monkeypatch.setattr(remote, "_download", fail)
        with pytest.raises(Unreachable, match=said):
            Downloads().text("https://h/s")


@pytest.mark.parametrize(
    ("page", "raw"),
    [
        ("https://github.com/o/r/blob/main/a/s.yaml", "https://raw.githubusercontent.com/o/r/main/a/s.yaml"),
        ("https://gitlab.com/o/g/r/-/blob/main/s.yaml", "https://gitlab.com/o/g/r/-/raw/main/s.yaml"),
        ("https://bitbucket.org/o/r/src/main/s.yaml", "https://bitbucket.org/o/r/raw/main/s.yaml"),
        ("https://gist.github.com/o/0a1b", "https://gist.github.com/o/0a1b/raw"),
    ],
)  # fmt: skip
def test_the_address_behind_a_page(monkeypatch: pytest.MonkeyPatch, page: str, raw: str) -> None:
    from snakemake_looper.read.schemas import remote

    monkeypatch.setattr(remote, "_download", lambda *_: b"\n<html>")
    with pytest.raises(NoFile) as caught:
        Downloads().text(page)
    assert str(caught.value) == f"{PAGE}, as in {raw}"


def test_a_login_in_an_address_is_sent_and_not_shown(tmp_path: Path, server: Server) -> None:
    url = server.address.replace("://", "://me:S3CRET@")
    assert read(tmp_path, f"{url}/secret?token=S3CRET") == (None, [], [
        f"p.yaml:2: input_schema: {server.address}/secret cannot be reached (it ends the connection"
        " without an answer); samples are not checked against it"
    ])  # fmt: skip
    found, *said = read(tmp_path, f"{url}/good")
    assert found and said == [[], []] and "S3CRET" not in str(found.path)
    assert "Authorization: Basic bWU6UzNDUkVU" in server.asked[-1]


def test_a_server_that_answers_slowly_is_not_waited_for_at_the_end(server: Server) -> None:
    """The thread that is left behind keeps no process alive."""
    with pytest.raises(Unreachable):
        Downloads(seconds=0.1).text(server.address + "/silent")
    assert all(one.daemon for one in threading.enumerate() if one is not threading.main_thread())
