"""A browser that clicks through pages: headless Chromium, spoken to through its DevTools pipe, offline."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

AXE = "SEQLAB_AXE"
"""Environment variable with the path of axe-core's axe.min.js: ``npm install axe-core`` brings it."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE = 60
"""Seconds until an answer, or what is waited for, must have come."""


class Browser:
    """A page in Chromium. Everything that it complains of is in ``complaints``."""

    def __init__(self, program: str, profile: Path) -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        theirs, self._to = os.pipe()
        self._from, answers = os.pipe()
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--window-size=1280,1000",
            f"--user-data-dir={profile}",
            "--remote-debugging-pipe",
        ]
        # Chromium reads commands from descriptor 3 and answers on 4.
        line = f'exec 3<&{theirs} 4>&{answers}; exec "$@"'
        self._process = subprocess.Popen(
            ["bash", "-c", line, "bash", program, *options],
            pass_fds=(theirs, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(answers)
        self._number, self._rest, self._session = 0, b"", None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call(
            "Network.emulateNetworkConditions",
            offline=True,
            latency=0,
            downloadThroughput=0,
            uploadThroughput=0,
        )

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command; return its result, and note what events come before it."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self._note(answer.get("method", ""), answer.get("params", {}))
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, address: str) -> None:
        """Load a page anew, and forget what the one before complained of."""
        self.call("Page.navigate", url="about:blank")
        self.complaints.clear()
        self.requests.clear()
        self.call("Page.navigate", url=address)
        self.wait("document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, expression: str) -> None:
        end = time.monotonic() + PATIENCE
        while not self.evaluate(expression):
            assert time.monotonic() < end, f"waited in vain for {expression}"
            time.sleep(0.05)

    def click(self, selector: str) -> None:
        """Click with the mouse on the middle of what is seen of an element."""
        place = self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block:"
            "'center'}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]"
            "; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1
            )

    def choose(self, selector: str, value: str) -> None:
        """Take an option of a choice box."""
        self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.value = "
            f"{json.dumps(value)}; e.dispatchEvent(new Event('change', {{bubbles: true}})); }})()"
        )

    def scheme(self, name: str) -> None:
        """Ask for a light or a dark page; an empty name asks for neither."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def barriers(self, axe: str) -> list[str]:
        """Return what axe-core finds serious or critical in what is shown: rule, place and reason.

        Args:
            axe: the source of axe-core.
        """
        self.evaluate(f"window.axe || (() => {{ {axe} }})(); window.found = null; 0")
        self.evaluate("axe.run({resultTypes: ['violations']}).then((all) => { window.found = all; }); 0")
        self.wait("window.found !== null")
        found = self.evaluate("window.found.violations")
        return [
            f"{rule['id']}: {node['target']}: {node['failureSummary']}"
            for rule in found
            if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"]
        ]

    def screenshot(self, file: Path) -> None:
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        file.write_bytes(base64.b64decode(shot))

    def close(self) -> None:
        os.close(self._to)
        os.close(self._from)
        self._process.terminate()
        self._process.wait(PATIENCE)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            read = os.read(self._from, 2**16)
            assert read, "Chromium has ended"
            self._rest += read
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def _note(self, method: str, parameters: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(parameters["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.complaints.append(json.dumps(parameters["args"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.complaints.append(parameters["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser, or skip where there is none."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"needs a browser to click with: none of {', '.join(NAMES)} is on PATH")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        found = Browser(program, Path(profile))
        yield found
        found.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """Return the source of axe-core, which finds barriers for people, or skip where there is none."""
    file = Path(os.environ.get(AXE, "axe.min.js"))
    if not file.is_file():
        pytest.skip(f"needs axe-core: {AXE} names no axe.min.js, which npm install axe-core brings")
    return file.read_text(encoding="utf-8")
