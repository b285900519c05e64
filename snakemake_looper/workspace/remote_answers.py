"""Questions to servers about remote input files: whether they exist, how large and how old they are.

The questions go through Snakemake's storage plugins, with the settings of the run: endpoints, logins
and the like. At most `_MOST` are asked at once. A server has `DEADLINE` seconds for each file. After
that, the file cannot be had, and nobody waits for the thread that asked: plugins may wait
for ever. If `_HOPELESS` files of a server were given up and it has answered for none, the others of
this server are not asked for. The same holds if the server could not be reached for `_MOST` files:
each of thousands would wait for a name server, or for a route.

Answers are kept as long as this object, which is made anew for each start of Snakemake.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..remote_files import (
    DEADLINE,
    FORBIDDEN,
    MISSING,
    SILENT,
    UNREACHABLE,
    UNSIZED,
    plugin_of,
)

_MOST = 16
_HOPELESS = 3
_ABOUT_LOGINS = ("Credential", "Forbidden", "Unauthorized", "Authentication", "AccessDenied")
"""Parts of the names of errors that say that a login is missing or refused."""


class Answer(NamedTuple):
    """The facts about a remote file."""

    size: int
    """Bytes, or a negative number of `remote_files`."""
    time: float | None = None
    """The time of its last change, in seconds since the epoch; None if it is not known."""


AskOne = Callable[[str], Answer]


class RemoteAnswers:
    """Answers about remote files; each file is asked for once."""

    def __init__(
        self,
        settings: Callable[[str], Any],
        deadline: float = DEADLINE,
        asker: Callable[[], AskOne] | None = None,
    ) -> None:
        """Start without answers.

        Args:
            settings: returns the settings of a plugin, by its name; None for the default ones.
            deadline: seconds for one file.
            asker: makes the function that asks; each thread has its own, since clients of servers
                may not be safe in several threads.
        """
        self._asker = asker or _Plugins(settings).asker
        self._deadline = deadline
        self._known: dict[str, Answer] = {}

    def sizes(self, addresses: Sequence[str]) -> dict[str, int]:
        """The size of each file, see `remote_files.Ask`."""
        self._learn(addresses)
        return {one: self._known[one].size for one in addresses}

    def times(self, addresses: Sequence[str]) -> dict[str, float]:
        """The time of the last change of each file, if it is known."""
        self._learn(addresses)
        found = ((one, self._known[one].time) for one in addresses)
        return {one: when for one, when in found if when is not None}

    def _learn(self, addresses: Sequence[str]) -> None:
        new = [one for one in dict.fromkeys(addresses) if one not in self._known]
        if new:
            self._known |= _Questions(new, self._asker, self._deadline).answered()


def answers_for(parsed: Any) -> RemoteAnswers:
    """Answers that are asked for with the settings of Snakemake's parsed command line."""

    def settings(plugin: str) -> Any:
        from snakemake_interface_storage_plugins.registry import StoragePluginRegistry

        return StoragePluginRegistry().get_plugin(plugin).get_settings(parsed).get_settings(None)

    return RemoteAnswers(settings)


def answers_by_default() -> RemoteAnswers:
    """Answers that are asked for with the settings of the environment, as Snakemake reads them."""
    from snakemake.cli import get_argument_parser

    parsed, _ = get_argument_parser().parse_known_args([])
    return answers_for(parsed)


class _Questions:
    """Questions that are asked side by side."""

    def __init__(
        self, addresses: Sequence[str], asker: Callable[[], AskOne], deadline: float
    ) -> None:
        self._asker = asker
        self._deadline = deadline
        self._left = deque(addresses)
        self._count = len(addresses)
        self._begun: dict[str, float] = {}
        self._answers: dict[str, Answer] = {}
        self._given_up: Counter[str] = Counter()
        self._not_reached: Counter[str] = Counter()
        self._answering: set[str] = set()
        self._changed = threading.Condition()

    def answered(self) -> dict[str, Answer]:
        """Ask, and wait for all answers, for each one until its deadline."""
        with self._changed:
            for _ in range(min(_MOST, self._count)):
                self._start()
            while len(self._answers) < self._count:
                self._give_up_late_ones()
                self._skip_hopeless_ones()
                if len(self._answers) < self._count:
                    self._changed.wait(self._until_next())
            return dict(self._answers)

    def _start(self) -> None:
        threading.Thread(target=self._work, daemon=True).start()

    def _until_next(self) -> float | None:
        """Seconds to the next deadline; a thread that has not begun has none."""
        if not self._begun:
            return self._deadline
        return max(0.0, min(self._begun.values()) + self._deadline - time.monotonic())

    def _give_up_late_ones(self) -> None:
        now = time.monotonic()
        for address in [one for one, begun in self._begun.items() if now - begun >= self._deadline]:
            del self._begun[address]
            self._answers[address] = Answer(SILENT)
            self._given_up[_server(address)] += 1
            if self._left:
                self._start()  # the thread that asks may hang for ever

    def _skip_hopeless_ones(self) -> None:
        """Take the files of servers that nobody can hope for off the list; each server's but once."""
        for counts, enough, size in (
            (self._given_up, _HOPELESS, SILENT),
            (self._not_reached, _MOST, UNREACHABLE),
        ):
            for server in [one for one, count in counts.items() if count >= enough]:
                del counts[server]
                if server not in self._answering:
                    skipped = [one for one in self._left if _server(one) == server]
                    self._left = deque(one for one in self._left if _server(one) != server)
                    self._answers |= dict.fromkeys(skipped, Answer(size))

    def _next(self) -> str | None:
        with self._changed:
            if not self._left:
                return None
            address = self._left.popleft()
            self._begun[address] = time.monotonic()
            self._changed.notify()
            return address

    def _work(self) -> None:
        ask: AskOne | None = None
        while (address := self._next()) is not None:
            try:
                ask = ask or self._asker()
                answer = ask(address)
            except Exception as error:  # plugins raise errors of their libraries
                answer = Answer(_size_for(error))
            with self._changed:
                if self._begun.pop(address, None) is None:
                    return  # it was given up, and another thread has taken the place of this one
                self._answers[address] = answer
                if answer.size == UNREACHABLE:
                    self._not_reached[_server(address)] += 1
                    self._skip_hopeless_ones()
                else:
                    self._answering.add(_server(address))
                self._changed.notify()


def _server(address: str) -> str:
    """The scheme and the first part of an address: a host, or a bucket."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


# --- one file -------------------------------------------------------------------------------------


class _Plugins:
    """Asks through the storage plugins."""

    def __init__(self, settings: Callable[[str], Any]) -> None:
        self._settings = settings
        self._lock = threading.Lock()

    def asker(self) -> AskOne:
        """A function that asks about one file. Its providers are its own."""
        providers: dict[str, Any] = {}

        def ask(address: str) -> Answer:
            name = plugin_of(address)
            if name not in providers:
                with self._lock:  # making a client is not safe in several threads
                    providers[name] = self._provider(name)
            return answer_about(providers[name].object(address))

        return ask

    def _provider(self, name: str) -> Any:
        from snakemake_interface_storage_plugins.registry import StoragePluginRegistry

        plugin = StoragePluginRegistry().get_plugin(name)
        settings = self._settings(name)
        if settings is None and plugin.settings_cls is not None:
            settings = plugin.settings_cls()
        return plugin.storage_provider(
            local_prefix=Path(tempfile.gettempdir()),  # nothing is written there: it exists
            logger=logging.getLogger(__name__),
            settings=settings,
        )


def answer_about(file: Any) -> Answer:
    """The answer about a plugin's file.

    Plugins ask once for each fact, and that for web servers says of each error that a file is not
    there. So the requests that the two usual plugins would make are made here, and only once.
    """
    request, of_bucket = getattr(file, "httpr", None), getattr(file, "s3obj", None)
    if request is not None:
        with request(verb="HEAD", stream=True) as response:
            return _of_response(int(response.status_code), response.headers)
    if of_bucket is not None:
        found = of_bucket()
        try:
            found.load()
            return Answer(int(found.content_length), float(found.last_modified.timestamp()))
        except Exception as error:
            if _size_for(error) != MISSING:
                raise
    if not file.exists():  # on S3, it may be a folder
        return Answer(MISSING)
    size, changed = UNSIZED, None
    with contextlib.suppress(Exception):
        size = max(int(file.size()), 0)
    with contextlib.suppress(Exception):
        changed = float(file.mtime())
    return Answer(size, changed)


def _of_response(status: int, headers: Mapping[str, str]) -> Answer:
    from email.utils import parsedate_to_datetime

    if status != 200:
        return Answer(_size_for_status(status))
    size, changed = UNSIZED, 0.0  # Snakemake takes a file without a time for an old one
    # The length of a file that the server compresses on the way is not that of the copy.
    encoded = headers.get("Content-Encoding", "identity") not in ("", "identity")
    length = headers.get("Content-Length", "")
    if length and not (length.isascii() and length.isdigit()):
        return Answer(UNREACHABLE)  # a plugin would wait for the end of such a file for ever
    if length and not encoded:
        size = int(length)
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        changed = parsedate_to_datetime(headers.get("Last-Modified", "")).timestamp()
    return Answer(size, changed)


def _size_for_status(status: int) -> int:
    if status in (401, 403, 407):
        return FORBIDDEN
    return MISSING if status in (404, 410) else -status


def _size_for(error: BaseException) -> int:
    """The number for an error of a plugin: what its text says may have secrets in it."""
    for one in _walk(error, 10):
        status = _status_of(one)
        if status is not None and status >= 400:
            return _size_for_status(status)
        if any(part in type(one).__name__ for part in _ABOUT_LOGINS):
            return FORBIDDEN
    return UNREACHABLE


def _walk(error: BaseException | None, most: int) -> Iterator[BaseException]:
    """An error, and the errors that led to it."""
    if error is None or not most:
        return
    yield error
    inner = [one for one in error.args if isinstance(one, BaseException)]
    for one in (*inner, error.__cause__ or error.__context__):
        yield from _walk(one, most - 1)


def _status_of(error: BaseException) -> int | None:
    """The status code of HTTP in an error of boto3, requests or Google's library."""
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):
        found = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    else:
        found = getattr(response, "status_code", None) or getattr(error, "code", None)
    return found if isinstance(found, int) else None
