"""PEPs from PEPhub, a server that keeps PEPs: this module gets them, and explains failures.

pephubclient, the client of PEPhub, uses the server of the user's login, else the public one. Its
errors become a `Refused` with a text that says what to do. It is a package of its own; from version
0.50 on, peppy has it within itself. Both have the same modules, and share the login.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from typing import Any

from ...errors import LooperError


class Refused(LooperError):
    """PEPhub does not give a PEP. The text says the reason, and the next step."""


AGAIN = "try again later, or check the address of the server"
"""The advice after a failure of the server."""
_PACKAGE = "pephubclient"
_PLACES = (_PACKAGE, f"peppy.{_PACKAGE}")


def login_command(options: str = "") -> str:
    """The command that logs in, in quotes."""
    program = "phc" if importlib.util.find_spec(_PACKAGE) else "peppy phc"
    return f"'{program} login{options}'"


def expired() -> str:
    """The message for a login that is too old."""
    return f"the login at PEPhub has expired; log in again with {login_command()}"


def library(module: str) -> Any:
    """A module of pephubclient, as `exceptions`.

    Raises:
        Refused: pephubclient cannot be imported.
    """
    errors = []
    for place in _PLACES:
        try:
            return importlib.import_module(f"{place}.{module}")
        except ImportError as error:
            errors.append(error)
    raise Refused(
        f"PEPhub needs pephubclient, which cannot be imported ({first_line(errors[0])});"
        " run pip install 'snakemake-looper[pephub]'"
    ) from errors[0]


def client() -> Any:
    """pephubclient's client, with the login of the user.

    Raises:
        Refused: pephubclient cannot be imported, or the login cannot be read.
    """
    make = library(_PACKAGE).PEPHubClient
    try:
        return make()
    except (OSError, ValueError) as error:
        said = f"the login at PEPhub cannot be read: {first_line(error)}"
        raise Refused(f"{said}; log in with {login_command()}") from error


def pull(path: str) -> dict[str, Any]:
    """A raw PEP from PEPhub: its config under `_config`, its tables under other keys.

    Args:
        path: registry path, as `namespace/name:tag`.

    Raises:
        Refused: there is no such PEP, no login for it, no server, or no client.
    """
    pephub, refusal = client(), library("exceptions").ResponseError
    try:
        raw: dict[str, Any] | None = pephub.load_raw_pep(path)
    except refusal as error:
        raise Refused(_response(error, path)) from error
    except OSError as error:  # the errors of its HTTP library are OSErrors
        raise Refused(unreachable(error)) from error
    except (TypeError, ValueError) as error:
        raise Refused(_no_pep(path)) from error
    if raw is None:  # pephubclient's answer to an HTTP status that it does not know
        raise Refused(f"PEPhub does not give '{path}'; log in with {login_command()}, or {AGAIN}")
    if not isinstance(raw.get("_config"), dict):
        raise Refused(_no_pep(path))
    return raw


def _response(error: Exception, path: str) -> str:
    """The message for a refusal of the server. Only pephubclient's text tells why it refused."""
    said = first_line(error)
    if "does not exist" in said:
        hint = f"correct the path, or log in with {login_command()}"
        return f"PEPhub has no '{path}', or it is private; {hint}"
    if "expired" in said:
        return expired()
    return f"PEPhub does not give '{path}': {said}; {AGAIN}"


def _no_pep(path: str) -> str:
    return f"PEPhub gives something for '{path}' that is no PEP; {AGAIN}"


def unreachable(error: OSError) -> str:
    """The message for a server that does not answer."""
    url = getattr(getattr(error, "request", None), "url", None)
    at = f" at {url.partition('/api/')[0]}" if url else ""
    return f"PEPhub cannot be reached{at}: {_reason(error)}; {AGAIN}"


def amendment_of(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The values that an amendment sets in the config of a PEP from PEPhub.

    Raises:
        Refused: there is no such amendment, or it has a table of its own.
    """
    known = amendments_of(config)
    if name not in known:
        there = f"write one of {', '.join(known)}" if known else "it has none, leave it out"
        raise Refused(f"the PEP has no amendment '{name}'; {there}")
    values = known[name] if isinstance(known[name], Mapping) else {}
    for key in ("sample_table", "subsample_table"):
        if key in values:
            raise Refused(
                f"amendment '{name}' has its own {key}, and PEPhub keeps one for each project;"
                " upload the amended project under another tag"
            )
    return values


def amendments_of(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The amendments of a PEP's config, by name."""
    modifiers = config.get("project_modifiers")
    found = modifiers.get("amend") if isinstance(modifiers, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def first_line(error: Exception) -> str:
    """The first line of another library's error, as part of a message of ours."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".;")


def _reason(error: BaseException) -> str:
    """The operating system's reason, at the bottom of a chain of errors."""
    said = ""
    cause: BaseException | None = error
    while cause is not None:
        said = (cause.strerror if isinstance(cause, OSError) and cause.strerror else "") or said
        cause = cause.__cause__ or cause.__context__
    return said or type(error).__name__
