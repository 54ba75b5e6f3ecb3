"""BatchLoader: each sample once an epoch, in an order of (seed, epoch) that can be continued anywhere."""

import json
import math
import random
from collections import Counter
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lightning.pytorch import Callback, LightningModule, Trainer

from seqlab.data import Batch, BatchLoader, TokenSamples


def samples_of(lengths: list[int], y: list[int] | None = None) -> TokenSamples:
    """Return samples whose tokens do not matter."""
    return TokenSamples.of([[1] * length for length in lengths], y or [0] * len(lengths))


def samples(count: int) -> TokenSamples:
    """Return samples of many different lengths."""
    return samples_of([random.Random(number).randint(1, 20) for number in range(count)])


def sample_ids(batches: BatchLoader | list[Batch]) -> list[list[int]]:
    return [batch.ids.tolist() for batch in batches]


def flat(batches: list[list[int]]) -> list[int]:
    return [sample for batch in batches for sample in batch]


@settings(deadline=None, max_examples=60)
@given(
    count=st.integers(1, 300),
    batch_size=st.integers(1, 40),
    world_size=st.integers(1, 5),
    order=st.sampled_from(["sequential", "shuffled"]),
    epoch=st.integers(0, 3),
)
def test_ranks_share_every_sample_exactly_once(count, batch_size, world_size, order, epoch):
    ranks = []
    for rank in range(world_size):
        loader = BatchLoader(samples(count), batch_size, order=order, rank=rank, world_size=world_size)
        loader.set_epoch(epoch)
        ranks.append(sample_ids(loader))
        assert len(loader) == len(ranks[-1]) == math.ceil(count / (batch_size * world_size))
    rows = [sample for batches in ranks for sample in flat(batches)]
    assert sorted(sample for sample in rows if sample >= 0) == list(range(count))
    assert [sample for sample in rows if sample < 0] == [-1] * (-count % world_size)
    sizes = [[len(batch) for batch in batches] for batches in ranks]
    assert all(rank == sizes[0] for rank in sizes)
    assert max(sizes[0]) <= batch_size


@pytest.mark.parametrize("order", ["shuffled", "balanced"])
def test_order_is_a_function_of_seed_and_epoch(order):
    def epoch_of(seed: int, epoch: int) -> list[list[int]]:
        loader = BatchLoader(samples(100), 8, order=order, seed=seed)
        loader.set_epoch(epoch)
        return sample_ids(loader)

    assert epoch_of(seed=3, epoch=2) == epoch_of(seed=3, epoch=2)
    assert epoch_of(seed=3, epoch=2) != epoch_of(seed=3, epoch=1)
    assert epoch_of(seed=3, epoch=2) != epoch_of(seed=4, epoch=2)


def test_order_does_not_depend_on_any_other_random_number():
    torch.manual_seed(0)
    first = sample_ids(BatchLoader(samples(50), 8, order="shuffled"))
    torch.manual_seed(1)
    random.seed(1)
    assert sample_ids(BatchLoader(samples(50), 8, order="shuffled")) == first


def test_an_epoch_that_is_asked_for_twice_comes_twice():
    loader = BatchLoader(samples(50), 8, order="shuffled")
    assert sample_ids(loader) == sample_ids(loader)


def test_all_ranks_together_see_the_batches_of_one_rank_with_a_larger_batch():
    one = sample_ids(BatchLoader(samples(90), 12, order="shuffled", seed=5))
    three = [
        sample_ids(BatchLoader(samples(90), 4, order="shuffled", seed=5, rank=rank, world_size=3))
        for rank in range(3)
    ]
    together = [sorted(flat(list(parts))) for parts in zip(*three, strict=True)]
    assert together == [sorted(batch) for batch in one]


def test_evaluation_goes_from_short_to_long_in_every_epoch():
    loader = BatchLoader(samples(100), 8)
    loader.set_epoch(1)
    lengths = [int(length) for batch in loader for length in batch.lengths]
    assert lengths == sorted(lengths)


def test_what_is_given_comes_in_its_own_order_whatever_its_length():
    loader = BatchLoader(samples(100), 8, order="given")
    batches = list(loader)
    assert len(batches) == len(loader) == 13
    assert [int(number) for batch in batches for number in batch.ids] == list(range(100))


def test_sequences_of_a_batch_are_of_similar_length():
    generator = random.Random(0)
    lengths = [generator.randint(2, 20) for _ in range(5000)]

    def padding(batches: list[list[int]]) -> int:
        return sum(max(lengths[i] for i in batch) - lengths[j] for batch in batches for j in batch)

    shuffled = generator.sample(range(5000), 5000)
    at_random = [shuffled[start : start + 32] for start in range(0, 5000, 32)]
    loader = BatchLoader(samples_of(lengths), 32, order="shuffled")
    assert padding(sample_ids(loader)) < 0.1 * padding(at_random)


def test_batches_of_a_shuffled_epoch_do_not_go_from_short_to_long():
    longest = [int(batch.lengths.max()) for batch in BatchLoader(samples(400), 8, order="shuffled")]
    assert longest != sorted(longest)


def chi_square(counts: list[int]) -> float:
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 / expected for count in counts)


def test_by_class_draws_uniformly_over_classes_and_then_over_their_members():
    y = [0] * 1000 + [2] * 90 + [7] * 10
    random.Random(0).shuffle(y)
    loader = BatchLoader(samples_of([1] * 1100, y), 50, order="balanced", seed=1)
    drawn: list[int] = []
    for epoch in range(5):
        loader.set_epoch(epoch)
        for batch in loader:
            assert batch.y.tolist() == [y[sample] for sample in batch.ids.tolist()]
            drawn += batch.ids.tolist()
    assert len(drawn) == 5 * 1100
    classes = Counter(y[sample] for sample in drawn)
    assert sorted(classes) == [0, 2, 7]
    # The bounds are exceeded once in a thousand draws: χ² of 2, 9 and 89 degrees of freedom.
    assert chi_square(list(classes.values())) < 13.8
    times = Counter(drawn)
    assert chi_square([times[sample] for sample in range(1100) if y[sample] == 7]) < 27.9
    assert chi_square([times[sample] for sample in range(1100) if y[sample] == 2]) < 135.8


def test_by_class_gives_every_rank_as_many_rows():
    y = [0] * 10 + [1]
    parts = [
        flat(sample_ids(BatchLoader(samples_of([1] * 11, y), 2, order="balanced", rank=rank, world_size=3)))
        for rank in range(3)
    ]
    assert [len(part) for part in parts] == [4, 4, 4]
    assert flat(parts).count(-1) == 1


@pytest.mark.parametrize("taken", range(7))
@pytest.mark.parametrize(("rank", "world_size"), [(0, 1), (1, 2)])
def test_a_loaded_state_goes_on_with_exactly_the_batches_that_are_left(taken, rank, world_size):
    def fresh() -> BatchLoader:
        return BatchLoader(samples(50 * world_size), 8, order="shuffled", rank=rank, world_size=world_size)

    whole = fresh()
    whole.set_epoch(3)
    expected = sample_ids(whole)
    stopped = fresh()
    stopped.set_epoch(3)
    batches = iter(stopped)
    assert [next(batches).ids.tolist() for _ in range(taken)] == expected[:taken]
    state = json.loads(json.dumps(stopped.state_dict()))

    continued = fresh()
    continued.load_state_dict(state)
    assert sample_ids(continued) == expected[taken:]
    whole.set_epoch(4)
    continued.set_epoch(4)
    assert sample_ids(continued) == sample_ids(whole)
    assert len(continued) == 7


def test_a_continued_loader_reports_its_place_from_the_start_of_the_epoch():
    loader = BatchLoader(samples(50), 8)
    loader.load_state_dict({"epoch": 0, "batches": 2})
    batches = iter(loader)
    next(batches)
    assert loader.state_dict() == {"epoch": 0, "batches": 3}


def test_a_place_belongs_to_its_epoch_and_any_other_epoch_is_whole():
    loader = BatchLoader(samples(50), 8, order="shuffled")
    loader.load_state_dict({"epoch": 0, "batches": 7})
    loader.set_epoch(1)
    assert sorted(flat(sample_ids(loader))) == list(range(50))


def test_a_loaded_state_is_told_on_before_the_first_batch():
    loader = BatchLoader(samples(50), 8, order="shuffled")
    loader.load_state_dict({"epoch": 2, "batches": 3})
    assert loader.state_dict() == {"epoch": 2, "batches": 3}


def test_an_epoch_that_is_left_early_does_not_shorten_the_next_one():
    loader = BatchLoader(samples(50), 8, order="shuffled")
    next(iter(loader))
    loader.set_epoch(1)
    assert sorted(flat(sample_ids(loader))) == list(range(50))


class Recorder(LightningModule):
    """Notes the sample ids of every epoch it is trained on."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.epochs: dict[int, list[list[int]]] = {}

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        self.epochs.setdefault(self.current_epoch, []).append(batch.ids.tolist())
        return self.weight * batch.x.float().mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


class SaveAt(Callback):
    """Saves one checkpoint after so many steps."""

    def __init__(self, step: int, path: Path) -> None:
        self.step, self.path = step, path

    def on_train_batch_end(self, trainer: Trainer, *_arguments: object) -> None:
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path)


def fit(loader: BatchLoader, *callbacks: Callback, resume: Path | None = None) -> dict[int, list[list[int]]]:
    """Train two epochs; return the ids of every batch by epoch."""
    module = Recorder()
    trainer = Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        callbacks=list(callbacks),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    trainer.fit(module, loader, ckpt_path=resume)
    return module.epochs


def test_a_trainer_gets_every_sample_in_another_order_each_epoch():
    epochs = fit(BatchLoader(samples(50), 8, order="shuffled"))
    assert sorted(flat(epochs[0])) == sorted(flat(epochs[1])) == list(range(50))
    assert epochs[0] != epochs[1]


def test_a_trainer_calls_set_epoch():
    class Spy(BatchLoader):
        called: tuple[int, ...] = ()

        def set_epoch(self, epoch: int) -> None:
            self.called += (epoch,)
            super().set_epoch(epoch)

    loader = Spy(samples(20), 8, order="shuffled")
    fit(loader)
    assert sorted(set(loader.called)) == [0, 1]


def test_a_checkpoint_in_the_middle_of_an_epoch_knows_the_place_and_is_continued_there(tmp_path):
    path = tmp_path / "middle.ckpt"
    whole = fit(BatchLoader(samples(50), 8, order="shuffled"), SaveAt(10, path))
    saved = torch.load(path, weights_only=True)["loops"]["fit_loop"]["state_dict"]["combined_loader"]
    assert saved == [{"epoch": 1, "batches": 3}]
    continued = fit(BatchLoader(samples(50), 8, order="shuffled"), resume=path)
    assert continued == {1: whole[1][3:]}
