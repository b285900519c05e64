"""The looper config and the options, merged into `Settings`.

Precedence of options, first wins:

1. the command line (or `--config key=value`, or a module's `config:`);
2. `cli: run:` of the looper config (`cli: runp:` for the project level);
3. the PEP's `looper:` section with its amendments (`output_dir`, `cli: run:`, `cli: all:`);
4. the looper config's own `output_dir`, `results_subdir`, `submission_subdir`;
5. the default.

So an amendment with its own `output_dir` has its own output folder and its own status flags, as
in looper. A relative path is relative to the file that declares it; one of the command line that
reaches us as `--config` is relative to the looper config.

`read_looper_config` reads 1, 2 and 4 into a `LooperConfig`. `merge` makes the final `Settings`
when the PEP is known.

(looper 2.1.1 lets the files beat the command line, quirk 10; its documentation says otherwise.)

Two generations of the looper config are read: `pipeline_interfaces` is a list of files (2.x,
each file says which levels it has) or a mapping with `sample:` and `project:` (1.x).
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from .deprecated import CONFIG_KEYS, OPTIONS, PEP_LOOPER, instead
from .errors import Place, Problems, ProjectError, near
from .model import (
    OPTION_NAMES,
    STATUSES,
    InterfaceSource,
    Level,
    LooperConfig,
    Options,
    Pep,
    Settings,
    special_to_snakemake,
    spelled,
)
from .resources import compute_options, compute_package
from .source import Document, absent, expand, expanded, read_yaml, resolve, unset

LOOPER_CONFIG = ".looper.yaml"

_KEYS = {
    "pep_config",
    "output_dir",
    "results_subdir",
    "submission_subdir",
    "pipeline_interfaces",
    "pipestat",
    "sample_modifiers",
    "cli",
    "name",
}
_REGISTRY_PATH = re.compile(r"^(pephub::)?[\w.-]+/[\w.-]+(:[\w.-]+)?$")


def find_looper_config(start: Path) -> Path:
    """The nearest `.looper.yaml` in a folder or its parents.

    Raises:
        ProjectError: there is none; the message says where was looked.
    """
    folders = [start, *start.parents]
    for folder in folders:
        if (folder / LOOPER_CONFIG).is_file():
            return folder / LOOPER_CONFIG
    problems = Problems()
    problems.add(
        start,
        "",
        f"no {LOOPER_CONFIG} here nor in any folder above ({', '.join(map(str, folders[1:]))});"
        " go to a looper project or name its looper config",
    )
    raise ProjectError(problems)


def locate(path: str | Path | None, cwd: Path | None = None) -> Path:
    """The looper config that an argument means: a file, a folder that has one, or None.

    Raises:
        ProjectError: there is no such file.
    """
    cwd = cwd or Path.cwd()
    if not path:
        return find_looper_config(cwd)
    typed = Path(os.path.normpath(cwd / path))
    # A path that is there is meant as it is: `$` and `~` may be parts of a folder's name.
    given = typed if typed.exists() else Path(os.path.normpath(cwd / expand(str(path))))
    if given.is_dir():
        given = given / LOOPER_CONFIG
    if not given.is_file():
        problems = Problems()
        problems.add(given, "", "no such looper config; correct the path")
        raise ProjectError(problems)
    return given


def is_registry_path(text: str, root: Path) -> bool:
    """Whether `pep_config` is a PEPhub path (`namespace/name:tag`) and not a file.

    A path that exists, or that ends as PEP files do, is a file (quirk 30 asks to look at all).
    """
    looks = bool(_REGISTRY_PATH.match(text)) and not text.endswith(
        (".yaml", ".yml", ".csv", ".tsv")
    )
    return looks and not resolve(text, root).exists()


# --- options -----------------------------------------------------------------------------------


def words_of(value: Any) -> tuple[str, ...]:
    """Values of an option that takes several: a list, JSON for one, or text with commas."""
    if isinstance(value, str):
        if value.startswith("["):
            with contextlib.suppress(ValueError):
                return tuple(map(str, json.loads(value)))
        return tuple(word.strip() for word in value.split(",") if word.strip())
    if isinstance(value, (list, tuple)):
        return tuple(str(item) for item in value)
    return (str(value),)


def _pairs(value: Any) -> tuple[tuple[str, Any], ...]:
    """`key=value` words, parted by spaces or commas; a comma that no key follows is a value's."""
    if isinstance(value, Mapping):
        return tuple((str(key), item) for key, item in value.items())
    words = value.split() if isinstance(value, str) and not value.startswith("[") else value
    words = words_of(words) if isinstance(words, str) else map(str, words)
    pairs = []
    for word in (part for one in words for part in re.split(r",(?=[A-Za-z_]\w*=)", one)):
        key, equals, item = word.partition("=")
        if not equals:
            raise ValueError(f"'{word}' is not of the form key=value")
        pairs.append((key, item))
    return tuple(pairs)


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "yes", "1"):
        return True
    if str(value).lower() in ("false", "no", "0", ""):
        return False
    raise ValueError(f"'{value}' is neither true nor false")


def _statuses(value: Any) -> tuple[str, ...]:
    words = tuple(word.lower() for word in words_of(value))
    for word in words:
        if word not in STATUSES:
            known = ", ".join(STATUSES)
            raise ValueError(f"'{word}' is no status{near(word, STATUSES)}; there are {known}")
    return words


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple, Mapping)):
        raise ValueError(f"'{value}' is not one value; write a text")
    return str(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "amend": words_of,
    "sel_incl": words_of,
    "sel_excl": words_of,
    "sel_flag": _statuses,
    "exc_flag": _statuses,
    "samples": words_of,
    "sample_pipeline_interfaces": words_of,
    "project_pipeline_interfaces": words_of,
    "compute": _pairs,
    "skip_file_checks": _flag,
}


def read_options(
    values: Mapping[str, Any], place: Callable[[str], Place], problems: Problems
) -> Options:
    """Options from a mapping; `-` and `_` are alike, keys that are no option are left alone."""
    found: dict[str, Any] = {}
    origins: dict[str, tuple[Place, str]] = {}
    for key, value in values.items():
        name = str(key).replace("-", "_")
        if name not in OPTION_NAMES or value is None or value == "" or value == []:
            continue
        where = place(str(key))
        origins[name] = (where, "" if where.file == spelled(name) else str(key))
        try:
            reader: Callable[[Any], Any] = _READERS.get(name, _text)
            found[name] = reader(value)
        except ValueError as error:
            what = str(error)
            end = "" if ";" in what else "; correct the value"
            problems.add(*origins[name], f"{what}{end}")
    return Options(**found, origins=origins)


TYPED = "looper_options"
"""An entry of Snakemake's config: the options that were typed to `snakemake-looper`.

It hands its options on as `--config`; a message names each as it was typed.
"""


def place_of_option(values: Mapping[str, Any], source: str) -> Callable[[str], Place]:
    """Where an option of Snakemake's config was written: typed to us, or in `source`."""
    typed = set(words_of(values.get(TYPED) or ()))

    def place(key: str) -> Place:
        return Place(spelled(key) if key in typed else source)

    return place


def warn_of_misspelt(values: Iterable[str], place: Place, problems: Problems) -> None:
    """Name keys that look like an option among keys that may be somebody else's."""
    for key in values:
        name = str(key).replace("-", "_").lower()
        close = difflib.get_close_matches(name, OPTION_NAMES, n=1, cutoff=0.8)
        if close and str(key).replace("-", "_") not in OPTION_NAMES:
            problems.warn(place, str(key), f"no option, ignored (did you mean '{close[0]}'?)")


def warn_of_unknown(
    values: Mapping[str, Any],
    others: Iterable[str],
    place: Callable[[str], Place],
    problems: Problems,
) -> None:
    """Name keys that should be options and are none, rather than drop them."""
    known = (*OPTION_NAMES, *others)
    for key in values:
        name = str(key).replace("-", "_")
        if name not in known:
            old = instead(name, {**OPTIONS, **PEP_LOOPER})
            problems.warn(place(key), str(key), old or f"no option, ignored{near(name, known)}")


def overlay(first: Options, second: Options) -> Options:
    """Options of which the first given wins, field by field."""
    filled = {name: getattr(second, name) for name in OPTION_NAMES if getattr(first, name) is None}
    return dataclasses.replace(first, **filled, origins={**second.origins, **first.origins})


def check_sections(
    section: Any, place: Callable[[str], Place], problems: Problems, commands: tuple[str, ...]
) -> None:
    """Name what a `cli:` section has besides the subcommands whose options mean something here."""
    if section is not None and not isinstance(section, Mapping):
        problems.add(place("cli"), "cli", "must be a mapping; write 'cli: run: limit: 3'")
        return
    for command in section or ():
        if command not in commands:
            known = " and ".join(f"'{one}'" for one in commands[:2])
            problems.warn(place(command), f"cli.{command}", f"only {known} are read, ignored")


def section_options(
    section: Any, commands: tuple[str, ...], place: Callable[..., Place], problems: Problems
) -> Options:
    """Options from a `cli:` section: the named subcommands, first wins.

    `place` says where the option of a subcommand stands.
    """
    merged = Options()
    for command in commands:
        values = section.get(command) if isinstance(section, Mapping) else None
        if isinstance(values, Mapping):
            of_option = partial(place, command)
            warn_of_unknown(values, (), of_option, problems)
            merged = overlay(merged, read_options(values, of_option, problems))
    return merged


# --- the looper config -------------------------------------------------------------------------


def read_looper_config(path: Path, options: Options, problems: Problems) -> LooperConfig | None:
    """Read a looper config and merge the command line's options into it.

    None if it cannot be read at all; smaller faults go to `problems` and reading goes on.
    """
    path = Path(os.path.abspath(path))
    document = read_yaml(path, problems)
    if document is None:
        return None
    root = path.parent
    data = document.data
    texts, refused = _texts(document, problems)
    for key in data:
        if key not in _KEYS:
            old = instead(str(key), CONFIG_KEYS)
            what = old or f"unknown key, ignored{near(str(key), _KEYS)}"
            problems.warn(document.place(key), str(key), what)
    cli = data.get("cli")
    check_sections(cli, lambda key: document.place("cli", key), problems, ("run", "runp"))

    of_option = partial(document.place, "cli")
    project_options = overlay(options, section_options(cli, ("runp",), of_option, problems))
    options = overlay(options, section_options(cli, ("run",), of_option, problems))
    pipestat = _section(document, "pipestat", problems)
    return LooperConfig(
        path=path,
        root=root,
        pep=_pep(document, root, options, problems),
        pep_place=options.origin("pep_config")[0]
        if options.pep_config
        else document.place("pep_config"),
        texts=texts,
        places={key: document.place(key) for key in map(str, data)},
        refused=refused,
        interfaces=tuple(_interfaces(document, root, options, problems)),
        pipestat=pipestat,
        pipestat_places={key: document.place("pipestat", key) for key in ("", *(pipestat or {}))},
        sample_modifiers=_section(document, "sample_modifiers", problems) or {},
        options=options,
        project_options=project_options,
    )


def _texts(document: Document, problems: Problems) -> tuple[dict[str, str], frozenset[str]]:
    """The folders that a looper config names, and the keys that name none."""
    found, refused = {}, set()
    for key in ("output_dir", "results_subdir", "submission_subdir"):
        value = document.data.get(key)
        if isinstance(value, (list, dict)):
            problems.add(document.place(key), key, f"'{value}' is no path; write a text")
            refused.add(key)
        elif value:
            found[key] = str(value)
    return found, frozenset(refused)


# --- the final settings ------------------------------------------------------------------------


def merge(config: LooperConfig, pep: Pep, problems: Problems) -> Settings | None:
    """Lay the PEP's `looper:` section between the options and the looper config.

    None if there is no output folder; the problem is then named.
    """
    options, project_options = options_with_pep(config, pep, problems)
    found = _output_dir(config, pep, options, problems)
    above, settings_files = compute_options(options, config.root, problems)
    above_project, more_files = compute_options(project_options, config.root, problems)
    below, package_files = compute_package(options, config.root, problems)
    if found is None:
        return None
    out, out_text = found
    return Settings(
        looper_config=config.path,
        root=config.root,
        pep=str(config.pep),
        out=out,
        out_text=out_text,
        results_subdir=_subdir(config, options.results_subdir, "results_subdir")
        or "results_pipeline",
        submission_subdir=_subdir(config, options.submission_subdir, "submission_subdir")
        or "submission",
        interfaces=config.interfaces,
        pipestat=config.pipestat,
        pipestat_places=config.pipestat_places,
        compute_package=below,
        compute_options={"sample": above, "project": above_project},
        options=options,
        project_options=project_options,
        files=(config.path, *settings_files, *more_files, *package_files),
    )


def _subdir(config: LooperConfig, asked: str | None, key: str) -> str | None:
    return asked or config.texts.get(key)


def options_with_pep(config: LooperConfig, pep: Pep, problems: Problems) -> tuple[Options, Options]:
    """The options of both levels, over those of the PEP."""
    found = pep.config.get("looper")
    section = dict(found) if isinstance(found, Mapping) else {}
    section.pop("compute", None)  # settings of jobs, not the option: `plan` reads them
    file = _declaring(config, pep)
    document = read_yaml(file, Problems()) if file and file.suffix in (".yaml", ".yml") else None

    def place(*keys: str) -> Place:
        if document is None:
            return Place(str(file or config.pep))
        return _in_pep(document, config.options.amend or (), keys)

    in_cli = partial(place, "cli")
    warn_of_unknown(section, ("cli", "pipeline_interfaces"), place, problems)
    common = read_options(section, place, problems)
    cli = section.get("cli")
    check_sections(cli, in_cli, problems, ("run", "runp", "all"))
    options = overlay(config.options, common)
    project_options = overlay(config.project_options, common)
    for_samples = section_options(cli, ("run", "all"), in_cli, problems)
    for_project = section_options(cli, ("runp", "all"), in_cli, problems)
    return overlay(options, for_samples), overlay(project_options, for_project)


def _in_pep(document: Document, amendments: tuple[str, ...], keys: tuple[str, ...]) -> Place:
    """Where a key of a PEP's `looper:` section stands: in the last amendment that has one."""
    for name in reversed(amendments):
        path = ("project_modifiers", "amend", name, "looper")
        if path in document.lines:
            return document.place(*path, *keys)
    return document.place("looper", *keys)


def _declaring(config: LooperConfig, pep: Pep) -> Path | None:
    """The file that a PEP's `looper:` section stands in; None for a PEP that is in no folder.

    An amendment stands in the PEP itself. Without one, the section may be that of an import: a
    later import wins over an earlier one, and the PEP over both.
    """
    if pep.config_file is None:
        return None
    first, *others = (path for path in pep.files if path.suffix in (".yaml", ".yml"))
    for path in (first, *reversed(others)):
        document = read_yaml(path, Problems())
        if document is None:
            continue
        amended = (
            ("project_modifiers", "amend", name, "looper") in document.lines
            for name in config.options.amend or ()
        )
        if "looper" in document.data or (path == first and any(amended)):
            return path
    return first


def _output_dir(
    config: LooperConfig, pep: Pep, options: Options, problems: Problems
) -> tuple[Path, str] | None:
    """The output folder, and its path as a template gets it."""
    text = options.output_dir
    folder = config.root
    place, key = options.origin("output_dir")
    if text is not None and config.options.output_dir is None:
        file = _declaring(config, pep)
        folder = file.parent if file else config.root  # a PEP from PEPhub is in no folder
    elif text is None:
        if "output_dir" in config.refused:
            return None
        text, key = config.texts.get("output_dir"), "output_dir"
        place = config.places.get(key, Place(str(config.path)))
    if not text:
        problems.add(
            place, "output_dir", "is missing; say where results go, as in 'output_dir: results'"
        )
        return None
    out = Path(os.path.normpath(folder / expanded(text, place, key, problems)))
    if unset(text):
        return None
    special = special_to_snakemake(str(out))
    if special:
        problems.add(place, key, f"'{out}' has {special}; rename the folder")
    ends = expand(text).endswith("/") and not str(out).endswith("/")
    return out, f"{out}/" if ends else str(out)


def _section(document: Document, key: str, problems: Problems) -> dict[str, Any] | None:
    value = document.data.get(key)
    if value is None or isinstance(value, dict):
        return value
    problems.add(document.place(key), key, "must be a mapping; write 'key: value' lines below it")
    return None


def _pep(document: Document, root: Path, options: Options, problems: Problems) -> str | None:
    value = options.pep_config or document.data.get("pep_config")
    place, key = document.place("pep_config"), "pep_config"
    if options.pep_config:
        place, key = options.origin("pep_config")
    if not value or not isinstance(value, str):
        problems.add(
            place,
            "pep_config",
            "is missing; write the path of the project's PEP, as in 'pep_config: project.yaml'",
        )
        return None
    if is_registry_path(expand(value), root):
        return expand(value).removeprefix("pephub::")
    path = resolve(value, root)
    if not path.is_file():
        problems.add(
            place,
            key,
            absent(value, path, "correct the path, it is relative to this file"),
        )
        return None
    return str(path)


def _interfaces(
    document: Document, root: Path, options: Options, problems: Problems
) -> list[InterfaceSource]:
    key = "pipeline_interfaces"
    given = _given_interfaces(root, options, problems)
    if given:
        return given
    value = document.data.get(key)
    if isinstance(value, Mapping):
        found = []
        for level, paths in value.items():
            if level not in ("sample", "project"):
                problems.add(
                    document.place(key, level),
                    f"{key}.{level}",
                    f"unknown level{near(str(level), ('sample', 'project'))};"
                    " write 'sample' or 'project'",
                )
                continue
            found += _interface_list(document, root, (key, level), paths, level, problems)
        return found
    if value is None:
        return []  # samples may name their own
    return _interface_list(document, root, (key,), value, None, problems)


def _given_interfaces(root: Path, options: Options, problems: Problems) -> list[InterfaceSource]:
    """Interfaces of the command line, instead of all that the looper config names."""
    found: list[InterfaceSource] = []
    given: tuple[tuple[Level, tuple[str, ...] | None], ...] = (
        ("sample", options.sample_pipeline_interfaces),
        ("project", options.project_pipeline_interfaces),
    )
    for level, paths in given:
        place, key = options.origin(f"{level}_pipeline_interfaces")
        for item in paths or ():
            path = resolve(item, root)
            if path.is_file():
                found.append(InterfaceSource(path, level, place))
            else:
                problems.add(place, key, absent(item, path))
    return found


def _interface_list(
    document: Document,
    root: Path,
    keys: tuple[str, ...],
    value: Any,
    level: Level | None,
    problems: Problems,
) -> list[InterfaceSource]:
    found = []
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        place = document.place(*keys, index)
        if not isinstance(item, str):
            problems.add(place, ".".join(keys), f"'{item}' is not a path; write the path of a file")
            continue
        path = resolve(item, root)
        if not path.is_file():
            problems.add(
                place,
                ".".join(keys),
                absent(item, path, "correct the path, it is relative to this file"),
            )
            continue
        found.append(InterfaceSource(path, level, place))
    return found
