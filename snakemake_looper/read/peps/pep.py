"""PEPs: the samples of a project and its config, as plain values.

Relative paths inside a PEP config are relative to that config, as in peppy. A PEP from PEPhub
has no folder, so its paths are relative to the looper config. Relative paths in sample
*attributes* stay as they are written: jobs run in the looper config's folder, so they are
relative to it (quirk 37).
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ...errors import Place, Problem, Problems
from ...layout import is_file_name, shown_name
from ...model import Pep, Sample
from ..documents.yaml_lines import read_yaml, resolve
from ..first_config import kind_of
from ..looper_config import LooperConfig, is_registry_path
from .empty_cells import warnings_of_empty_cells
from .old_pep import tell_of_old_forms
from .pep_config import PepConfig, read_pep_config
from .pep_faults import Faults, faults_of_config, faults_of_table, is_url
from .pep_modifiers import SECTION, Places, modifier_faults, unknown_modifiers
from .pep_name import name_fault, unnamed
from .pep_reasons import reasons, reasons_in_modifiers, reasons_of_raw
from .pephub import Refused, amendment_of, amendments_of, first_line, pull
from .peppy_project import PeppyError, PeppyProject, load_pep
from .sample_faults import replaced_names, warnings_of_modifiers, warnings_of_subsamples
from .table_text import rows_of_names


@dataclass(frozen=True, slots=True)
class _Source:
    """The file of a PEP, or its registry path at PEPhub."""

    path: Path
    is_remote: bool
    """Whether it comes from PEPhub."""
    place: Place
    """The place for a fault of the whole PEP. A PEP from PEPhub has no lines."""
    key: str

    @property
    def is_config(self) -> bool:
        return not self.is_remote and self.path.suffix.lower() in (".yaml", ".yml")


def read_pep(config: LooperConfig, problems: Problems) -> Pep | None:
    """Read the PEP that the looper config names, and apply the looper config's sample modifiers.

    None if the PEP cannot be read or has no samples. Each fault goes to `problems`.
    """
    if config.pep is None:
        return None
    source = _source(config, config.pep)
    known = _known(config, source, problems)
    if known is None:
        return None
    loaded = _load(config, source, known, problems)
    if loaded is None:
        return None
    _tell_of_replaced_names(config, known, problems)
    _warn(config, known, loaded, problems)
    return _pep(config, source, known, loaded, problems)


@dataclass(frozen=True, slots=True)
class _Known:
    """A PEP as its files have it, before peppy reads it."""

    faults: Faults
    config: PepConfig | None
    """The config of a PEP; None for a table, and for a PEP from PEPhub."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The config and all that it imports."""
        return tuple(self.config.files) if self.config else ()


def _known(config: LooperConfig, source: _Source, problems: Problems) -> _Known | None:
    """A look at the files of a PEP; None if peppy must not read them. Problems say why."""
    if source.is_remote:
        return _Known(Faults(), None)
    amendments = config.options.amend or ()
    asked = config.options.origin("amend")
    if not source.is_config:
        for one in amendments:
            what = f"the PEP has no amendment '{one}'; it has none, so leave this out"
            problems.add(*asked, what)
        return _sound(_Known(faults_of_table(source.path), None), True, problems)
    pep = read_pep_config(source.path, amendments, asked, problems)
    if pep is None:
        return None
    kind = kind_of(pep.document.data)
    if kind not in (None, "PEP") and "sample_table" not in pep.data:
        what = f"is a {kind}, not a PEP; name a file with 'sample_table:' in 'pep_config:'"
        problems.add(pep.document.place(next(iter(pep.document.data))), "", what)
        return None
    if tell_of_old_forms(pep.document, config.root, config.places, problems):
        return None
    _warn_of_dropped_modifiers(pep.document.data, pep.document.place, amendments, problems)
    return _sound(_Known(faults_of_config(pep), pep), pep.whole, problems)


def _sound(known: _Known, whole: bool, problems: Problems) -> _Known | None:
    """The PEP, if peppy can read it to its end; else its faults become problems."""
    if whole and not known.faults.endless:
        return known
    for fault in known.faults.faults:
        problems.add(fault.place, fault.key, fault.message)
    return None


def _source(config: LooperConfig, pep: str) -> _Source:
    if is_registry_path(pep, config.root):
        key = "pep_config" if config.pep_place.line else ""
        return _Source(Path(pep), True, config.pep_place, key)
    return _Source(Path(pep), False, Place(pep), "")


def _load(
    config: LooperConfig, source: _Source, known: _Known, problems: Problems
) -> PeppyProject | None:
    """The PEP as peppy reads it; None if it cannot be read, with the reason in `problems`."""
    amendments = config.options.amend or ()
    pep: str | Mapping[str, Any] = str(source.path)
    try:
        if source.is_remote:
            pep = _pull(config, problems)
        return load_pep(pep, amendments, config.sample_modifiers, config.root)
    except Refused as error:
        problems.add(source.place, source.key, str(error))
    except PeppyError as error:
        faults = _reasons(config, known, pep, error)
        for fault in faults:
            problems.add(fault.place, fault.key, fault.message)
        if not faults:
            said = f"peppy, which reads PEPs, stops at it ({first_line(error)}); compare it with"
            said += " https://pep.databio.org/spec/specification/"
            problems.add(source.place, source.key, said)
        for oddity in known.faults.oddities:
            problems.warn(oddity.place, oddity.key, oddity.message)
    return None


def _reasons(
    config: LooperConfig, known: _Known, pep: str | Mapping[str, Any], error: PeppyError
) -> list[Problem]:
    """The reasons why peppy refused a PEP, in all its files and in the looper config."""
    later = config.sample_modifiers
    if isinstance(pep, str):
        faults = reasons(known.faults, known.config, later, error.__cause__)
    else:
        faults = reasons_of_raw(pep, config.pep_place, later)
    index = str(known.config.index) if known.config else "sample_name"
    if known.config and SECTION in known.config.data and not faults:
        in_pep = partial(known.config.place, SECTION)
        faults += reasons_in_modifiers(known.config.data[SECTION], in_pep, index, later)
    if later:
        modifiers, place = _own_modifiers(config)
        faults += reasons_in_modifiers(modifiers, place, index, {})
        if not faults:
            what = "cannot be applied to samples that the PEP has modified; move them into the PEP"
            faults.append(Problem(place(), SECTION, what))
    return faults


def _own_modifiers(config: LooperConfig) -> tuple[Mapping[str, Any], Places]:
    """The looper config's `sample_modifiers`, and their places."""
    document = read_yaml(config.path, Problems())
    place = partial(document.place, SECTION) if document else lambda *_: Place(str(config.path))
    return config.sample_modifiers, place


def _warn(config: LooperConfig, known: _Known, loaded: PeppyProject, problems: Problems) -> None:
    """Warn of what peppy passed over."""
    found = list(known.faults.oddities)
    if loaded.samples:  # else these are the problems
        found += known.faults.faults
    pep = known.config
    names = {str(sample.get(loaded.index, "")) for sample in loaded.samples}
    found += warnings_of_subsamples(known.faults.subsamples, loaded.index, names)
    of_samples = partial(warnings_of_modifiers, samples=loaded.samples, sources=loaded.sources)
    tables = [one for one in (known.faults.table, *known.faults.subsamples) if one]
    gaps = partial(
        warnings_of_empty_cells, samples=loaded.samples, sources=loaded.sources, tables=tables,
        index=loaded.index,
    )  # fmt: skip
    own = config.sample_modifiers
    removed = own.get("remove")
    place: Places = partial(pep.place, SECTION) if pep else lambda *_: config.pep_place
    if not pep and SECTION in loaded.config:  # a PEP from PEPhub
        modifiers = loaded.config[SECTION]
        found += [*modifier_faults(modifiers, place), *unknown_modifiers(modifiers, place)]
    found += of_samples(
        loaded.config.get(SECTION), place, removed=removed if isinstance(removed, list) else ()
    )
    found += gaps(loaded.config.get(SECTION), place)
    if own:
        _, place = _own_modifiers(config)
        found += [*modifier_faults(own, place), *unknown_modifiers(own, place)]
        found += [*of_samples(own, place), *gaps(own, place)]
    for fault in found:
        problems.warn(fault.place, fault.key, fault.message)


def _tell_of_replaced_names(config: LooperConfig, known: _Known, problems: Problems) -> None:
    """Tell of names that a modifier replaces; if samples are lost by that, it is a problem."""
    pep, table = known.config, known.faults.table
    if table is None:
        return
    sections: list[tuple[Any, Places]] = []
    if pep:
        sections.append((pep.data.get(SECTION), partial(pep.place, SECTION)))
    if config.sample_modifiers:
        sections.append(_own_modifiers(config))
    for modifiers, place in sections:
        index = str(pep.index) if pep else "sample_name"
        for fault, merges in replaced_names(modifiers, place, table, index):
            tell = problems.add if merges else problems.warn
            tell(fault.place, fault.key, fault.message)


def _pull(config: LooperConfig, problems: Problems) -> dict[str, Any]:
    """A raw PEP from PEPhub, with its amendments applied: peppy applies them to files only."""
    with contextlib.redirect_stdout(io.StringIO()):  # pephubclient prints
        raw = pull(str(config.pep))
    content = raw["_config"]
    amendments = config.options.amend or ()
    _warn_of_dropped_modifiers(content, lambda *_: config.pep_place, amendments, problems)
    for name in amendments:
        content.update(amendment_of(content, name))
    return raw


def _pep(
    config: LooperConfig,
    source: _Source,
    known: _Known,
    loaded: PeppyProject,
    problems: Problems,
) -> Pep | None:
    """The PEP as a value; None if it has no samples."""
    table, named = _table(config, source, known, loaded)
    if not loaded.samples:
        place = Place(str(table)) if table else named
        none = Problem(place, source.key, "there are no samples; add a row for each")
        for fault in known.faults.faults or [none]:
            problems.add(fault.place, fault.key, fault.message)
        return None
    samples, refused = _samples(config, source, loaded)
    _report_refused(refused, loaded.index, table, named, problems)
    given = loaded.config.get("name")
    name = str(given).replace(" ", "_") if given else unnamed(source.path, source.is_remote)
    bad = name_fault(name, given)
    if bad:
        place = known.config.place("name") if known.config else source.place
        problems.add(config.pep_place if source.is_remote else place, "name", bad)
    content = {**loaded.config, "name": given or name}
    modifiers = (loaded.config.get(SECTION), config.sample_modifiers)
    files = known.files[:1] + loaded.tables + known.files[1:] if known.config else (source.path,)
    return Pep(
        name=name,
        config=content,
        samples=samples,
        index=loaded.index,
        config_file=source.path if source.is_config else None,
        table=table,
        files=(config.path,) if source.is_remote else files,
        volatile=source.is_remote or _has_url(loaded.config) or any(map(_has_glob, modifiers)),
        refused=frozenset(refused),
    )


def _table(
    config: LooperConfig, source: _Source, known: _Known, loaded: PeppyProject
) -> tuple[Path | None, Place]:
    """The sample table, if it is a file, and the place of its name."""
    if source.is_remote:
        return None, config.pep_place
    if known.config is None:
        return source.path, source.place
    named = known.config.place("sample_table")
    return known.faults.table.path if known.faults.table else None, named


def _samples(
    config: LooperConfig, source: _Source, loaded: PeppyProject
) -> tuple[tuple[Sample, ...], tuple[str, ...]]:
    """The samples, and the names in the table that no sample can have."""
    folder = source.path.parent if source.is_config else config.root
    samples: list[Sample] = []
    refused: dict[str, None] = {}
    for attributes in loaded.samples:
        name = str(attributes.get(loaded.index, attributes.get("sample_name", "")))
        if is_file_name(name):
            # peppy's name for it, whatever the name of the column is.
            named = {**attributes, "sample_name": name}
            samples.append(Sample(name, named, _interfaces(named, folder)))
        else:
            refused[name] = None
    return tuple(samples), tuple(refused)


def _interfaces(attributes: Mapping[str, Any], folder: Path) -> tuple[str, ...] | None:
    """The pipeline interfaces that a sample names itself; None if it names none."""
    own = attributes.get("pipeline_interfaces")
    paths = [own] if isinstance(own, str) and own else own if isinstance(own, list) else None
    return None if paths is None else tuple(str(resolve(str(path), folder)) for path in paths)


def _report_refused(
    names: Collection[str], index: str, table: Path | None, pep: Place, problems: Problems
) -> None:
    """A problem for each name that cannot be part of a file name, at its line of the table."""
    places = rows_of_names(table, index, names) if table and names else {}
    for name in names:
        what = "is empty; write a name, or remove the row"
        if name.strip():
            what = (
                f"sample name {shown_name(name)} has a character that cannot be part of an output"
            )
            what += " file's name; use letters, digits, '.', '-' and '_'"
        problems.add(places.get(name, pep), index, what)


def _warn_of_dropped_modifiers(
    data: Mapping[str, Any],
    place: Callable[..., Place],
    amendments: tuple[str, ...],
    problems: Problems,
) -> None:
    """Warn if an amendment drops modifiers: its `sample_modifiers` replace all those of the PEP."""
    own = data.get("sample_modifiers")
    if not isinstance(own, Mapping):
        return
    for name in amendments:
        amendment = amendments_of(data).get(name)
        new = amendment.get("sample_modifiers") if isinstance(amendment, Mapping) else None
        lost = sorted(map(str, set(own) - set(new))) if isinstance(new, Mapping) else []
        if lost:
            problems.warn(
                place("project_modifiers", "amend", name, "sample_modifiers"),
                f"amend.{name}",
                f"replaces all sample modifiers of the PEP, also its {', '.join(lost)}",
            )


def _has_url(content: Mapping[str, Any]) -> bool:
    """Whether a table is at an address: it can change while no file of the PEP changes."""
    for key in ("sample_table", "subsample_table"):
        value = content.get(key)
        if any(is_url(str(item)) for item in (value if isinstance(value, list) else [value])):
            return True
    return False


def _has_glob(modifiers: Any) -> bool:
    """Whether a derived source is a pattern: its matches can change while no PEP file changes."""
    derive = modifiers.get("derive") if isinstance(modifiers, Mapping) else None
    sources = derive.get("sources") if isinstance(derive, Mapping) else None
    values = sources.values() if isinstance(sources, Mapping) else ()
    return any("*" in str(value) or "[" in str(value) for value in values)


def rows_of(pep: Pep, names: Collection[str]) -> dict[str, Place]:
    """The places of samples in their table; for a PEP from PEPhub, a place in the looper config."""
    if pep.config_file is None and pep.files[0].suffix.lower() in (".yaml", ".yml"):
        document = read_yaml(pep.files[0], Problems())
        place = document.place("pep_config") if document else Place(str(pep.files[0]))
        return dict.fromkeys(names, place)
    if pep.table:
        return rows_of_names(pep.table, pep.index, names)
    document = read_yaml(pep.config_file, Problems()) if pep.config_file else None
    place = document.place("sample_table") if document else Place(str(pep.config_file or ""))
    return dict.fromkeys(names, place)


def row_of(pep: Pep, name: str) -> Place:
    """The place of one sample, see `rows_of`."""
    return rows_of(pep, {name})[name]
