"""Names that fit, and signs."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from support.views import Stream

from snakemake_looper.show.text import ASCII, UNICODE, glyphs_for, shorten


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("canada", 6, "canada"),
        ("patient_0123_tumour_1", 12, "patien…our_1"),
        ("患者患者患者", 7, "患 … 者"),
        ("canada", 2, "ca"),
        ("canada", 0, ""),
    ],
)
def test_long_names_keep_both_ends(text: str, width: int, short: str) -> None:
    got = shorten(text, width, "…")
    assert cell_len(got) <= width
    assert got == short


def test_glyphs_go_by_the_encoding() -> None:
    assert glyphs_for(Stream()) is UNICODE
    assert glyphs_for(Stream(encoding="ascii")) is ASCII
    assert glyphs_for(Stream(encoding="latin-1")) is ASCII
    assert glyphs_for(Stream(encoding="no such")) is ASCII
