"""PEPs from PEPhub: what is pulled, and what it means when nothing is.

pephubclient speaks to the server that its login names, else to the public one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import LooperError


class Refused(LooperError):
    """PEPhub does not give a PEP; the text says what is wrong and what to do."""


AGAIN = "try again later, or check the address of the server"
EXPIRED = "the login at PEPhub has expired; log in again with 'phc login'"


def client() -> Any:
    """pephubclient's client, with the login that there is.

    Raises:
        Refused: pephubclient is not there, or its login cannot be read.
    """
    try:
        from pephubclient import PEPHubClient
    except ImportError as error:
        raise Refused(
            f"PEPhub needs pephubclient, which cannot be imported ({first_line(error)});"
            " run pip install 'snakemake-looper[pephub]'"
        ) from error
    try:
        return PEPHubClient()
    except (OSError, ValueError) as error:
        said = f"the login at PEPhub cannot be read: {first_line(error)}"
        raise Refused(f"{said}; log in with 'phc login'") from error


def pull(path: str) -> dict[str, Any]:
    """A raw PEP from PEPhub.

    Raises:
        Refused: there is no such PEP, no login for it, no server, or no client.

    pephubclient raises what its HTTP library raises, and where the server refuses with a status
    that it has no words for, its answer is None.
    """
    pephub = client()
    from pephubclient.exceptions import ResponseError

    try:
        raw: dict[str, Any] | None = pephub.load_raw_pep(path)
    except ResponseError as error:
        said = first_line(error)  # pephubclient tells its refusals apart by their text alone
        if "does not exist" in said:
            said = f"PEPhub has no '{path}', or it is private; correct the path, or log in with"
            raise Refused(f"{said} 'phc login'") from error
        if "expired" in said:
            raise Refused(EXPIRED) from error
        raise Refused(f"PEPhub does not give '{path}': {said}; {AGAIN}") from error
    except OSError as error:
        raise Refused(unreachable(error)) from error
    except (TypeError, ValueError) as error:
        raise Refused(f"what PEPhub gives for '{path}' is no PEP; {AGAIN}") from error
    if raw is None:
        raise Refused(f"PEPhub does not give '{path}'; log in with 'phc login', or {AGAIN}")
    return raw


def unreachable(error: OSError) -> str:
    """What is said where there is no answer at all."""
    url = getattr(getattr(error, "request", None), "url", None)
    at = f" at {url.partition('/api/')[0]}" if url else ""
    return f"PEPhub cannot be reached{at}: {_reason(error)}; {AGAIN}"


def amendment_of(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """What an amendment lays over the config of a PEP from PEPhub."""
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
    """What an error of another library says, as part of a message of ours."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".;")


def _reason(error: BaseException) -> str:
    """What the operating system said, at the bottom of a chain of errors."""
    said = ""
    cause: BaseException | None = error
    while cause is not None:
        said = (cause.strerror if isinstance(cause, OSError) and cause.strerror else "") or said
        cause = cause.__cause__ or cause.__context__
    return said or type(error).__name__
