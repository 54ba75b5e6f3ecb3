"""names: surnames and the language they come from, one ``<Language>.txt`` per language, one name per line.

The classic task of the PyTorch tutorial (github.com/spro/practical-pytorch, data/names).
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from seqlab.data.dataset import Fetched, register_dataset
from seqlab.data.fetch import Remote
from seqlab.data.source import Source, resolve
from seqlab.data.text.class_files import LONG, ClassFiles, find
from seqlab.data.text.cleaning import TextSettings, without_accents
from seqlab.data.text.dataset import ShortTextData
from seqlab.data.text.records import TextReader
from seqlab.data.text.suggest import as_text_csv
from seqlab.errors import DataError

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
    licence="MIT, of the repository",
)


@register_dataset("names")
class Names(ShortTextData, Fetched):
    """Surnames → language. Equal pairs count once; spellings alike but for accents or case stay together.

    Attributes:
        root: folder or zip with <Language>.txt files; None: $SEQLAB_DATA_DIR, else download, else the sample.
        ascii: remove accents first.
        url: a mirror with the same 18 files; None: the pinned one.
        source: auto, real (never the sample) or sample.
        batch_size: names in a training batch of one process.
        split: grouped (equal spellings in one split, same fractions of every language) or random_lines.
        sampling: all (each name once per epoch) or balanced (sampled uniformly over languages).
        bos_eos: add the tokens BOS and EOS to every name.
        ngrams: with model.encoder=ngrams, frequent n-grams of up to so many tokens get vectors too.
        val_share: fraction of the names for validation.
        test_share: fraction of the names for testing.
        limit_train_samples: maximum number of training names; None: all.
    """

    problem_types = ("classification", "language_model")
    group: ClassVar[Callable[[str], str]] = staticmethod(without_accents)
    counted_once = True

    ascii: bool = False

    def text_settings(self) -> TextSettings:
        """Return the settings of tokenization."""
        return replace(super().text_settings(), ascii=self.ascii)

    def find(self) -> Source:
        """Return the folder or zip of the language files."""
        if self.root and find(Path(self.root)) is None and (settings := _read_by(Path(self.root))):
            raise DataError(
                f"data.root={self.root} has no <Language>.txt with names; a table is read by {settings}"
            )
        return resolve(
            self.name,
            find,
            lambda: SAMPLE,
            root=self.root,
            source=self.source,
            remote=REMOTE,
            mirror=self.url,
        )

    def read(self, source: Source) -> TextReader:
        """Return the reader of the language files."""
        return ClassFiles(source.path, column="language", long=LONG)


def _read_by(root: Path) -> str | None:
    """Return the settings that read a table, the file itself or the first in a folder."""
    tables = [root] if root.is_file() else sorted(root.glob("*.[ct]sv"))
    return as_text_csv(tables[0]) if tables else None
