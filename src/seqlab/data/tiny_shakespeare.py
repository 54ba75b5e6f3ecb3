"""tiny_shakespeare: 1,115,394 characters of Shakespeare's plays, on which character models are compared.

The file of char-rnn (github.com/karpathy/char-rnn, data/tinyshakespeare), of which nanoGPT tests on the last
tenth; so does this. A hundredth before it is for validation.
"""

from pathlib import Path

from seqlab.data.dataset import Fetched, register_dataset
from seqlab.data.fetch import Remote
from seqlab.data.samples.plays import write_plays
from seqlab.data.source import Source, resolve
from seqlab.data.streams.dataset import StreamData
from seqlab.io.cache import cached_folder
from seqlab.registry.types import Count, Share

FILES = ("tiny_shakespeare.txt", "tiny_shakespeare.zip", "tinyshakespeare/input.txt", "input.txt")
REMOTE = Remote(
    base_url="https://raw.githubusercontent.com/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/tinyshakespeare",
    sha256={"input.txt": "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"},
    largest=2**22,
    licence="public domain; the repository is MIT",
)


@register_dataset("tiny_shakespeare")
class TinyShakespeare(Fetched, StreamData):
    """The plays as one text.

    Attributes:
        root: folder or file; None: $SEQLAB_DATA_DIR, else download, else made-up plays.
        source: auto, real (never the sample) or sample.
        tokens: characters, bytes, words or bpe (byte pairs, learnt from the training text).
        min_count: all characters of the training text are in the vocabulary.
        steps: steps of a stream in a batch; gradients end there, the state is carried on.
        val_share: fraction of the text for validation, before the test.
        test_share: the last tenth, on which nanoGPT is tested too.
    """

    min_count: Count = 1
    val_share: Share = 0.01

    def find(self) -> Source:
        """Return the file of the text."""
        return resolve(
            self.name, _find, _sample, root=self.root, source=self.source, remote=REMOTE, mirror=self.url
        )


def _find(root: Path) -> Path | None:
    if root.is_file():
        return root
    return next((root / name for name in FILES if (root / name).is_file()), None)


def _sample() -> Path:
    folder = cached_folder("samples", "plays-2", lambda folder: write_plays(folder / "plays.txt"))
    return folder / "plays.txt"
