"""Options of containers in a divvy package, as Snakemake's `--apptainer-args`.

Snakemake calls `apptainer exec --home <working directory> <options> <image> bash -c <command>` in
the working directory. This already gives the container the user, the folder and the variables
that looper's docker package asks for. Folders outside of the working directory need `--bind`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ...errors import Place, Problems
from .package import placeholders

# A word of shell: quoted texts, substitutions, and all other characters except white space.
_WORD = re.compile(
    r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\$\((?:[^()]|\([^()]*\))*\)|`[^`]*`|\\.|[^\s"'`\\])+""", re.S
)
HERE = ("`pwd`", "$(pwd)", "$PWD", "${PWD}", ".")
# Options of docker that take a value.
_VALUED = frozenset({
    "--volume", "--mount", "--env", "--env-file", "--workdir", "--gpus", "--user", "--name",
    "--network", "--ipc", "--pid", "--shm-size", "--ulimit", "--memory", "--cpus",
    "--entrypoint", "--platform", "--cap-add", "--cap-drop", "--device", "--hostname", "--label",
    "--publish", "--add-host", "--dns", "--tmpfs", "--volumes-from", "--security-opt",
    "--group-add", "--log-driver", "--pull", "--cpuset-cpus", "--runtime", "--userns",
    "--memory-swap",
})  # fmt: skip
_LONG = {
    "-v": "--volume", "-e": "--env", "-w": "--workdir", "-u": "--user", "-m": "--memory",
    "-h": "--hostname", "-p": "--publish", "-l": "--label", "--net": "--network",
}  # fmt: skip
# Options of apptainer that take a value.
_APPTAINER_VALUED = frozenset({
    "--bind", "-B", "--env", "--env-file", "--pwd", "--cwd", "--home", "-H", "--workdir", "-W",
    "--scratch", "-S", "--overlay", "-o", "--network", "--network-args", "--dns", "--hostname",
    "--mount", "--app", "--security", "--add-caps", "--drop-caps", "--pid-file", "--fusemount",
})  # fmt: skip
# Options of docker that apptainer does not need, or that have no meaning for it.
_NEEDLESS = frozenset({
    "--rm", "--interactive", "--tty", "--init", "--detach", "--user", "--name", "--pull",
    "--shm-size", "--ipc", "--pid", "--log-driver", "--userns", "-i", "-t", "-it", "-ti", "-d",
})  # fmt: skip
ANOTHER_FOLDER = (
    "jobs run in the looper config's folder, which their paths are relative to; begin the"
    " command_template with 'cd … &&'"
)
_BROUGHT_ALONG = re.compile(r"/tmp(/.*)?|/etc/(passwd|group|shadow|sudoers\.d)")


def words(text: str) -> list[str]:
    """Words of shell text, without their quotes; `$(…)` and backticks stay as they are."""
    return [_unquoted(word) for word in _WORD.findall(text.replace("\\\n", " "))]


def _unquoted(word: str) -> str:
    return re.sub(
        r"""(\$\((?:[^()]|\([^()]*\))*\)|`[^`]*`)|["']|\\(.)""",
        lambda found: found[1] or found[2] or "",
        word,
    )


def from_apptainer(options: list[str], place: Place, problems: Problems) -> list[str]:
    """Options of apptainer or singularity before the image, without those that Snakemake gives."""
    kept: list[str] = []
    for name, value in _pairs(options, {}, _APPTAINER_VALUED):
        if name not in ("--pwd", "--cwd", "--home", "-H"):
            kept += [name, *([_quoted(value)] if value else [])]
        elif value not in HERE:
            problems.warn(place, name, f"'{value}': {ANOTHER_FOLDER}")
    return kept


def from_docker(options: list[str], place: Place, problems: Problems) -> list[str]:
    """Options of `docker run` before the image, as those of apptainer."""
    kept: list[str] = []
    for name, value in _pairs(options, _LONG, _VALUED):
        if name == "--volume":
            kept += _bind(value, place, problems)
        elif name == "--mount":
            kept += _mount(value, place, problems)
        elif name == "--env":
            kept += ["--env", _quoted(value)] if "=" in value else []
        elif name == "--env-file":
            kept += ["--env-file", _quoted(value)]
        elif name == "--gpus":
            kept.append("--nv")
        elif name == "--workdir":
            if value not in HERE:
                problems.warn(place, name, f"'{value}': {ANOTHER_FOLDER}")
        elif name not in _NEEDLESS and (name, value) != ("--network", "host"):
            shown = f"'{name} {value}'" if value else f"'{name}'"
            problems.warn(
                place, name, f"{shown} has no counterpart; see 'apptainer exec --help' for others"
            )
    return kept


def _pairs(
    words: list[str], long: Mapping[str, str], valued: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Options by their long names, with their values, up to the first word that is no option."""
    rest = iter(words)
    for word in rest:
        if placeholders(word):
            continue  # options that the package does not have
        if not word.startswith("-"):
            return
        name, equals, value = word.partition("=")
        if not word.startswith("--") and word[:2] in {*long, *valued} and len(word) > 2:
            name, equals, value = word[:2], "=", word[2:].removeprefix("=")
        name = long.get(name, name)
        if name in valued and not equals:
            value = next(rest, "")
        yield name, value


def _bind(value: str, place: Place, problems: Problems) -> list[str]:
    source, _, rest = value.partition(":")
    target, _, flags = rest.partition(":")
    if not source.startswith(("/", "$", "~", ".", "`")):
        problems.warn(
            place,
            "--volume",
            f"'{value}' is a volume of docker's own; bind a folder: --bind /folder:{target}",
        )
        return []
    if _BROUGHT_ALONG.fullmatch(source):
        return []
    parts = [source]
    if target and target != source:
        parts.append(target)
    if "ro" in flags.split(","):
        parts = [source, target or source, "ro"]
    return ["--bind", _quoted(":".join(parts))]


def _mount(value: str, place: Place, problems: Problems) -> list[str]:
    fields = dict(part.partition("=")[::2] for part in value.split(","))
    source = fields.get("source", fields.get("src", ""))
    target = fields.get("target", fields.get("dst", fields.get("destination", "")))
    if fields.get("type", "volume") != "bind":
        problems.warn(place, "--mount", f"'{value}' binds no folder; bind one with --bind")
        return []
    ro = "readonly" in fields or "ro" in fields
    return _bind(f"{source}:{target}{':ro' if ro else ''}", place, problems)


def _quoted(word: str) -> str:
    return f'"{word}"' if re.search(r"\s", word) else word
