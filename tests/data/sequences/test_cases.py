"""Files as the archives and people have them, read as pandas and numpy read them."""

import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seqlab.data import Sequences

RANDOM = np.random.default_rng(1)
SPEED = {"0": 0.15, "1": 0.45}


def rows(folder: Path) -> Path:
    """Write rows of equal length, the label last as a fraction; return the file."""
    waves = [np.sin(SPEED[name] * np.arange(40)) + RANDOM.normal(0, 0.05, 40) for name in "01" * 30]
    lines = [",".join([*(f"{value:.4f}" for value in wave), f"{n % 2}.0"]) for n, wave in enumerate(waves)]
    (folder / "rows.csv").write_text("\n".join(lines) + "\n")
    return folder / "rows.csv"


def rows_of_the_archive(folder: Path) -> Path:
    """Write the same as the UCR archive does: the label first, tabs, NaN behind the shorter ones."""
    table = pd.read_csv(rows(folder), header=None)
    table.iloc[1::4, 30:40] = np.nan
    table = table[[40, *range(40)]].astype({40: int})
    table.to_csv(folder / "rows.tsv", sep="\t", header=False, index=False, na_rep="NaN", float_format="%.4f")
    return folder / "rows.tsv"


def long(folder: Path) -> Path:
    """Write steps of walks as rows, each with the id of its walk."""
    found = []
    for number in range(20):
        steps = np.arange(28 + number % 7)
        speed = 0.2 if number % 2 else 0.4
        found.append(
            pd.DataFrame(
                {
                    "id": number,
                    "t": steps,
                    "ax": np.sin(speed * steps).round(3),
                    "ay": np.cos(0.2 * steps).round(3),
                    "activity": "sit" if number % 2 else "walk",
                }
            )
        )
    pd.concat(found).to_csv(folder / "long.csv", index=False)
    return folder / "long.csv"


def archive(folder: Path) -> Path:
    """Write two channels of different lengths as the UEA archive does."""
    lines = [
        "@problemName made_up",
        "@timeStamps false",
        "@univariate false",
        "@classLabel true a b",
        "@data",
    ]
    for number in range(20):
        steps = np.arange(12 + number % 5)
        channels = (np.sin((0.2 + 0.2 * (number % 2)) * steps), np.cos(0.2 * steps))
        lines.append(
            ":".join([*(",".join(f"{v:.3f}" for v in channel) for channel in channels), "ab"[number % 2]])
        )
    (folder / "made_up.ts").write_text("\n".join(lines) + "\n")
    return folder / "made_up.ts"


def by_pandas(path: Path) -> tuple[list[np.ndarray], list[str]]:
    """Return the sequences, each [T, F], and their labels."""
    if path.suffix == ".ts":
        lines = path.read_text().partition("@data\n")[2].splitlines()
        parts = [line.split(":") for line in lines]
        x = [np.array([[float(v) for v in channel.split(",")] for channel in row[:-1]]).T for row in parts]
        return x, [row[-1] for row in parts]
    if path.name == "long.csv":
        groups = [group for _, group in pd.read_csv(path).groupby("id", sort=False)]
        return [group[["ax", "ay"]].to_numpy() for group in groups], [g["activity"].iloc[0] for g in groups]
    table = pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",", header=None)
    label = table.pop(0 if path.suffix == ".tsv" else table.columns[-1])
    return [row[~np.isnan(row)][:, None] for row in table.to_numpy()], [str(int(v)) for v in label]


def assert_read(path: Path, **settings: str) -> None:
    """Assert that a file is read, split and scaled as it should be."""
    x, labels = by_pandas(path)
    loaded = Sequences(path=str(path), val_share=0.2, test_share=0.2, **settings).load()
    assert loaded.spec.classes == tuple(sorted(set(labels)))
    names = {
        split: [int(loaded.describe(split, index).removeprefix("line ")) for index in range(len(samples))]
        for split, samples in loaded.samples.items()
    }
    first = min(name for found in names.values() for name in found)
    for split, samples in loaded.samples.items():
        for index, name in enumerate(names[split]):
            batch = samples.batch(samples.lengths.new_tensor([index]))
            scaled = (x[name - first] - loaded.spec.sequences.means) / loaded.spec.sequences.scales
            np.testing.assert_allclose(batch.x[0].numpy(), scaled, rtol=1e-5, atol=1e-5)
            assert loaded.spec.classes[int(batch.y[0])] == labels[name - first]
    # Equal sequences stay together, so it is different ones that are counted.
    different = {(label, values.tobytes()) for label, values in zip(labels, x, strict=True)}
    counts = Counter(label for label, _ in different)
    tested = {(labels[name - first], x[name - first].tobytes()) for name in names["test"]}
    assert Counter(label for label, _ in tested) == {n: round(c * 0.2) for n, c in counts.items()}
    train = np.concatenate([x[name - first] for name in names["train"]])
    np.testing.assert_allclose(loaded.spec.sequences.means, train.mean(0), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(loaded.spec.sequences.scales, train.std(0), rtol=1e-9)


@pytest.mark.parametrize("write", [rows, rows_of_the_archive, long, archive])
def test_a_file_is_read_as_it_is(tmp_path, write):
    assert_read(write(tmp_path))


def test_what_is_recognised_can_be_said(tmp_path):
    assert_read(long(tmp_path), layout="long", series_id="id", time="t", label="activity")
    assert_read(rows(tmp_path), layout="wide", label="last")


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv", "long.csv", "made_up.ts"])
def test_the_cases_are_read_as_they_are(case, name):
    path = case(f"series-classification/{name}")
    assert_read(path)
    sizes = Sequences(path=str(path)).load().spec.sizes
    assert min(sizes.values()) > 0
    assert sum(sizes.values()) == len(by_pandas(path)[0])


@pytest.mark.real_data
def test_the_archive_of_japanese_vowels_has_its_sequences(real_data, tmp_path):
    with zipfile.ZipFile(real_data / "japanese_vowels.zip") as files:
        files.extractall(tmp_path)
    train, test = (str(tmp_path / f"JapaneseVowels_{part}.ts") for part in ("TRAIN", "TEST"))
    loaded = Sequences(path=train, test_path=test).load()
    assert loaded.spec.sizes == {"train": 243, "val": 27, "test": 370}
    assert loaded.spec.classes == tuple("123456789")
    assert loaded.spec.input_size == 12
    lengths = [int(n) for samples in loaded.samples.values() for n in samples.lengths]
    assert (min(lengths), max(lengths)) == (7, 29)
