"""SequenceData: three splits, read once, and the loaders over them."""

import math
import pickle
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from pydantic import Field

from seqlab.data import (
    Batch,
    BatchLoader,
    Dataset,
    DataSpec,
    JenaClimate,
    Loaded,
    Names,
    Parity,
    SequenceData,
    Sequences,
    Tagged,
    TinyShakespeare,
    TokenSamples,
)
from seqlab.errors import DataError


class Toy(Dataset):
    """Sixteen training samples of class 0, four of class 1; counts how often it is read."""

    task = "classification"

    batch_size: int = 4
    sampling: str = "all"
    sizes: dict[str, int] = {"train": 20, "val": 5, "test": 7}
    reads: list[None] = Field(default_factory=list)

    @property
    def order(self) -> str:
        return "balanced" if self.sampling == "balanced" else "shuffled"

    def load(self) -> Loaded:
        self.reads.append(None)
        spec = DataSpec(
            name="toy",
            kind="tokens",
            task="classification",
            input_size=9,
            classes=("a", "b"),
            class_counts=(16, 4),
            symbols=(),
            source="sample",
            origin="nowhere",
            sha256="0",
            path="toy.csv",
            sizes=self.sizes,
        )
        samples = {
            split: TokenSamples.of([[1]] * size, [number // 16 for number in range(size)])
            for split, size in self.sizes.items()
        }
        return Loaded(spec, samples, lambda split, index: f"{split} {index}")


def toy(seed: int = 0, **settings: object) -> SequenceData:
    return SequenceData(Toy(**settings), seed=seed)


def sample_ids(loader: BatchLoader) -> list[int]:
    return [sample for batch in loader for sample in batch.ids.tolist()]


def test_data_are_read_once_whichever_stage_asks():
    data = toy()
    for stage in ("fit", "validate", "test", None):
        data.setup(stage)
    assert len(data.dataset.reads) == 1
    assert data.spec.name == "toy"


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_loaders_and_descriptions_read_the_data(split):
    data = toy()
    assert toy().describe(split, 2) == f"{split} 2"
    assert len(sample_ids(getattr(data, f"{split}_dataloader")())) == data.spec.sizes[split]


WORDS = {
    "w": [f"w{number}" for number in range(60)],
    "t": ["P", "O", "O"] * 20,
    "s": [n // 3 for n in range(60)],
}
STEPS = [torch.arange(3.0 + number % 3) * number for number in range(30)]
TAGS = [["u", "v", "u", "v", "u"][: len(x)] for x in STEPS]


@pytest.mark.parametrize(
    "make",
    [
        lambda: SequenceData(Names(source="sample")),
        lambda: SequenceData(TinyShakespeare(source="sample")),
        lambda: SequenceData(JenaClimate(source="sample")),
        lambda: SequenceData(Parity(train_samples=40, val_samples=10, test_samples=10)),
        lambda: Sequences.from_arrays(STEPS, ["low", "high"] * 15),
        lambda: Sequences.from_arrays(
            STEPS, [["u", "v", "u", "v", "u"][: len(x)] for x in STEPS], task="tagging"
        ),
        lambda: Tagged.from_frame(WORDS, token="w", label="t", sentence="s"),
    ],
    ids=["texts", "streams", "series", "synthetic", "sequences", "steps", "tagged"],
)
def test_what_was_read_is_the_same_in_another_process(make):
    data = make()
    data.setup()
    copy = pickle.loads(pickle.dumps(data))
    assert copy.spec == data.spec
    for split in ("train", "val", "test"):
        assert copy.describe(split, 1) == data.describe(split, 1)
        loaders = (getattr(one, f"{split}_dataloader")() for one in (data, copy))
        for expected, found in zip(*loaders, strict=True):
            torch.testing.assert_close(tuple(found), tuple(expected), equal_nan=True)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_split_without_samples_is_an_error_that_names_it(split):
    data = toy(sizes={"train": 20, "val": 5, "test": 7, split: 0})
    with pytest.raises(DataError, match=f"toy.csv: '{split}' has no samples; add data, or change"):
        data.setup()


@pytest.mark.parametrize(("split", "count"), [("train", 20), ("val", 5), ("test", 7)])
def test_every_split_has_a_loader_over_all_its_samples(split, count):
    data = toy()
    data.setup()
    assert sorted(sample_ids(getattr(data, f"{split}_dataloader")())) == list(range(count))


@pytest.mark.parametrize(("batch_size", "evaluation"), [(4, 256), (300, 300)])
def test_evaluation_takes_larger_batches_than_training(batch_size, evaluation):
    data = toy(batch_size=batch_size, sizes={"train": 700, "val": 700, "test": 700})
    data.setup()
    assert len(next(iter(data.train_dataloader())).ids) <= batch_size
    assert len(data.train_dataloader()) == math.ceil(700 / batch_size)
    for loader in (data.val_dataloader(), data.test_dataloader()):
        assert [len(batch.ids) for batch in loader][:2] == [evaluation, evaluation]


def test_only_training_is_shuffled_and_its_order_depends_on_the_seed():
    def orders(seed: int) -> tuple[list[int], list[int]]:
        data = toy(seed)
        data.setup()
        return sample_ids(data.train_dataloader()), sample_ids(data.val_dataloader())

    assert orders(0)[1] == orders(1)[1] == list(range(5))
    assert orders(0)[0] == orders(0)[0] != orders(1)[0]


def test_the_spec_reads_the_data_and_predictions_are_of_the_test():
    data = toy(0)
    assert repr(data) == "SequenceData(Toy)"
    assert data.spec.classes == ("a", "b")
    assert str(data) == "SequenceData(Toy, 20 train, 5 val, 7 test)"
    assert sample_ids(data.predict_dataloader()) == list(range(7))


def test_a_notebook_shows_the_first_samples_and_runs_no_code():
    data = toy(0)
    assert data._repr_html_() == "<p>SequenceData(Toy)</p><ol></ol>"
    data.setup()
    data._describe = lambda split, number: f"<script>{split} {number}"
    page = data._repr_html_()
    assert page.count("<li>") == 5
    assert "<li>&lt;script&gt;train 4</li>" in page
    assert "<script>" not in page


@pytest.mark.parametrize(("sampling", "loader"), [("balanced", "train"), ("all", "balanced")])
def test_by_class_gives_the_rare_class_its_half(sampling, loader):
    data = toy(sampling=sampling)
    data.setup()
    drawn, rare = getattr(data, f"{loader}_dataloader")(), 0
    for epoch in range(50):
        drawn.set_epoch(epoch)
        rare += sum(sample >= 16 for sample in sample_ids(drawn))
    # Of 1000 draws, half, within four standard deviations.
    assert abs(rare - 500) < 4 * (1000 * 0.5 * 0.5) ** 0.5


@pytest.mark.filterwarnings("ignore")  # what Lightning says of a plain Trainer
@pytest.mark.parametrize("sampling", ["all", "balanced"])
def test_the_same_batches_are_overfit_every_epoch(sampling):
    data = toy(sampling=sampling)
    data.setup()
    seen = []

    class Silent(LightningModule):
        """Learns nothing."""

        def training_step(self, batch: Batch, index: int) -> None:
            seen.append(batch.ids.tolist())

        def configure_optimizers(self) -> None:
            return None

    quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar"), False)
    trainer = Trainer(overfit_batches=2, max_epochs=3, accelerator="cpu", enable_model_summary=False, **quiet)
    trainer.fit(Silent(), data)
    assert seen == [[0, 1, 2, 3], [4, 5, 6, 7]] * 3


def test_by_class_is_for_training_alone():
    data = toy(sampling="balanced")
    data.setup()
    assert sorted(sample_ids(data.test_dataloader())) == list(range(7))


def test_loaders_take_their_share_from_the_trainers_ranks():
    rows = []
    for rank in range(3):
        data = toy()
        data.setup()
        data.trainer = SimpleNamespace(global_rank=rank, world_size=3)
        rows.append(sample_ids(data.test_dataloader()))
    assert [len(part) for part in rows] == [3, 3, 3]
    assert sorted(sample for part in rows for sample in part) == [-1, -1, *range(7)]


@pytest.mark.parametrize(("device", "pinned"), [("cuda", True), ("cpu", False), ("meta", False)])
def test_a_batch_goes_to_a_gpu_through_pinned_memory(monkeypatch, device, pinned):
    moved = []
    monkeypatch.setattr(
        "lightning.pytorch.core.hooks.move_data_to_device", lambda *given: moved.append(given)
    )
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: tensor + 1000)
    data = toy()
    data.setup()
    batch = next(iter(data.test_dataloader()))
    data.transfer_batch_to_device(batch, torch.device(device), 0)
    ((found, place),) = moved
    assert place == torch.device(device)
    for own, given in zip(found, batch, strict=True):
        assert torch.equal(own, given + 1000 * pinned)
