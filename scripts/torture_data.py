"""Small made-up files of every layout, for scripts/torture.py, and the settings of a run on each."""

from pathlib import Path

import numpy as np
import pandas as pd

FEW = ("data.input_steps=12", "data.horizon_steps=2")
STORED = {
    "sequences": ("data=sequences", "data.path={made}/sequences.npz", "model=bigru", "model.pooling=max"),
    "sequences_number": ("data=sequences", "data.path={made}/number.npz", "task=regression", "model=gru"),
    "sequences_labels": (
        *("data=sequences", "data.path={made}/steps.csv", "data.label=[hot,wet]", "data.features=[a,b]"),
        *("task=multilabel", "model=lstm"),
    ),
    "sequences_tags": (
        *("data=sequences", "data.path={made}/steps.csv", "data.label=state", "data.features=[a,b]"),
        *("task=tagging", "model=bigru"),
    ),
    "tagged": ("data=tagged", "data.path={made}/tokens.conll", "model=bilstm"),
    "panel": (
        *("data=series_csv", "data.path={made}/panel.csv", "data.time=day", "data.targets=[sold]"),
        *("data.series_id=store", "data.scaling=series", "model=lstm", *FEW),
    ),
    "monthly": (
        *("data=series_csv", "data.path={made}/months.csv", "data.time=month", "data.targets=[sold]"),
        *("model=gru", *FEW),
    ),
    "parquet": (
        *("data=series_csv", "data.path={made}/hours.parquet", "data.time=when", "data.targets=[load]"),
        *("data.fill_gaps=2", "model=lstm", *FEW),
    ),
    "stateful": (
        *("data=series_csv", "data.path={made}/hours.parquet", "data.time=when", "data.targets=[load]"),
        *("data.fill_gaps=2", "data.stateful=true", "data.batch_size=4", "model=gru", *FEW),
    ),
    "folder": ("data=text_csv", "data.path={made}/folder", "model=bigru"),
    "texts_number": ("data=text_csv", "data.path={made}/stars.csv", "task=regression", "model=gru"),
    "texts_labels": (
        *("data=text_csv", "data.path={made}/comments.csv", "data.label=[rude,threat]", "task=multilabel"),
        "model=bilstm",
    ),
    "language_model": (
        *("data=text_file", "data.path={made}/text.txt", "data.steps=8", "data.batch_size=8", "model=lstm"),
        *("model.weight_drop=0.2", "model.dropout_each=sequence", "optimizer=sgd", "optimizer.lr=20.0"),
        *("scheduler=none", "callbacks.average_after=1"),
    ),
    "unfreezing": (
        *("data=text_file", "data.path={made}/text.txt", "data.steps=8", "data.batch_size=8", "model=gru"),
        *("model.num_layers=2", "callbacks.unfreeze_every=1", "optimizer.depth_factor=0.5"),
    ),
}
"""The settings of a run on each layout; its file is in the folder ``made``."""
WORDS = ["one", "of", "some", "few", "words", "that", "are", "made", "up", "and", "mean", "no", "more"]


def write(folder: Path) -> None:
    """Write the files of all layouts."""
    random = np.random.default_rng(0)
    x, lengths = random.normal(size=(1500, 20, 3)), random.integers(5, 21, 1500)
    np.savez(folder / "sequences.npz", x=x, lengths=lengths, y=random.integers(0, 4, 1500))
    np.savez(folder / "number.npz", x=x, lengths=lengths, y=x[:, :5, 0].sum(1))
    _write_steps(folder / "steps.csv", random)
    _write_series(folder, random)
    _write_texts(folder, random)


def _write_steps(path: Path, random: np.random.Generator) -> None:
    ids = np.repeat(np.arange(500), random.integers(5, 15, 500))
    table = pd.DataFrame({"id": ids, "a": random.normal(size=len(ids)), "b": random.normal(size=len(ids))})
    table["hot"], table["wet"] = (random.integers(0, 2, 500)[ids] for _ in range(2))
    table["state"] = np.where(table["a"] > table["b"], "up", "down")
    table.to_csv(path, index=False)


def _write_series(folder: Path, random: np.random.Generator) -> None:
    days = pd.date_range("2020-01-01", periods=300)
    stores = [pd.DataFrame({"store": name, "day": days, "sold": random.normal(size=300)}) for name in "ABC"]
    pd.concat(stores).to_csv(folder / "panel.csv", index=False)
    months = pd.date_range("1900-01-01", periods=1400, freq="MS")
    pd.DataFrame({"month": months.strftime("%Y-%m"), "sold": random.normal(size=1400)}).to_csv(
        folder / "months.csv", index=False
    )
    hours = pd.date_range("2020-01-01", periods=1500, freq="h")
    table = pd.DataFrame({"when": hours, "load": random.normal(size=1500), "wind": random.normal(size=1500)})
    table.loc[::40, "wind"] = np.nan
    table.to_parquet(folder / "hours.parquet")


def _write_texts(folder: Path, random: np.random.Generator) -> None:
    texts = [" ".join(random.choice(WORDS, size)) for size in random.integers(3, 15, 1500)]
    table = pd.DataFrame({"text": texts, "label": random.normal(size=1500).round(3)})
    table.to_csv(folder / "stars.csv", index=False)
    labels = {name: random.integers(0, 2, 1500) for name in ("rude", "threat")}
    table[["text"]].assign(**labels).to_csv(folder / "comments.csv", index=False)
    tagged = ["\n".join(f"{word} {word[0].upper()}" for word in text.split()) for text in texts]
    (folder / "text.txt").write_text(".\n".join(texts))
    (folder / "tokens.conll").write_text("\n\n".join(tagged) + "\n")
    for number, text in enumerate(texts[:600]):
        file = folder / "folder" / ("even" if len(text) % 2 == 0 else "odd") / f"{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
