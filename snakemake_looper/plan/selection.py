"""Selection: the samples of a run.

It follows looper's `run`. A sample whose `toggle` is 0 is off, unless `--sel-incl` or `--sel-excl`
chooses by an attribute. After that, `--skip` and `--limit` count the samples that are left. All
values are compared as text, because a cell of a table has no other type.

An option that leaves no sample is wrong input. The message names the option that took away the last
sample, and the number of samples. Two cases are not a mistake: all samples are toggled off, or the
options ask for a status that no record has (`deselected_by_flag`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from ..errors import Problems, near
from ..layout import shown_name
from ..model import Sample
from ..read.options.option_values import span
from ..read.options.options import Options

_MOST_SHOWN = 8
"""The greatest number of values or names in a message."""


class Selection(NamedTuple):
    """The samples that options select, and the reason for each of the others."""

    kept: list[Sample]
    reasons: dict[str, str]
    """Reasons by the name of the sample."""


def select(
    samples: Sequence[Sample],
    options: Options,
    problems: Problems,
    refused: Collection[str] = (),
) -> Selection:
    """The samples to run.

    Args:
        samples: the samples of the table.
        options: the options that select samples.
        problems: gets options that are wrong.
        refused: names in the table that reading has refused. They cause no second problem.
    """
    kept, reasons = choose(samples, options, problems, refused)
    for option, text, inside in (("skip", options.skip, False), ("limit", options.limit, True)):
        if text is None:
            continue
        count = len(kept)
        chosen = _range(option, text, count, options, problems)
        for number, sample in enumerate(kept, start=1):
            if chosen is not None and (number in chosen) != inside:
                reasons[sample.name] = f"outside --{option} {text}"
        kept = [sample for sample in kept if sample.name not in reasons]
        if count and not kept and not refused:
            left = _counted(count, len(samples))
            one = f"a number from 1 to {count}, or a range" if count > 1 else "1, or leave it out"
            what = (
                f"'{text}' is none of the {left}; write {one}"
                if inside
                else f"'{text}' is all of the {left}, none is left; skip fewer"
            )
            problems.add(*options.origin(option), what)
    return Selection(kept, reasons)


def choose(
    samples: Sequence[Sample],
    options: Options,
    problems: Problems,
    refused: Collection[str] = (),
) -> Selection:
    """The samples before `--skip` and `--limit`. The project level sees these, as in looper."""
    reasons: dict[str, str] = {}
    attribute = options.sel_attr or "toggle"
    if options.sel_incl and options.sel_excl:
        problems.add(*options.origin("sel_incl"), "cannot be combined with --sel-excl; choose one")
    if options.sel_flag and options.exc_flag:
        problems.add(*options.origin("sel_flag"), "cannot be combined with --exc-flag; choose one")
    kept = []
    for sample in samples:
        reason = _deselected(sample, attribute, options)
        if reason:
            reasons[sample.name] = reason
        else:
            kept.append(sample)
    if options.sel_attr and not (options.sel_incl or options.sel_excl):
        what = "selects nothing by itself, ignored; write --sel-incl or --sel-excl with it"
        problems.warn(*options.origin("sel_attr"), what)
    if options.sel_incl or options.sel_excl:
        _check_values(samples, kept, attribute, options, problems, refused)
    named = _only_named(kept, samples, options, reasons, problems, refused)
    return Selection(named, reasons)


def deselected_by_flag(status: str, options: Options) -> str | None:
    """The reason why `--sel-flag` or `--exc-flag` leaves out a job with this status, or None.

    Each pipeline of a sample has its own status. (looper looks at the first one only, quirk 13.)
    """
    if options.sel_flag and status not in options.sel_flag:
        return f"status {status} is not among --sel-flag {' '.join(options.sel_flag)}"
    if options.exc_flag and status in options.exc_flag:
        return f"status {status} is among --exc-flag {' '.join(options.exc_flag)}"
    return None


def nothing_by_flag(options: Options) -> str:
    """The warning if `--sel-flag` or `--exc-flag` leaves no record."""
    if options.sel_flag:
        return f"no record is {_either(options.sel_flag)}: nothing to run"
    return f"every record is {_either(options.exc_flag or ())}: nothing to run"


def _either(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def _deselected(sample: Sample, attribute: str, options: Options) -> str | None:
    if options.sel_incl:
        if not _values(sample.attributes.get(attribute)) & set(options.sel_incl):
            return f"{attribute} is not among --sel-incl {' '.join(options.sel_incl)}"
        return None
    if options.sel_excl:
        if _values(sample.attributes.get(attribute)) & set(options.sel_excl):
            return f"{attribute} is among --sel-excl {' '.join(options.sel_excl)}"
        return None
    toggle = sample.attributes.get("toggle")
    return "toggle is 0" if toggle is False or _values(toggle) & {"0"} else None


def _values(value: Any) -> set[str]:
    if value is None:
        return set()
    return {str(item) for item in (value if isinstance(value, list) else [value])}


def _check_values(
    samples: Sequence[Sample],
    kept: Sequence[Sample],
    attribute: str,
    options: Options,
    problems: Problems,
    refused: Collection[str],
) -> None:
    """Report values of `--sel-incl` and `--sel-excl` that no sample has or that leave no sample."""
    option = "sel_incl" if options.sel_incl else "sel_excl"
    if not any(attribute in sample.attributes for sample in samples):
        if samples:
            _report_no_attribute(samples, attribute, option, options, problems)
        return
    there = dict.fromkeys(
        value
        for sample in samples
        for value in sorted(_values(sample.attributes.get(attribute)))
        if value
    )
    given = options.sel_incl or options.sel_excl or ()
    unknown = [value for value in given if value not in there]
    count = f"{len(samples)} sample{'s' if len(samples) > 1 else ''}"
    if not kept and not refused:
        if options.sel_incl:
            close = next(filter(None, (near(value, there) for value in unknown)), "")
            what = f"none of {count} has {_listed(given)} as '{attribute}'{close}"
            what += f"; write one of {_listed(there)}" if there else "; choose another attribute"
        else:
            what = f"{_listed(given)} leaves none of {count}; leave out a value"
        problems.add(*options.origin(option), what)
        return
    for value in unknown if not refused else ():
        what = f"none of {count} has '{value}' as '{attribute}'{near(value, there)}"
        problems.warn(*options.origin(option), what)


def _report_no_attribute(
    samples: Sequence[Sample], attribute: str, option: str, options: Options, problems: Problems
) -> None:
    known = sorted({name for sample in samples for name in sample.attributes})
    what = f"no sample has an attribute '{attribute}'"
    if options.sel_attr:
        close = near(attribute, known) or f"; there are {_listed(known)}"
        problems.add(*options.origin("sel_attr"), f"{what}{close}")
    else:
        advice = f"name another one with --sel-attr: there are {_listed(known)}"
        problems.add(*options.origin(option), f"{what}; {advice}")


def _only_named(
    kept: list[Sample],
    samples: Sequence[Sample],
    options: Options,
    reasons: dict[str, str],
    problems: Problems,
    refused: Collection[str],
) -> list[Sample]:
    """The samples that `--samples` names; without the option, all samples."""
    if options.samples is None:
        return kept
    names = dict.fromkeys(sample.name for sample in samples)
    unknown = [name for name in options.samples if name not in names]
    _report_no_samples([name for name in unknown if name not in refused], names, options, problems)
    wanted = set(options.samples)
    left = [sample for sample in kept if sample.name in wanted]
    if kept and not left and not unknown:
        why = (f"{name} ({reasons[name]})" for name in options.samples)
        what = f"none of these is left of the {len(samples)} samples: {_listed(why, '')}"
        problems.add(*options.origin("samples"), f"{what}; change the selection")
    for sample in kept:
        if sample.name not in wanted:
            reasons[sample.name] = "not among --samples"
    return left


def _report_no_samples(
    unknown: Sequence[str], names: Collection[str], options: Options, problems: Problems
) -> None:
    for name in unknown[:_MOST_SHOWN]:
        close = near(name, names) or f"; there are {_listed(names)}"
        problems.add(*options.origin("samples"), f"there is no sample '{name}'{close}")
    more = len(unknown) - _MOST_SHOWN
    if more > 0:
        what = f"there are no samples of {more} other names; correct them"
        problems.add(*options.origin("samples"), what)


def _range(
    option: str, text: str, count: int, options: Options, problems: Problems
) -> range | None:
    """The numbers, from 1, that `3`, `2:5`, `:4` or `6-` stands for; None for another text."""
    found = span(text)
    if found is not None:
        low, high = found
        return range(low, (count if high is None else min(high, count)) + 1)
    what = f"{shown_name(text)} is no number or range; write 3, 2:5, :4 or 6-"
    problems.add(*options.origin(option), what)
    return None


def _counted(count: int, total: int) -> str:
    left = f"{count} sample{'s' if count > 1 else ''}"
    return left if count == total else f"{left} left of {total}"


def _listed(words: Iterable[str], quote: str = "'") -> str:
    """The first of some words, and how many more there are."""
    all_words = list(words)
    first = ", ".join(f"{quote}{word}{quote}" for word in all_words[:_MOST_SHOWN])
    more = len(all_words) - _MOST_SHOWN
    return f"{first} and {more} more" if more > 0 else first
