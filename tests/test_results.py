"""scripts/results.py: which runs count, the interval by scipy, what is trained again and what is not."""

import importlib
import json
import statistics
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from scipy import stats

from seqlab import Score

ROOT = Path(__file__).parents[1]


@pytest.fixture
def script(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    made = importlib.import_module("results")
    monkeypatch.setattr(made, "PAGE", tmp_path / "results.md")
    monkeypatch.setattr(made, "KEPT", tmp_path / "results.json")
    return made


def as_config(settings):
    """Return settings as config.yaml has them."""
    found = {}
    for name, value in settings.items():
        group, _, key = name.rpartition(".")
        (found.setdefault(group, {}) if group else found)[key] = value
    return found


@pytest.fixture
def leave(tmp_path, script):
    """Return what leaves a finished run of a preset."""

    def run(name, seed=0, score=0.75, *settings, source="real", seconds=60.0, status="done"):
        folder = tmp_path / "runs" / name / f"{seed}-{len(list(tmp_path.rglob('run.json')))}"
        folder.mkdir(parents=True)
        settings_of_preset = script.settings_of(name) if name in script.presets() else {}
        (folder / "config.yaml").write_text(yaml.safe_dump(as_config(settings_of_preset) | {"seed": seed}))
        known = Score("accuracy", label="accuracy", unit="share of samples")
        record = {"status": status, "seed": seed, "seconds": seconds, "ended": "2026-11-29T18:44:14+00:00"}
        record |= {"overrides": [f"experiment={name}", f"seed={seed}", "paths.output_dir=x", *settings]}
        sizes = {"train": 9000, "test": 90}
        data = {"name": "names", "source": source, "path": "a/names.zip", "sizes": sizes}
        record |= {"data": data, "platform": "Linux", "device": "cpu"}
        record |= {"task": {"monitor": "val/accuracy", "scores": [asdict(known)], "galleries": []}}
        record |= {"metrics": {"test/accuracy": score}, "versions": {"seqlab": "0.1.0"}}
        record |= {
            "baselines": {"majority": {"test/accuracy": 0.5177}, "char_ngrams": {"test/accuracy": 0.84}}
        }
        (folder / "run.json").write_text(json.dumps(record))
        return folder

    return run


def test_a_preset_has_the_mean_of_its_seeds_and_the_t_interval(script, leave, tmp_path):
    scores = [0.79, 0.8, 0.82, 0.8, 0.81]
    for seed, score in enumerate(scores):
        leave("names_quick", seed, score)
    leave("names_best", 0, 0.9)
    assert script.main([str(tmp_path / "runs")]) == 0
    text = (tmp_path / "results.md").read_text()
    mean, error = statistics.fmean(scores), stats.sem(scores)
    low, high = stats.t.interval(0.95, len(scores) - 1, mean, error)
    first, second = (line for line in text.splitlines() if line.startswith("| `"))
    beside, found = "majority 0.5177, char_ngrams 0.8400", f"{mean:.4f} ± {(high - low) / 2:.4f}"
    assert first == f"| `seqlab train experiment=names_best` | 0.9000 | {beside} | 1 of 5 | 1.0 |"
    assert second == f"| `seqlab train experiment=names_quick` | {found} | {beside} | 5 | 1.0 |"
    assert "## names: accuracy, share of samples, higher is better" in text
    assert "(2026-11-29; Linux, cpu; seqlab 0.1.0; names.zip, 9,000 training and 90 test samples.)" in text
    missing = text[text.index("```sh") :].splitlines()
    assert "seqlab train experiment=names_best" in missing
    assert "seqlab train experiment=names_quick" not in missing


def test_only_finished_runs_with_the_presets_own_settings_on_real_data_count(script, leave, tmp_path):
    leave("names_quick", 0, 0.1, source="sample")
    leave("names_quick", 1, 0.1, "trainer.max_epochs=1")
    leave("names_quick", 2, 0.1, status="interrupted")
    leave("no_preset", 0)
    leave("names_quick", 3, 0.8, "data.root=../data", "verbosity=quiet")
    for old, new in (("hidden_size: 64", "hidden_size: 32"), ("cell: gru", "cell: lstm")):
        config = leave("names_quick", 4) / "config.yaml"  # of a preset that has changed since
        assert old in config.read_text()
        config.write_text(config.read_text().replace(old, new))
    found = script.measured(tmp_path / "runs")
    assert {name: list(runs) for name, runs in found.items()} == {"names_quick": [3]}


def test_what_is_missing_is_trained_in_turn_and_what_is_done_is_not(script, leave, tmp_path, monkeypatch):
    trained = []

    def run(command, **_):
        given = dict(word.split("=", 1) for word in command if "=" in word)
        assert given["resume"] == "auto"
        trained.append((given["experiment"], int(given["seed"]), given.get("init_from")))
        seconds = 601.0 if given["experiment"] == "shopping_finetuned" else 1.0
        leave(given["experiment"], int(given["seed"]), seconds=seconds)

    monkeypatch.setattr(script.subprocess, "run", run)
    begun = {seed: leave("shopping_language_model", seed) for seed in range(2)}
    leave("names_quick", 1)
    given = [str(tmp_path / "runs"), "--run", "--only", "names_quick", "shopping_finetuned"]
    assert script.main(given) == 0
    expected = [("names_quick", 0, None), ("shopping_finetuned", 0, str(begun[0]))]
    expected += [("shopping_finetuned", 1, str(begun[1])), ("names_quick", 2, None)]
    expected += [("shopping_language_model", 2, None)]  # with which the third seed begins
    (third,) = (tmp_path / "runs/shopping_language_model").glob("2-*")
    expected += [("shopping_finetuned", 2, str(third)), *(("names_quick", seed, None) for seed in (3, 4))]
    assert trained == expected
    script.main(given)
    assert trained == expected
    assert "3" in script.page(script.measured(tmp_path / "runs"))


def test_what_was_measured_is_kept_until_its_preset_changes(script, leave, tmp_path, monkeypatch):
    for seed in range(3):
        leave("names_quick", seed, 0.7)
        leave("names_best", seed, 0.8)
    script.main([str(tmp_path / "runs")])
    first = (tmp_path / "results.md").read_text()
    script.main([str(tmp_path / "elsewhere")])
    assert (tmp_path / "results.md").read_text() == first
    (tmp_path / "more").mkdir()
    leave("names_quick", 3, 0.9).rename(tmp_path / "more/run")
    script.main([str(tmp_path / "more")])
    assert "0.7500" in (tmp_path / "results.md").read_text()  # of four seeds
    said = script.said
    changed = {"names_quick": {"model.hidden_size": 1}}
    monkeypatch.setattr(script, "said", lambda preset: said(preset) | changed.get(preset, {}))
    found = script.measured(tmp_path / "elsewhere")
    assert {name: list(results) for name, results in found.items()} == {"names_best": [0, 1, 2]}


def test_what_a_preset_says_holds_what_it_begins_from(script):
    found = script.said("shakespeare_best")
    assert found["/model"] == "gru"
    assert found["optimizer.betas"] == [0.9, 0.99]  # of shakespeare_quick
    assert found["model.hidden_size"] == 1024
    assert script.said("names_torch_lstm")["engine"] == "torch"
    assert all(map(script.said, script.presets()))


def test_a_preset_that_is_none_is_answered(script, capsys, tmp_path):
    assert script.main([str(tmp_path), "--only", "names_quik"]) == 2
    assert "no presets: names_quik; there are: adding_gru, " in capsys.readouterr().err


def test_what_is_not_measured_is_named_with_its_command(script, tmp_path):
    script.main([str(tmp_path)])
    text = (tmp_path / "results.md").read_text()
    for file in (ROOT / "conf/experiment").glob("*.yaml"):
        is_sweep = "override /sweep" in file.read_text(encoding="utf-8")
        assert (f"\nseqlab train experiment={file.stem}" in text) != is_sweep
    command = (
        "experiment=japanese_vowels data.path=JapaneseVowels_TRAIN.ts data.test_path=JapaneseVowels_TEST.ts"
    )
    assert f"seqlab train {command}\n" in text


def test_several_targets_of_a_file_have_tables_of_their_own(script, leave, tmp_path):
    for preset in ("shopping_best", "shopping_sentiment_best"):
        leave(preset)
    script.main([str(tmp_path / "runs")])
    lines = (tmp_path / "results.md").read_text().splitlines()
    score = "accuracy, share of samples, higher is better"
    assert [line for line in lines if line.startswith("## ")][:2] == [
        f"## names, sentiment: {score}",
        f"## names: {score}",
    ]
