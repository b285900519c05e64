"""Questions to servers: side by side, with a deadline for each file. No server is asked here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from snakemake_looper.remote_files import FORBIDDEN, MISSING, SILENT, UNREACHABLE, UNSIZED
from snakemake_looper.workspace.remote_answers import Answer, RemoteAnswers, answer_about

SHORT = 0.2
"""Seconds; a deadline that tests wait for."""


def answers(ask: Callable[[str], Answer], deadline: float = 60) -> RemoteAnswers:
    return RemoteAnswers(lambda name: None, deadline, lambda: ask)


def test_each_file_is_asked_for_once() -> None:
    asked: list[str] = []

    def ask(address: str) -> Answer:
        asked.append(address)
        return Answer(len(asked), 7.0)

    known = answers(ask)
    assert known.sizes(["s3://b/1", "s3://b/1"]) == {"s3://b/1": 1}
    assert known.sizes(["s3://b/1"]) == {"s3://b/1": 1}
    assert known.times(["s3://b/1"]) == {"s3://b/1": 7.0}
    assert asked == ["s3://b/1"]
    assert known.sizes([]) == {}


def test_at_most_sixteen_are_asked_at_once() -> None:
    lock, now, most = threading.Lock(), 0, 0
    sixteen = threading.Barrier(16)

    def ask(address: str) -> Answer:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        if int(address.rpartition("/")[2]) < 16:
            sixteen.wait(60)
        with lock:
            now -= 1
        return Answer(1)

    addresses = [f"s3://b/{number}" for number in range(100)]
    assert answers(ask).sizes(addresses) == dict.fromkeys(addresses, 1)
    assert most == 16


def test_a_file_without_an_answer_is_unreachable_and_others_go_on() -> None:
    never = threading.Event()

    def ask(address: str) -> Answer:
        if address.startswith("http://hangs"):
            never.wait(60)
        return Answer(5)

    hanging = [f"http://hangs/{number}" for number in range(40)]
    found = answers(ask, SHORT).sizes([*hanging, "s3://b/a"])
    never.set()
    assert found == {**dict.fromkeys(hanging, SILENT), "s3://b/a": 5}


def test_a_server_that_never_answers_is_not_asked_for_each_file() -> None:
    asked: list[str] = []
    never = threading.Event()

    def ask(address: str) -> Answer:
        asked.append(address)
        never.wait(60)
        return Answer(5)

    found = answers(ask, SHORT).sizes([f"http://hangs/{number}" for number in range(1000)])
    never.set()
    assert set(found.values()) == {SILENT}
    assert len(asked) <= 32


def test_a_server_that_cannot_be_reached_is_not_asked_for_each_file() -> None:
    asked: list[str] = []

    def ask(address: str) -> Answer:
        asked.append(address)
        if address.startswith("http://gone"):
            raise ConnectionError("no route")
        return Answer(5)

    gone = [f"http://gone/{number}" for number in range(1000)]
    found = answers(ask).sizes([*gone, "s3://b/a"])
    assert found == {**dict.fromkeys(gone, UNREACHABLE), "s3://b/a": 5}
    assert len(asked) <= 33, "sixteen, those that were asked for meanwhile, and the last"


def test_a_server_that_breaks_off_at_times_is_asked_for_each_file() -> None:
    asked: list[str] = []
    has_answered = threading.Event()
    first: list[int] = []

    def ask(address: str) -> Answer:
        asked.append(address)
        if address == "http://h/0":
            first.append(threading.get_ident())
        elif threading.get_ident() in first:  # its answer has been noted
            has_answered.set()
        else:
            has_answered.wait(60)
        if address.endswith("0"):
            return Answer(5)
        raise ConnectionError("reset")

    found = answers(ask).sizes([f"http://h/{number}" for number in range(100)])
    assert len(asked) == 100
    assert sorted(found.values()) == [UNREACHABLE] * 90 + [5] * 10


def test_a_client_that_cannot_be_made_is_an_answer() -> None:
    def asker() -> Any:
        raise NoCredentialsError

    known = RemoteAnswers(lambda name: None, 60, asker)
    assert known.sizes(["s3://b/a"]) == {"s3://b/a": FORBIDDEN}


# --- errors of plugins ----------------------------------------------------------------------------


class NoCredentialsError(Exception):
    """As boto3's."""


class ClientError(Exception):
    """As boto3's."""

    def __init__(self, status: int) -> None:
        super().__init__("secret text")
        self.response = {"ResponseMetadata": {"HTTPStatusCode": status}}


class Refused(Exception):
    """As Google's."""

    code = 403


def wrapped(error: Exception) -> Exception:
    return RuntimeError("Failed to check existence", error)


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (ClientError(403), FORBIDDEN),
        (wrapped(ClientError(403)), FORBIDDEN),
        (ClientError(404), MISSING),
        (ClientError(500), -500),
        (Refused(), FORBIDDEN),
        (NoCredentialsError(), FORBIDDEN),
        (ConnectionError("no route"), UNREACHABLE),
    ],
)
def test_errors(error: Exception, wanted: int) -> None:
    def ask(address: str) -> Answer:
        raise error

    assert answers(ask).sizes(["s3://b/a"]) == {"s3://b/a": wanted}


# --- files of plugins -----------------------------------------------------------------------------


def stored(exists: bool = True, size: Any = 5, changed: Any = 9.0) -> Any:
    return SimpleNamespace(exists=lambda: exists, size=lambda: size, mtime=lambda: changed)


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        (stored(), Answer(5, 9.0)),
        (stored(exists=False), Answer(MISSING)),
        (stored(size=None), Answer(UNSIZED, 9.0)),
        (stored(size=-7), Answer(0, 9.0)),
        (stored(changed="?"), Answer(5)),
    ],
)
def test_a_file_of_a_plugin(file: Any, wanted: Answer) -> None:
    assert answer_about(file) == wanted


class Stored:
    """As boto3's object."""

    content_length = 5
    last_modified = datetime.fromtimestamp(60, UTC)

    def __init__(self, status: int) -> None:
        self.status = status

    def load(self) -> None:
        if self.status != 200:
            raise ClientError(self.status)


def in_a_bucket(status: int, is_folder: bool = False) -> Any:
    file = stored(exists=is_folder, size=7)
    file.s3obj = lambda: Stored(status)
    return file


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        (in_a_bucket(200), Answer(5, 60.0)),
        (in_a_bucket(404), Answer(MISSING)),
        (in_a_bucket(404, is_folder=True), Answer(7, 9.0)),
    ],
)
def test_a_file_in_a_bucket(file: Any, wanted: Answer) -> None:
    assert answer_about(file) == wanted


def test_a_bucket_that_is_closed() -> None:
    assert answers(lambda address: answer_about(in_a_bucket(403))).sizes(["s3://b/a"]) == {
        "s3://b/a": FORBIDDEN
    }


def on_the_web(status: int, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    @contextmanager
    def httpr(verb: str, stream: bool) -> Iterator[Any]:
        assert (verb, stream) == ("HEAD", True), "a body is never read"
        yield SimpleNamespace(status_code=status, headers=named)

    return SimpleNamespace(httpr=httpr)


LATER = "Thu, 01 Jan 1970 00:01:00 GMT"


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        (on_the_web(200, Content_Length="5", Last_Modified=LATER), Answer(5, 60.0)),
        (on_the_web(200, Content_Length="5"), Answer(5, 0.0)),
        (on_the_web(200), Answer(UNSIZED, 0.0)),
        (on_the_web(200, Content_Length="many"), Answer(UNREACHABLE)),
        (on_the_web(200, Content_Length="5", Last_Modified="\xff"), Answer(5, 0.0)),
        (on_the_web(200, Content_Length="5", Content_Encoding="gzip"), Answer(UNSIZED, 0.0)),
        (on_the_web(403), Answer(FORBIDDEN)),
        (on_the_web(404, Content_Length="5"), Answer(MISSING)),
        (on_the_web(500), Answer(-500)),
        (on_the_web(302), Answer(-302)),
    ],
)
def test_a_file_of_a_web_server(file: Any, wanted: Answer) -> None:
    assert answer_about(file) == wanted
