"""Pages as a real browser shows them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.driven_browser import Browser

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
in_browser = pytest.mark.skipif(BROWSER is None, reason="there is no chromium to look with")

# Runs when the page is loaded, waits for all pictures, and returns what it found.
PROBE = """
(async () => {
  const images = Array.from(document.images);
  images.forEach(image => { image.loading = "eager"; });
  await Promise.all(images.map(image => image.decode().catch(() => null)));
  const first = () => Array.from(document.querySelectorAll("#records tbody tr"))
    .filter(row => !row.hidden).map(row => row.cells[0].textContent.trim());
  const sort = name => Array.from(document.querySelectorAll("#records thead button"))
    .find(button => button.textContent === name).click();
  const type = (selector, value) => {
    const field = document.querySelector(selector);
    field.value = value;
    field.dispatchEvent(new Event(selector === "select" ? "change" : "input", {bubbles: true}));
  };
  const found = (() => { ACTION })();
  const rows = document.querySelectorAll("tbody tr").length;
  return {
    found,
    rows,
    widths: images.map(image => image.naturalWidth),
    ran: window.ran ?? null,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    back: getComputedStyle(document.body).backgroundColor,
    sources: performance.getEntriesByType("resource").map(entry => new URL(entry.name).protocol),
  };
})()
"""


def look(
    browser: Browser,
    path: Path,
    action: str = "",
    *,
    hash: str = "",
    width: int = 1280,
    dark: bool = False,
) -> dict[str, Any]:
    """Open a page, do something there, and tell what is to be seen."""
    tab = browser.open(path.as_uri() + hash, width, dark=dark)
    seen: dict[str, Any] = tab.get(PROBE.replace("ACTION", action))
    console = tab.faults()
    tab.close()
    return {**seen, "console": console}


def clean(seen: Mapping[str, Any]) -> bool:
    """No error, nothing from the network, every picture decoded, no wider than the screen."""
    return (
        seen["console"] == []
        and set(seen["sources"]) <= {"file:", "data:"}
        and all(seen["widths"])
        and seen["overflow"] == 0
        and seen["ran"] is None
    )
