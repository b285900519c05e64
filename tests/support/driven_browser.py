"""A browser that a test drives: pages are opened, clicked in, typed into, and looked at.

Chromium speaks its DevTools protocol through a pipe, so no other program and no port is needed.
"""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from support.browsers import BROWSER
from support.running import PATIENCE

_KEYS = {"Enter": ("\r", 13), "Escape": ("", 27), "Tab": ("", 9), " ": (" ", 32)}


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser that keeps its files in a folder."""
    one = Browser(folder)
    try:
        yield one
    finally:
        one.close()


class Browser:
    def __init__(self, folder: Path) -> None:
        assert BROWSER
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        self._process = subprocess.Popen(
            [
                BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                f"--user-data-dir={folder}", "--remote-debugging-pipe", "about:blank",
            ],
            preexec_fn=lambda: _as_3_and_4(theirs_in, theirs_out), pass_fds=(3, 4),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        self._rest = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def close(self) -> None:
        with suppress(Exception):
            self.call("Browser.close")
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()
        os.close(self._out)
        os.close(self._in)

    def call(self, method: str, session: str = "", **values: Any) -> dict[str, Any]:
        """A command of the protocol, and its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": values}
        text = json.dumps(message | ({"sessionId": session} if session else {}))
        os.write(self._out, text.encode() + b"\0")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            answer = self._receive(end)
            if answer.get("id") == self._number:
                if method.startswith("Input.") and "navigated" in str(answer.get("error")):
                    return {}  # a click has led to another page
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)
        raise AssertionError(f"the browser does not answer to {method}")

    def _receive(self, end: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(0.0, end - time.monotonic()))
            piece = os.read(self._in, 1 << 20) if ready else b""
            assert piece, "the browser has ended, or does not answer"
            self._rest += piece
        text, _, self._rest = self._rest.partition(b"\0")
        answer: dict[str, Any] = json.loads(text)
        return answer

    def download_to(self, folder: Path) -> None:
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))

    def open(self, address: str, width: int = 1280, height: int = 800, dark: bool = False) -> Page:
        """A page in a tab of its own, ready."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        page.resize(width, height)
        page.dark(dark)
        page.go(address)
        return page


class Page:
    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session

    def call(self, method: str, **values: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **values)

    def go(self, address: str) -> None:
        self.call("Page.navigate", url=address)
        self.wait("document.readyState === 'complete'")

    def resize(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    def dark(self, dark: bool = True) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def get(self, expression: str) -> Any:
        """The value of an expression in the page."""
        done = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until an expression is true, also while the page is loaded again."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with suppress(AssertionError):
                if self.get(condition):
                    return
            time.sleep(0.05)
        raise AssertionError(f"never true: {condition}; {self.get('document.body.innerText')}")

    def click(self, selector: str, text: str = "") -> None:
        """Click on the middle of the first element that is to be seen and has this text."""
        x, y = self.get(
            f"""(() => {{
              const one = Array.from(document.querySelectorAll({json.dumps(selector)})).find(one =>
                one.textContent.includes({json.dumps(text)}) && one.checkVisibility());
              one.scrollIntoView({{ block: "nearest", inline: "nearest" }});
              const box = one.getClientRects()[0];
              return [box.x + box.width / 2, box.y + box.height / 2];
            }})()"""
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, text: str) -> None:
        """Type into the element that has the focus."""
        self.call("Input.insertText", text=text)

    def press(self, key: str, shift: bool = False) -> None:
        text, code = _KEYS[key]
        common = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code}
        modifiers = 8 if shift else 0
        self.call(
            "Input.dispatchKeyEvent", type="keyDown", text=text, modifiers=modifiers, **common
        )
        self.call("Input.dispatchKeyEvent", type="keyUp", modifiers=modifiers, **common)

    def faults(self) -> list[str]:
        """Errors of scripts and of the console, so far."""
        return [
            json.dumps(one["params"])
            for one in self._browser.events
            if one.get("sessionId") == self._session
            and (
                one["method"] == "Runtime.exceptionThrown"
                or (
                    one["method"] == "Log.entryAdded" and one["params"]["entry"]["level"] == "error"
                )
            )
        ]

    def picture(self, path: Path, whole: bool = False) -> None:
        self.call("Page.bringToFront")
        done = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(done["data"]))

    def print(self, path: Path) -> None:
        done = self.call("Page.printToPDF", landscape=True)
        path.write_bytes(base64.b64decode(done["data"]))

    def close(self) -> None:
        self.call("Page.close")


def _as_3_and_4(theirs_in: int, theirs_out: int) -> None:
    high = os.dup2(theirs_in, 103), os.dup2(theirs_out, 104)
    os.dup2(high[0], 3)
    os.dup2(high[1], 4)
