"""Series with more than past values: what is known ahead, gaps that are told, states that are carried."""

import json

import numpy as np
import pandas as pd
import pytest

COUNT, ASKED = 260, 3
SMALL = (
    *("data=series_csv", "data.path=a.csv", "data.targets=[a]", "data.input_steps=8", "model.hidden_size=8"),
    *(f"data.horizon_steps={ASKED}", "trainer.max_epochs=1", "callbacks=none"),
)
KNOWN = "data.known=[price]"
VARIANTS = {
    "known ahead": ("model=gru", KNOWN, "data.features=[b]"),
    "any times": ("model=ltc", "data.side_inputs.dt=diff:time", "data.fill_gaps=9"),
    "gaps": ("model=gru_d", "data.side_inputs.mask=mask", "data.step_minutes=60", "model.bidirectional=true"),
    "stateful": ("model=lstm", "data.stateful=true", "data.batch_size=2", "data.features=[price]"),
}
VARIANTS |= {f"{variant}, known ahead": (*VARIANTS[variant], KNOWN) for variant in ("any times", "gaps")}


def frame():
    """Return the rows of some hours."""
    random = np.random.default_rng(0)
    numbers = random.normal(size=(COUNT, 3)).round(3)
    hours = pd.date_range("2020-01-01", periods=COUNT, freq="h")
    return pd.DataFrame({"time": hours.astype(str), **dict(zip(("a", "b", "price"), numbers.T, strict=True))})


def given(variant):
    """Return them as a variant wants them: with gaps, or at any minute."""
    found = frame()
    if variant.startswith(("any times", "gaps")):
        found.loc[::9, "b"] = np.nan
        found = found.drop(index=range(5, COUNT - 20, 11))
    if variant.startswith("any times"):
        minutes = pd.to_timedelta(np.random.default_rng(1).integers(0, 60, len(found)), "min")
        found["time"] = (pd.to_datetime(found["time"]) + minutes).astype(str)
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_run_and_its_export_forecast_the_same(trained, command, variant):
    table = given(variant)
    run = trained(*SMALL, *VARIANTS[variant], **{"a.csv": table.to_csv(index=False)})
    table[:-ASKED].to_csv("latest.csv", index=False)
    table[-ASKED:].to_csv("future.csv", index=False)
    known = ("--known", "future.csv") if KNOWN in VARIANTS[variant] else ()
    asked = ("--file", "latest.csv", *known, "--json")
    code, out, _ = command("predict", run, *asked)
    assert code == 0
    assert command("export", run, "--to", "onnx", "--out", "a.onnx")[0] == 0
    code, exported, _ = command("predict", "a.onnx", *asked)
    assert code == 0
    forecasts, others = ([row["values"]["a"] for row in json.loads(text)] for text in (out, exported))
    assert len(forecasts) == ASKED
    assert forecasts == pytest.approx(others, abs=1e-5)


@pytest.mark.parametrize("variant", ["known ahead", "any times, known ahead", "gaps, known ahead"])
def test_only_what_is_known_ahead_changes_a_forecast(trained, command, variant):
    table = given(variant)
    run = trained(*SMALL, *VARIANTS[variant], **{"a.csv": table.to_csv(index=False)})
    table[:-ASKED].to_csv("latest.csv", index=False)
    future = table[-ASKED:]
    found = []
    for number, one in enumerate((future, future.assign(a=1e3, b=1e3), future.assign(price=9.0))):
        one.to_csv(f"{number}.csv", index=False)
        code, out, _ = command("predict", run, "--file", "latest.csv", "--known", f"{number}.csv")
        assert code == 0
        found.append(out)
    assert found[0] == found[1] != found[2]
    for tool in ("predict", "explain"):
        code, _, err = command(tool, run, "--file", "latest.csv")
        assert (code, "reads price of the 3 steps ahead: give them with --known FILE" in err) == (2, True)
    assert command("explain", run, "--file", "latest.csv", "--known", "0.csv")[0] == 0


def test_what_nobody_reads_ahead_is_refused(trained, command):
    run = trained(*SMALL, *VARIANTS["stateful"], **{"a.csv": frame().to_csv(index=False)})
    code, _, err = command("predict", run, "--file", "a.csv", "--known", "a.csv")
    assert (code, "--known is for runs with data.known" in err) == (2, True)
