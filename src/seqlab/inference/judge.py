"""Whether texts written for a class are of it, as a classifier sees them, and not only copies."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from seqlab.data import SequenceData
from seqlab.errors import ConfigError
from seqlab.inference.evaluate import data_of
from seqlab.inference.generate import Sampling, Writer
from seqlab.inference.predict import load, predict
from seqlab.models.predictor import Predictor
from seqlab.runs.load import load_run


class Judged(NamedTuple):
    """What is found of the texts of one class.

    Attributes:
        name: the class.
        texts: that were written.
        taken: share of them that the classifier takes for the class.
        real: share of the class's test texts that it takes for it; None if there are none.
        copies: share of the written texts that are texts of the training.
        test_texts: how many test texts the class has.
    """

    name: str
    texts: int
    taken: float
    real: float | None
    copies: float
    test_texts: int


def judge(
    run: Path,
    judge_path: Path,
    names: Sequence[str],
    sampling: Sampling,
    *,
    count: int,
    length: int,
    random: torch.Generator,
    checkpoint: str = "best",
    root: str | None = None,
) -> Iterator[Judged]:
    """Write texts of each class, and yield what a classifier makes of them.

    Args:
        run: the run folder of a language model trained with model.condition=class; its data are read again.
        judge_path: a classifier of the same classes: a run folder or an exported file.
        names: the classes; none for all.
        sampling: how tokens are chosen.
        count: texts of each class.
        length: tokens of a text at most.
        random: the generator of random numbers.
        checkpoint: of the language model, "best" or "last".
        root: the folder of the language model's data, if they have moved since training.

    Raises:
        ConfigError: the network is told no classes, or the classifier does not know one.
        DataError: the data of the language model are missing, or are not those of the training.
    """
    writer, classifier = Writer.of(run, checkpoint), load(judge_path)
    chosen = names or writer.classes
    if not chosen:
        raise ConfigError("--judge: the network was told no classes; train one with model.condition=class")
    writers = {name: writer.told(name) for name in chosen}
    if unknown := set(chosen) - set(classifier.spec.classes):
        raise ConfigError(f"--judge {judge_path} knows no class '{min(unknown)}'; give one that does")
    _, data = data_of(load_run(run), root)
    training = {data.describe("train", number) for number in range(len(data.samples["train"]))}
    test = _by_class(data)
    for name in chosen:
        texts = [_text(writers[name], sampling, length, random) for _ in range(count)]
        real = test.get(name, [])
        yield Judged(
            name,
            len(texts),
            _share(classifier, texts, name),
            _share(classifier, real, name) if real else None,
            sum(text in training for text in texts) / len(texts),
            len(real),
        )


def _text(writer: Writer, sampling: Sampling, length: int, random: torch.Generator) -> str:
    return "".join(one.text for one in writer.write("", sampling, length=length, until=None, random=random))


def _by_class(data: SequenceData) -> dict[str, list[str]]:
    """Return the test texts of each class."""
    found: dict[str, list[str]] = {}
    for number, one in enumerate(data.samples["test"].y.tolist()):
        found.setdefault(data.spec.classes[one], []).append(data.describe("test", number))
    return found


def _share(classifier: Predictor, texts: Sequence[str], name: str) -> float:
    """Return the share of texts that are taken for a class; a blank one is taken for none."""
    written = [text for text in texts if text.strip()]
    rows = predict(classifier, written, None, 1) if written else []
    taken: int = sum(row["classes"][0] == name for row in rows)
    return taken / len(texts)
