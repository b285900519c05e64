"""Pages as a real browser shows them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from support.running import PATIENCE

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
in_browser = pytest.mark.skipif(BROWSER is None, reason="there is no chromium to look with")

# Runs behind the page's own script, when all pictures are loaded, and leaves what it found.
PROBE = """
<script>
addEventListener("load", async () => {
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
  const text = document.createElement("pre");
  text.id = "probe";
  text.textContent = JSON.stringify({
    found,
    rows: document.querySelectorAll("tbody tr").length,
    widths: images.map(image => image.naturalWidth),
    ran: window.ran ?? null,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    back: getComputedStyle(document.body).backgroundColor,
    sources: performance.getEntriesByType("resource").map(entry => new URL(entry.name).protocol),
  });
  document.body.append(text);
});
</script>
"""


def look(path: Path, action: str = "", hash: str = "", *options: str) -> dict[str, Any]:
    """Open a page, do something there, and tell what is to be seen."""
    assert BROWSER
    probe = path.with_name("probe.html")
    probe.write_text(path.read_text(encoding="utf-8") + PROBE.replace("ACTION", action), "utf-8")
    done = subprocess.run(
        [
            BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={path.parent / '.browser'}", "--enable-logging=stderr",
            "--virtual-time-budget=20000", "--dump-dom", *options, probe.as_uri() + hash,
        ],
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    probe.unlink()
    shutil.rmtree(path.parent / ".browser", ignore_errors=True)
    seen = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.DOTALL)
    assert seen, done.stdout + done.stderr
    decoder = HTMLParser()
    text: list[str] = []
    decoder.handle_data = text.append  # type: ignore[method-assign]
    decoder.feed(seen[1])
    decoder.close()
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    loaded: dict[str, Any] = json.loads("".join(text))
    return {**loaded, "console": console}


def clean(seen: Mapping[str, Any]) -> bool:
    """No error, nothing from the network, every picture decoded, no wider than the screen."""
    return (
        seen["console"] == []
        and set(seen["sources"]) <= {"file:", "data:"}
        and all(seen["widths"])
        and seen["overflow"] == 0
        and seen["ran"] is None
    )
