"""Schemas on other machines: the text behind an address, within a time and a size.

A server may be slow, end its answer never or too early, or send something else than a schema. None
of that may stop a plan, or crash it. A timeout of a socket begins again with each byte, and finding
a host has none. So the whole transfer runs in a thread, which is left behind if time is over.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import LooperError

if TYPE_CHECKING:
    from urllib.request import Request

_SECONDS = 10.0
"""For all remote files of one schema together."""
_MOST_BYTES = 4 * 1024**2
_CHUNK = 64 * 1024
_PAGE = re.compile(rb"\s*<(!doctype|html|head|\?xml)", re.IGNORECASE)
_SCHEMES = ("http://", "https://", "ftp://")
_ANSWERS = {
    401: "a login is needed there",
    403: "it is not allowed",
    404: "there is no such file",
    410: "there is no such file any more",
    429: "there were too many requests",
}
# The page of a file and the file itself, on the servers where many schemas are.
_RAW = (
    (re.compile(r"https?://github\.com/([^/]+/[^/]+)/blob/(.+)"), r"https://raw.githubusercontent.com/\1/\2"),
    (re.compile(r"(https?://[^/]*gitlab[^/]*/.+)/-/blob/(.+)"), r"\1/-/raw/\2"),
    (re.compile(r"(https?://bitbucket\.org/[^/]+/[^/]+)/src/(.+)"), r"\1/raw/\2"),
    (re.compile(r"(https?://gist\.github\.com/[^/]+/\w+)"), r"\1/raw"),
)  # fmt: skip


class Unreachable(LooperError):
    """A server does not give a file now. The text says why."""


class NoFile(LooperError):
    """An address leads to something else than a text file. The text says what to write."""


def is_url(text: str) -> bool:
    """Whether a text is an address on the web, and not the path of a file."""
    return text.startswith(_SCHEMES)


class Downloads:
    """Gets the texts of remote files. All of them share one deadline."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._left = seconds

    def text(self, url: str) -> str:
        """The text behind an address.

        Raises:
            Unreachable: the server does not give it, or not in time.
            NoFile: it is no text, or too large.
        """
        begin = time.monotonic()
        try:
            content = self._bytes(url)
        finally:
            self._left -= time.monotonic() - begin
        if _PAGE.match(content):
            raw = next((one.sub(to, url) for one, to in _RAW if one.fullmatch(url)), "")
            example = f", as in {raw}" if raw else " (on many servers, behind 'Raw')"
            raise NoFile(f"is a web page; write the address of the file itself{example}")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise NoFile("is no text in UTF-8; correct the address") from None

    def _bytes(self, url: str) -> bytes:
        until = time.monotonic() + self._left
        found: list[bytes] = []
        failed: list[BaseException] = []

        def get() -> None:
            try:
                found.append(_download(url, until))
            except BaseException as error:  # it would be printed, and the plan would not know
                failed.append(error)

        thread = threading.Thread(target=get, daemon=True)
        if self._left > 0:
            thread.start()
            thread.join(self._left)
        if found:
            return found[0]
        if failed and isinstance(failed[0], NoFile):
            raise failed[0]
        raise Unreachable(self._why(failed[0] if failed else TimeoutError(), url))

    def _why(self, error: BaseException, url: str) -> str:
        """The reason of a failed transfer."""
        import socket
        import ssl
        from http.client import HTTPException, IncompleteRead, RemoteDisconnected
        from urllib.error import HTTPError
        from urllib.parse import urlsplit

        reason = getattr(error, "reason", None)
        if isinstance(error, HTTPError):
            return _answer(error.code)
        if isinstance(reason, BaseException):
            return self._why(reason, url)
        texts: tuple[tuple[type[BaseException], str], ...] = (
            (TimeoutError, f"no answer within {self._seconds:g} seconds"),
            (socket.gaierror, f"there is no host '{urlsplit(url).hostname}'"),
            (ssl.SSLCertVerificationError, "its certificate is not trusted"),
            (ssl.SSLError, "no secure connection can be made"),
            (IncompleteRead, "its answer ends too early"),
            (RemoteDisconnected, "it ends the connection without an answer"),
            (HTTPException, "its answer is not HTTP"),
        )
        said = next((text for kind, text in texts if isinstance(error, kind)), None)
        return said or getattr(error, "strerror", None) or "the connection fails"


def _answer(code: int) -> str:
    if code in _ANSWERS:
        return f"{code}: {_ANSWERS[code]}"
    if 300 <= code < 400:
        return f"{code}: it redirects without end, or to no web address"
    return f"its answer is {code}"


def _download(url: str, until: float) -> bytes:
    """The bytes behind an address.

    Raises:
        NoFile: the address cannot be one, or the answer is too large.
        Exception: of any kind, if the transfer fails.
    """
    from http.client import IncompleteRead, InvalidURL
    from urllib.error import HTTPError

    parts = []
    size = 0
    try:
        response = _opener()(_request(url), timeout=max(until - time.monotonic(), 0.1))
    except HTTPError as error:
        error.close()
        raise
    except (InvalidURL, ValueError):
        raise NoFile("is no address; correct it") from None
    with response:
        while part := response.read1(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > _MOST_BYTES:
                raise NoFile(f"has more than {_MOST_BYTES >> 20} MB; correct the address")
            if time.monotonic() > until:
                raise TimeoutError
        if getattr(response, "length", None):
            raise IncompleteRead(b"", response.length)
    return b"".join(parts)


def _opener() -> Callable[..., Any]:
    """Opens addresses on the web, and nothing else: no redirect leads to a file of this machine."""
    from urllib import request

    opener = request.OpenerDirector()
    for kind in (
        request.ProxyHandler, request.UnknownHandler, request.HTTPHandler, request.HTTPSHandler,
        request.FTPHandler, request.HTTPDefaultErrorHandler, request.HTTPRedirectHandler,
        request.HTTPErrorProcessor,
    ):  # fmt: skip
        opener.add_handler(kind())
    return opener.open


def _request(url: str) -> Request:
    """The request for an address. A login in it goes to that server only."""
    from base64 import b64encode
    from urllib.parse import unquote, urlsplit, urlunsplit
    from urllib.request import Request

    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    request = Request(urlunsplit(parts._replace(netloc=host)), headers={"User-Agent": "looper"})
    if at and parts.scheme != "ftp":
        token = b64encode(unquote(login).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request if parts.scheme != "ftp" else Request(url)
