"""Which samples a run is about.

Follows looper's `run`: samples whose `toggle` is 0 are off, unless `--sel-incl` or `--sel-excl`
chooses by an attribute; `--skip` and `--limit` then count among those that are left. All values
compare as text, since a table cell has no other type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from .errors import Place, Problems, near
from .model import Options, Sample

_RANGE = re.compile(r"^(\d*)[:-](\d*)$")


def select(
    samples: Sequence[Sample], options: Options, problems: Problems
) -> tuple[list[Sample], dict[str, str]]:
    """The samples to run, and for each other one the reason why it is not."""
    kept, reasons = choose(samples, options, problems)
    for option, text, inside in (("skip", options.skip, False), ("limit", options.limit, True)):
        if text is None:
            continue
        chosen = _range(option, text, len(kept), problems)
        for number, sample in enumerate(kept, start=1):
            if (number in chosen) != inside:
                reasons[sample.name] = f"outside --{option} {text}"
        kept = [sample for sample in kept if sample.name not in reasons]
    return kept, reasons


def choose(
    samples: Sequence[Sample], options: Options, problems: Problems
) -> tuple[list[Sample], dict[str, str]]:
    """The same without counting: what the project level is about, too, as in looper."""
    reasons: dict[str, str] = {}
    attribute = options.sel_attr or "toggle"
    if options.sel_incl and options.sel_excl:
        problems.add("--sel-incl", "", "cannot be combined with --sel-excl; choose one")
    if options.sel_flag and options.exc_flag:
        problems.add("--sel-flag", "", "cannot be combined with --exc-flag; choose one")
    kept = []
    for sample in samples:
        reason = _deselected(sample, attribute, options)
        if reason:
            reasons[sample.name] = reason
        else:
            kept.append(sample)
    if (options.sel_incl or options.sel_excl) and not any(
        attribute in sample.attributes for sample in samples
    ):
        known = sorted({name for sample in samples for name in sample.attributes})
        problems.add(
            "--sel-attr", "", f"no sample has an attribute '{attribute}'{near(attribute, known)}"
        )
    return _named(kept, samples, options, reasons, problems), reasons


def deselected_by_flag(status: str, options: Options) -> str | None:
    """Why a job with this status is not chosen by `--sel-flag` or `--exc-flag`.

    Asked for each pipeline of a sample (looper looks at the first only, quirk 13).
    """
    if options.sel_flag and status not in options.sel_flag:
        return f"status {status} is not among --sel-flag {' '.join(options.sel_flag)}"
    if options.exc_flag and status in options.exc_flag:
        return f"status {status} is among --exc-flag {' '.join(options.exc_flag)}"
    return None


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


def _named(
    kept: list[Sample],
    samples: Iterable[Sample],
    options: Options,
    reasons: dict[str, str],
    problems: Problems,
) -> list[Sample]:
    if options.samples is None:
        return kept
    names = {sample.name for sample in samples}
    for name in options.samples:
        if name not in names:
            problems.add("--samples", "", f"there is no sample '{name}'{near(name, names)}")
    wanted = set(options.samples)
    for sample in kept:
        if sample.name not in wanted:
            reasons[sample.name] = "not among --samples"
    return [sample for sample in kept if sample.name in wanted]


def _range(option: str, text: str, count: int, problems: Problems) -> range:
    """Numbers from 1 that `3`, `2:5`, `:4` or `6-` mean."""
    if text.isdigit():
        return range(1, min(int(text), count) + 1)
    match = _RANGE.match(text)
    if match and (match[1] or match[2]):
        low = int(match[1] or 1)
        high = min(int(match[2]), count) if match[2] else count
        if 1 <= low <= int(match[2] or low):
            return range(low, high + 1)
    problems.add(
        Place(f"--{option}"), "", f"'{text}' is no number or range; write 3, 2:5, :4 or 6-"
    )
    return range(1, count + 1)
