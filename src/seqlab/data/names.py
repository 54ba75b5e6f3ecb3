"""names: surnames and the language they come from, one ``<Language>.txt`` a language, one name a line.

The classic task of the PyTorch tutorial (github.com/spro/practical-pytorch, data/names).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from seqlab.data.batches import Samples
from seqlab.data.fetch import Remote
from seqlab.data.language_files import Name, find, fingerprint, parse, read_files
from seqlab.data.module import SequenceData
from seqlab.data.source import resolve
from seqlab.data.spec import DataSpec
from seqlab.data.text import Shares, Vocabulary, fold_to_ascii, sample, split_grouped, split_random

SAMPLE = Path(__file__).parent / "samples" / "names"
REMOTE = Remote(
    base_url="https://raw.githubusercontent.com/spro/practical-pytorch/c520c52e68e945d88fff563dba1c028b6ec0197b/data/names",
    sha256={
        "Arabic.txt": "6f424a8dbe51cbbbabab7a57d38b617210125e4e3991f3c657cb79b8f104bafc",
        "Chinese.txt": "09ba8f1f7e38dbc99372d461b26ad4433b811fc6bfa6a3ecca6fe11a9a777465",
        "Czech.txt": "e17ab0ec47616a72c39cb85c783f70c3663ab64488721e5d8378f146d2226be7",
        "Dutch.txt": "924f32b635170eae561f84538632138fc07d4c8bbd70ba3fb980de1ecc4d2af3",
        "English.txt": "9cca037066d3d5989e24bc01801416162de506b5e28e15b7c092a47905d29bf2",
        "French.txt": "81e65b36c60ed5b89a17422f6edcadbb89546f38ad69e960e64e7ba682012a95",
        "German.txt": "7449cd590b97a733e18d613a4155decd77ec35dc5f8aadd7a82204dce4f051db",
        "Greek.txt": "3555b5186de7f401e6d991b088e9e644ca3099116477818c25ab5793801389e6",
        "Irish.txt": "cf8c7013256252a88d2503127b87282a11f21b2ff6db1bded68834c19a1ec058",
        "Italian.txt": "f88414c27d0606a11a678b4859277828c2565d6cc4d9ee932deef6e94f3b35e4",
        "Japanese.txt": "e0e717e114fec3e7eade4d9dabe0067c475f43147e36a22b47902ee76ad9e67f",
        "Korean.txt": "cd54221ccb362a6cba4c78828838cf3268a0e59744767a37cf6ec4b74036b136",
        "Polish.txt": "45bab898af2f60ed3a728bbf6980e28821011a7caa53227553b5785903a40826",
        "Portuguese.txt": "50a8735f41f4f73757c8ce5b16cb0275cd86b2b214bcbc8c9805f508cb131c53",
        "Russian.txt": "0cfe53ac18041e8f63666aa77313e0a3ff378facb132abee052d8ebdc8c3d62c",
        "Scottish.txt": "78d0252711d87d948ea86fe34826c51d2d794a8e52d15b5d6f7b6244d45d62dd",
        "Spanish.txt": "1bcb462ed3316756a85781d68232bddae04498fdddd5d9219c53fd1fbdeba7a7",
        "Vietnamese.txt": "f3f9e4164ab47601178a6e45b216464a64122f49d05541f24bf18a757253281d",
    },
    largest=2**20,
)


class Names(SequenceData):
    """Surnames → language.

    Args:
        root: folder or zip with the language files; None for SEQLAB_DATA_DIR, else the cache or a download,
            else the built-in sample.
        url: another server's folder with the same files; None for the pinned one.
        source: "auto", "real" (never the sample) or "sample".
        batch_size: names in a training batch of one process.
        split: "honest" (equal pairs counted once, one spelling never in two splits, every language in the
            same shares) or "random_lines" (the classroom's way: equal lines land in training and test).
        sampling: "all", or "by_class" to draw uniformly over languages, with replacement.
        ascii: whether accents are dropped first.
        marks: whether every name begins and ends with a mark of its own.
        val_share: share of the names for validation.
        test_share: share of the names for testing.
        split_seed: decides which names go where; the same for runs that are to be compared.
        limit_train_samples: take only so many training names, or None.
        seed: decides the order of the training batches.
    """

    def __init__(
        self,
        *,
        root: str | None = None,
        url: str | None = None,
        source: Literal["auto", "real", "sample"] = "auto",
        batch_size: int = 64,
        split: Literal["honest", "random_lines"] = "honest",
        sampling: Literal["all", "by_class"] = "all",
        ascii: bool = False,  # noqa: A002 (it is what the option is called)
        marks: bool = True,
        val_share: float = 0.1,
        test_share: float = 0.1,
        split_seed: int = 0,
        limit_train_samples: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(
            batch_size=batch_size, sampling=sampling, limit_train_samples=limit_train_samples, seed=seed
        )
        self.root, self.url, self.source, self.split_kind, self.split_seed = (
            root,
            url,
            source,
            split,
            split_seed,
        )
        self.ascii, self.marks = ascii, marks
        self.shares = Shares(val_share, test_share)
        self._texts: dict[str, list[str]] = {}

    def load(self) -> tuple[DataSpec, Mapping[str, Samples]]:
        """Read, fold, split and encode the names.

        Raises:
            DataError: the files are missing or malformed.
        """
        source = resolve(
            "names", find, SAMPLE, root=self.root, source=self.source, remote=REMOTE, mirror=self.url
        )
        files = read_files(source.path)
        names = parse(files, to_ascii=self.ascii)
        splits = self._split(names)
        splits["train"] = sample(splits["train"], self.limit_train_samples, self.split_seed)
        languages = tuple(sorted({name.language for name in names}))
        self._texts = {split: [names[i].text for i in numbers] for split, numbers in splits.items()}
        vocabulary = Vocabulary.of(self._texts["train"])
        samples = {
            split: vocabulary.encode(
                self._texts[split], [languages.index(names[i].language) for i in numbers], marks=self.marks
            )
            for split, numbers in splits.items()
        }
        spec = DataSpec(
            name="names",
            kind="tokens",
            input_size=len(vocabulary),
            classes=languages,
            class_counts=tuple(samples["train"].y.bincount(minlength=len(languages)).tolist()),
            symbols=vocabulary.symbols,
            source=source.kind,
            origin=f"{source.path} ({source.how})",
            sha256=fingerprint(files),
            path=str(source.path.resolve()),
            sizes={split: len(texts) for split, texts in self._texts.items()},
        )
        return spec, samples

    def describe(self, split: str, index: int) -> str:
        """Return the name as it was read."""
        return self._texts[split][index]

    def _split(self, names: list[Name]) -> dict[str, np.ndarray]:
        if self.split_kind == "random_lines":
            return split_random(len(names), self.shares, np.random.default_rng(self.split_seed))
        first = {(name.text, name.language): number for number, name in reversed(list(enumerate(names)))}
        kept = np.array(sorted(first.values()))
        spellings = [fold_to_ascii(names[i].text).casefold() or names[i].text.casefold() for i in kept]
        parts = split_grouped(spellings, [names[i].language for i in kept], self.shares, self.split_seed)
        return {split: kept[numbers] for split, numbers in parts.items()}
