"""Which samples are run."""

from __future__ import annotations

import pytest

from snakemake_looper.errors import Problems
from snakemake_looper.model import Options, Sample
from snakemake_looper.selection import select

SAMPLES = [
    Sample(f"s{number}", {"kind": kind, "toggle": toggle}, None)
    for number, (kind, toggle) in enumerate(
        [("x", "1"), ("y", "0"), (["x", "z"], "1"), ("y", "1"), ("", "1")], start=1
    )
]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (Options(), "s1 s3 s4 s5"),
        (Options(sel_attr="kind", sel_incl=("x",)), "s1 s3"),
        (Options(sel_attr="kind", sel_incl=("y", "z")), "s2 s3 s4"),
        (Options(sel_attr="kind", sel_excl=("x",)), "s2 s4 s5"),
        (Options(limit="2"), "s1 s3"),
        (Options(limit="2:3"), "s3 s4"),
        (Options(limit="2-3"), "s3 s4"),
        (Options(limit=":2"), "s1 s3"),
        (Options(limit="3-"), "s4 s5"),
        (Options(limit="99"), "s1 s3 s4 s5"),
        (Options(skip="1"), "s3 s4 s5"),
        (Options(skip="2:3"), "s1 s5"),
        (Options(samples=("s4", "s1")), "s1 s4"),
        (Options(sel_attr="toggle", sel_incl=("0",)), "s2"),
    ],
)
def test_selected(options: Options, names: str) -> None:
    problems = Problems()
    kept, reasons = select(SAMPLES, options, problems)
    assert not problems
    assert [sample.name for sample in kept] == names.split()
    assert set(reasons) == {sample.name for sample in SAMPLES} - set(names.split())
