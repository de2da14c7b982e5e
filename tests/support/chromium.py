"""A real Chromium without a window, driven through its debugging pipe: no driver package is needed.

The browser is the one that POETRY_AIOPS_CHROMIUM names, else ``chromium`` or ``google-chrome`` of this machine. With
POETRY_AIOPS_INSTALL_CHROMIUM=1 a missing one is installed by apt-get, which takes an administrator. axe-core comes
from npm into ``.venvs/browser`` and is kept between runs.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock
from tests.support.poetries import FOLDER


if TYPE_CHECKING:
    from collections.abc import Iterator


NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
AXE = "axe-core@4.14.1"
_PATIENCE = 60.0
_LAUNCH = "import os,sys; os.dup2(int(sys.argv[1]),3); os.dup2(int(sys.argv[2]),4); os.execvp(sys.argv[3],sys.argv[3:])"
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--remote-debugging-pipe",
)
_KEYS = {
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    "Tab": (9, ""),
    "Home": (36, ""),
    "End": (35, ""),
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
    " ": (32, " "),
}


def chromium() -> Path | None:
    """Return the browser's program, installed first where that was asked for; None when there is none."""
    named = os.environ.get("POETRY_AIOPS_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and os.environ.get("POETRY_AIOPS_INSTALL_CHROMIUM") == "1":
        subprocess.run(["apt-get", "-o", "DPkg::Lock::Timeout=300", "update", "-q"], check=False, timeout=300)
        subprocess.run(
            [
                "apt-get",
                "-o",
                "DPkg::Lock::Timeout=300",
                "install",
                "-qy",
                "--no-install-recommends",
                "chromium",
            ],
            check=True,
            timeout=600,
        )
        found = shutil.which("chromium")
    return Path(found) if found else None


def npm_file(package: str, member: str) -> Path:
    """Return one file of an npm package, fetched on first use; npm checks its integrity.

    Raises FileNotFoundError without npm and CalledProcessError when the registry cannot be asked.
    """
    folder = FOLDER / "browser" / package.replace("/", "-")
    target = folder / Path(member).name
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not target.exists():
            npm = shutil.which("npm")
            if npm is None:
                raise FileNotFoundError("npm")
            with tempfile.TemporaryDirectory() as packed:
                command = [npm, "pack", package, "--silent", "--pack-destination", packed]
                subprocess.run(command, check=True, timeout=300, capture_output=True)
                with tarfile.open(next(Path(packed).glob("*.tgz"))) as archive:
                    found = archive.extractfile(f"package/{member}")
                    assert found is not None
                    target.write_bytes(found.read())
    return target


@dataclass(slots=True)
class Browser:
    """A running browser; every page is a fresh window of its own."""

    process: subprocess.Popen[bytes]
    to_browser: int
    from_browser: int
    last: int = 0
    rest: bytes = b""
    events: list[dict[str, Any]] = field(default_factory=list)

    def send(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Call one method of the protocol and return its result; events that arrive meanwhile are kept."""
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            answer = self._next()
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)
        raise TimeoutError(method)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.rest:
            read = os.read(self.from_browser, 1 << 20)
            if not read:
                raise RuntimeError("the browser has gone")
            self.rest += read
        message, _, self.rest = self.rest.partition(b"\0")
        parsed: dict[str, Any] = json.loads(message)
        return parsed

    def page(self, *, dark: bool = False, width: int = 1280, height: int = 800, still: bool = True) -> Page:
        """Open an empty window; ``still`` asks the page for reduced motion."""
        context = self.send("Target.createBrowserContext")["browserContextId"]
        target = self.send("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, target)
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.send(f"{domain}.enable")
        page.size(width, height)
        page.media(dark=dark, still=still)
        return page


@dataclass(slots=True)
class Page:
    """One window of the browser."""

    browser: Browser
    session: str
    target: str

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.browser.send(method, self.session, **parameters)

    def size(self, width: int, height: int) -> None:
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def media(self, *, dark: bool = False, still: bool = True, kind: str = "") -> None:
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"},
        ]
        self.send("Emulation.setEmulatedMedia", media=kind, features=features)

    def open(self, file: Path, fragment: str = "", drawn: str = "graph-drawn") -> None:
        """Load a file and wait until it says that it has drawn."""
        self.send("Page.navigate", url="about:blank")
        self.send("Page.navigate", url=f"{file.as_uri()}#{fragment}")
        self.wait(f"performance.getEntriesByName({json.dumps(drawn)}).length > 0")

    def run(self, script: str) -> Any:
        """Return the value of an expression, awaited when it is a promise; raises when it throws."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:600])
        return answer["result"].get("value")

    def wait(self, condition: str, seconds: float = 100.0) -> None:
        """Wait until a condition holds; raises TimeoutError with the condition."""
        deadline = time.monotonic() + seconds
        while not self.run(f"Boolean({condition})"):
            if time.monotonic() > deadline:
                raise TimeoutError(condition)
            time.sleep(0.02)

    def press(self, *keys: str) -> None:
        """Press keys one after another: names such as ``ArrowLeft``, ``Shift+Tab``, or single characters."""
        for key in keys:
            name = key.removeprefix("Shift+")
            shift = 8 if name != key else 0
            code, text = _KEYS.get(name, (ord(name.upper()[0]), name))
            event = {"key": name, "code": name, "windowsVirtualKeyCode": code, "modifiers": shift}
            self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **event)
            self.send("Input.dispatchKeyEvent", type="keyUp", **event)

    def type(self, text: str) -> None:
        self.send("Input.insertText", text=text)

    def click(self, x: float, y: float, *, times: int = 1) -> None:
        """Click with the left button at a place of the window."""
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for count in range(1, times + 1):
            for kind in ("mousePressed", "mouseReleased"):
                self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=count)

    def text(self, selector: str) -> str:
        return str(self.run(f"document.querySelector({json.dumps(selector)})?.textContent ?? ''"))

    def screenshot(self) -> bytes:
        """Return a PNG of the window."""
        return base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])

    def requests(self) -> list[str]:
        """Return the addresses of everything that this page asked for, but for files and blank pages."""
        return [
            event["params"]["request"]["url"]
            for event in self._events("Network.requestWillBeSent")
            if not event["params"]["request"]["url"].startswith(("file:", "about:"))
        ]

    def complaints(self) -> list[str]:
        """Return errors and warnings of scripts, of the console, and of the content security policy."""
        self.run("0")
        thrown = [json.dumps(event["params"])[:600] for event in self._events("Runtime.exceptionThrown")]
        written = [
            json.dumps(event["params"]["args"])[:600]
            for event in self._events("Runtime.consoleAPICalled")
            if event["params"]["type"] in {"error", "warning", "assert"}
        ]
        logged = [
            event["params"]["entry"]["text"]
            for event in self._events("Log.entryAdded")
            if event["params"]["entry"]["level"] in {"error", "warning"}
        ]
        return [*thrown, *written, *logged]

    def close(self) -> None:
        self.browser.send("Target.closeTarget", targetId=self.target)

    def _events(self, method: str) -> list[dict[str, Any]]:
        return [
            event
            for event in self.browser.events
            if event.get("sessionId") == self.session and event.get("method") == method
        ]


@contextmanager
def running(program: Path) -> Iterator[Browser]:
    """Run a browser with a profile of its own and end it afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        command = [sys.executable, "-c", _LAUNCH, str(theirs_in), str(theirs_out), str(program)]
        process = subprocess.Popen(
            [*command, *_OPTIONS, f"--user-data-dir={profile}"],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            yield Browser(process, ours_out, ours_in)
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            os.close(ours_out)
            os.close(ours_in)
