"""Reports for every reader: colours that can be read, landmarks, print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.projects import write
from support.reports import SCHEMA, page, png, report

from snakemake_looper.results.report import report_documents
from snakemake_looper.results.report.report_levels import Failure

_TEMPLATES = Path(report_documents.__file__).with_name("templates")
_ROOT = re.compile(
    r"(@media screen and \(prefers-color-scheme: dark\) \{\s*)?:root \{([^}]*)\}", re.DOTALL
)


def colours() -> dict[str, dict[str, str]]:
    """The colours of the style sheets: `light`, and `dark` on a screen."""
    found: dict[str, dict[str, str]] = {"light": {}, "dark": {}}
    for sheet in ("report.css", "contents.css"):
        screen = (_TEMPLATES / sheet).read_text(encoding="utf-8").partition("@media print")[0]
        for dark, rules in _ROOT.findall(screen):
            found["dark" if dark else "light"].update(re.findall(r"--(\w+): (#\w+)", rules))
    return found


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
        parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_can_be_read(scheme: str) -> None:
    """Text has a contrast of 4.5 on both backgrounds, and a bar one of 3 (WCAG 2, AA)."""
    shades = colours()[scheme]
    backs = [shades.pop("back"), shades.pop("raised")]
    shades.pop("line")
    assert len(shades) == 12
    for name, shade in shades.items():
        least = 3 if name in ("spread", "own") else 4.5
        for back in backs:
            assert contrast(shade, back) >= least, f"{name} {shade} on {back}"


def test_dark_colours_are_not_printed() -> None:
    light, dark = colours().values()
    assert light.keys() == dark.keys()
    for sheet in _TEMPLATES.glob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert text.count("prefers-color-scheme") == text.count("@media screen and (prefers-")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The text of every page of a report with all kinds of them."""
    root = tmp_path_factory.mktemp("report")
    schema = write(root, {"schema.yaml": SCHEMA, "a.log": "x"}) / "schema.yaml"
    png(root / "p/a.png")
    values = {"reads": 7, "plot": {"path": "p/a.png"}}
    folder = report(
        root,
        page(
            {"a": values, "b": {"reads": 8}},
            {"a": "completed", "b": "completed", "bad": "failed"},
            schema=schema,
            logs={"bad": "a.log"},
            failures={"bad": Failure("no memory", ["killed"])},
            attributes={"a": {"genome": "hg38"}},
        ),
        page({"demo": {"total": 15}}, level="project", schema=schema),
        page({}, {"c": "waiting"}, pipeline="plain"),
        page({}, {}, pipeline="empty"),
    )
    return {str(one.relative_to(folder)): one.read_text() for one in folder.rglob("*.html")}


def test_every_page_has_landmarks(pages: dict[str, str]) -> None:
    assert len(pages) == 11
    for name, text in pages.items():
        for tag in ("header", "main", "footer", "h1", "title"):
            assert len(re.findall(f"<{tag}[ >]", text)) == 1, f"{name}: {tag}"
        assert '<html lang="en">' in text
        navigations = re.findall("<nav[^>]*>", text)
        assert navigations and all("aria-label=" in one for one in navigations), name
        assert all(" alt=" in one for one in re.findall("<img[^>]*>", text)), name


def test_every_table_has_a_caption_and_heads(pages: dict[str, str]) -> None:
    seen = 0
    for name, text in pages.items():
        for table in re.findall("<table.*?</table>", text, re.DOTALL):
            seen += 1
            caption = re.match(r"<table[^>]*>\s*<caption[^>]*>([^<]+)</caption>", table)
            assert caption and caption[1].strip(), f"{name}: {table[:80]}"
            assert all("scope=" in one for one in re.findall("<th[ >][^>]*>", table)), name
    assert seen == 11
