"""Runs to report on, written as training leaves them; and a browser that clicks through a report.

The browser is headless Chromium, spoken to through its DevTools pipe, without a network.
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from seqlab.comparison.groups import Benchmark, compare
from seqlab.comparison.runs import read_runs

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE = 60
"""Seconds until an answer, or what is waited for, must have come."""


NUMBER = count()
TARGETS = ("T (degC)", "p (mbar)")
HOURS = (1.0, 2.0, 3.0, 4.0)


def write_run(
    root: Path,
    name: str,
    *,
    seed: int = 0,
    accuracy: float | None = None,
    status: str = "done",
    classes: Sequence[str] = ("cat", "dog", "owl"),
    optimizer: dict[str, Any] | None = None,
    **changes: Any,
) -> Path:
    """Leave a folder as a classification run does; its answers, scores and curves are drawn from its number.

    Args:
        root: the folder to report on.
        name: of the run's folder, below which it gets one of its own.
        seed: of the run.
        accuracy: in place of that of its answers.
        status: its state.
        classes: what there is to tell apart.
        optimizer: settings.
        changes: to the record; ``model``, ``trainer`` and ``data_settings`` are added to the settings.
    """
    number = next(NUMBER)
    random = np.random.default_rng(number)
    folder = root / name / f"2026-01-01_00-00-00-{number:06x}"
    folder.mkdir(parents=True)
    model = {"cell": "lstm", "hidden_size": 128} | changes.pop("model", {})
    settings = {"seed": seed, "model": model, "data": {"name": "names"} | changes.pop("data_settings", {})}
    settings |= {"optimizer": optimizer or {"name": "adamw", "lr": 0.004}}
    settings |= {"trainer": {"max_epochs": 3, "accelerator": "auto"} | changes.pop("trainer", {})}
    (folder / "config.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    true = random.integers(0, len(classes), 80)
    guess = np.where(random.random(80) < 0.6, true, random.integers(0, len(classes), 80))
    scores = {"test/accuracy": float((true == guess).mean()) if accuracy is None else accuracy}
    scores |= {f"test/{name}_macro": float(random.random()) for name in ("precision", "recall", "f1")}
    scores |= {"val/accuracy": float(random.random())}
    record = {"status": status, "cell": model["cell"], "seed": seed, "parameters": 1000, "engine": "native"}
    record |= {"data": {"name": "names", "source": "real", "classes": list(classes), "series": None}}
    record |= {"started": f"2026-01-01T00:00:{number % 60:02}+00:00"}
    if status == "done":
        record |= {"metrics": scores, "seconds": float(number), "epochs": 3}
        record |= {"baselines": {"majority": {"test/accuracy": 0.4, "test/f1_macro": 0.1}}}
        names = np.array(classes, dtype=object)
        answers = {"text": "a text", "true": names[true], "predicted": names[guess], "probability": 0.5}
        pd.DataFrame(answers).to_csv(folder / "predictions.csv", index=False)
        pd.DataFrame({"class": names, "title": names}).to_csv(folder / "classes.csv", index=False)
    (folder / "run.json").write_text(json.dumps(record | changes), encoding="utf-8")
    write_history(folder, random, ("loss", "accuracy", "f1_macro"))
    return folder


def write_history(folder: Path, random: np.random.Generator, scores: Sequence[str], epochs: int = 3) -> None:
    lines = []
    for epoch in range(epochs):
        lines.append({"step": epoch * 20, "step/loss": 1.0})
        for stage in ("val", "train"):
            values = {f"{stage}/{score}": random.random() for score in scores}
            lines.append({"step": epoch * 20 + 9, "epoch": epoch} | values)
    (folder / "metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def write_forecast(root: Path, name: str, *, seed: int = 0, windows: int = 20, **changes: Any) -> Path:
    """Leave a folder as a forecasting run of two targets does."""
    record = {"data": {"name": "jena", "source": "sample", "series": {"targets": TARGETS}}}
    record |= {"metrics": {"test/mae": 2.0 + seed, "test/median_ae": 1.5, "test/rmse": 3.0, "val/mae": 1.0}}
    record |= {"baselines": {"persistence": {"test/mae": 2.5, "test/median_ae": 2.0, "test/rmse": 3.5}}}
    data = {"name": "jena", "targets": list(TARGETS)}
    folder = write_run(root, name, seed=seed, data_settings=data, **(record | changes))
    random = np.random.default_rng(next(NUMBER))
    times = pd.date_range("2026-01-01", periods=windows, freq="h").astype(str)
    keys = pd.MultiIndex.from_product([TARGETS, times, HOURS], names=["target", "after", "hours_ahead"])
    frame = pd.DataFrame(random.normal(size=(len(keys), 2)), index=keys, columns=["true", "predicted"])
    frame.reset_index().to_csv(folder / "predictions.csv", index=False)
    keys = pd.MultiIndex.from_product(
        [["model", "persistence"], TARGETS, HOURS], names=["forecast", "target", "hours_ahead"]
    )
    errors = pd.DataFrame(random.random((len(keys), 4)), keys, ["mae", "median_ae", "rmse", "bias"])
    errors.reset_index().to_csv(folder / "errors_by_step.csv", index=False)
    write_history(folder, random, ("loss", "mae"))
    return folder


@pytest.fixture(scope="module")
def leave() -> SimpleNamespace:
    """Return what leaves runs below a folder: write_run and write_forecast."""
    return SimpleNamespace(classification=write_run, forecast=write_forecast)


@pytest.fixture
def classify(tmp_path: Path) -> Callable[..., Path]:
    """Return what leaves a classification run below tmp_path/out; see write_run."""
    return lambda name, **changes: write_run(tmp_path / "out", name, **changes)


@pytest.fixture
def forecast(tmp_path: Path) -> Callable[..., Path]:
    """Return what leaves a forecasting run below tmp_path/out; see write_forecast."""
    return lambda name, **changes: write_forecast(tmp_path / "out", name, **changes)


@pytest.fixture
def benchmark(tmp_path: Path) -> Callable[..., Benchmark]:
    """Return what reads the only benchmark below tmp_path/out."""

    def read(**options: bool) -> Benchmark:
        (found,), _ = compare(read_runs(tmp_path / "out"), **options)
        return found

    return read


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
