"""Language models: scores by hand, states that are carried, gradients that are cut."""

import math
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional

from seqlab.cells import State
from seqlab.data import Batch, TextFile
from seqlab.errors import ConfigError
from seqlab.models.causal import check_causal
from seqlab.models.lightning_module import SequenceModule
from seqlab.models.sequence_model import SequenceModel
from seqlab.nn.parts import InputSpec
from seqlab.tasks import LanguageModel

VOCABULARY = 11


def module_of(reset_token: int | None = None, **model) -> SequenceModule:
    spec = {
        "kind": "tokens",
        "task": "language_model",
        "input_size": VOCABULARY,
        "widths": [0] * 4 + [1] * (VOCABULARY - 4),
        "is_carried": True,
        "reset_token": reset_token,
    }
    torch.manual_seed(0)
    return SequenceModule(spec=spec, model={"hidden_size": 6, "embedding_size": 5} | model).double().eval()


def chunks(tokens: torch.Tensor, size: int) -> list[Batch]:
    starts = range(0, tokens.shape[1] - 1, size)
    return [
        Batch(
            (x := tokens[:, start : start + size + 1])[:, :-1],
            torch.tensor([x.shape[1] - 1] * len(x)),
            x[:, 1:],
            torch.arange(len(x)) + start,
        )
        for start in starts
    ]


@pytest.mark.parametrize(
    "model", [{"cell": "lstm", "num_layers": 2}, {"cell": "gru"}, {"cell": "rnn", "encoder": "onehot"}]
)
def test_chunks_of_any_size_have_the_loss_of_the_whole_text(model):
    module = module_of(**model)
    tokens = torch.randint(4, VOCABULARY, (2, 150), generator=torch.Generator().manual_seed(1))
    losses = {}
    for size in (3, 16, 64, 149):
        module.reset("val")
        for batch in chunks(tokens, size):
            module._step("val", batch)
        losses[size] = module.scores("val")["val/loss"]
    logits = module(tokens[:, :-1], torch.tensor([149, 149])).detach()
    expected = float(functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()))
    assert losses == pytest.approx(dict.fromkeys(losses, expected), abs=1e-6)


@pytest.mark.parametrize("size", [4, 16, 64])
def test_a_document_depends_on_none_before_it_where_states_are_reset(size):
    module = module_of(cell="lstm", num_layers=2, reset_token=2)
    tokens = torch.randint(4, VOCABULARY, (1, 60), generator=torch.Generator().manual_seed(1))
    tokens[0, [0, 7, 8, 33]] = 2
    for batch in chunks(tokens, size):
        module._step("val", batch)
    documents = [tokens[:, start:end] for start, end in ((0, 7), (7, 8), (8, 33), (33, 59))]
    logits = torch.cat(
        [module.model.carry(one, torch.tensor([one.shape[1]]), None)[0][0] for one in documents]
    )
    expected = float(functional.cross_entropy(logits.detach(), tokens[0, 1:]))
    assert module.scores("val")["val/loss"] == pytest.approx(expected, abs=1e-9)


def test_no_gradient_crosses_a_cut():
    module = module_of(cell="gru")
    tokens = torch.randint(4, VOCABULARY, (1, 13), generator=torch.Generator().manual_seed(1))
    first, second = chunks(tokens, 6)
    seen = []
    module.model.encoder.register_forward_hook(
        lambda _module, _x, vectors: seen.append(vectors.requires_grad_())
    )
    module._step("train", first)
    loss = module._step("train", second)
    before, after = torch.autograd.grad(loss, seen, allow_unused=True)
    assert before is None
    assert after.abs().sum() > 0


def test_the_penalty_of_activations_is_part_of_the_loss_in_training_alone():
    module = module_of(cell="gru", change_penalty=3.0)
    module._trainer = SimpleNamespace(accumulate_grad_batches=1, num_training_batches=1)
    (batch,) = chunks(torch.randint(4, VOCABULARY, (1, 6), generator=torch.Generator().manual_seed(1)), 5)
    alone = module._step("val", batch)
    outputs, _ = module.model.recurrent(module.model.encoder(batch.x), batch.lengths)
    penalty = 3 * (outputs[:, 1:] - outputs[:, :-1]).square().mean()
    torch.testing.assert_close(module.train().training_step(batch, 0), alone + penalty)


def test_an_epoch_and_an_evaluation_begin_from_zeros():
    module = module_of(cell="gru")
    module.carried = {"train": State(h=torch.ones(1, 1, 6)), "val": State(h=torch.ones(1, 1, 6))}
    module.on_train_epoch_start()
    module.reset("val")
    assert module.carried == {}


def test_scores_are_those_of_hand_arithmetic():
    # Tokens stand for 3, 1 and 0 characters; token 1 is unknown, and in the split stands for 5 in 7 bytes.
    task = LanguageModel([0, 0, 0, 0, 3, 1], {"val": (2, 10, 14)})
    logits = torch.randn(2, 3, 6, generator=torch.Generator().manual_seed(0))
    y = torch.tensor([[4, 5, 1], [3, 4, -1]])
    task.step("val", logits, Batch(y.clamp(min=0), torch.tensor([3, 2]), y, torch.tensor([0, 7])))
    nats = sum(
        -logits[row, step].log_softmax(0)[y[row, step]]
        for row in range(2)
        for step in range(3)
        if y[row, step] >= 0
    )
    found = task.compute("val")
    assert found["loss"] == pytest.approx(float(nats) / 5, rel=1e-6)
    assert found["perplexity"] == pytest.approx(math.exp(float(nats) / 5), rel=1e-6)
    bits = float(nats) / math.log(2) + 8 * 7  # one of the two unknown tokens
    assert found["bits_per_character"] == pytest.approx(bits / (3 + 1 + 0 + 3 + 5), rel=1e-6)


@pytest.mark.parametrize("tokens", ["words", "bpe", "bytes", "characters"])
def test_bits_per_character_do_not_depend_on_the_tokens_of_a_uniform_model(tmp_path, tokens):
    if tokens == "bpe":
        pytest.importorskip("tokenizers", reason="needs tokenizers: pip install 'seqlab[text]'")
    text = "".join(f"Zeile {n % 10}: größer als {n % 7}\n" for n in range(300))
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    data = TextFile(path=str(tmp_path / "a.txt"), tokens=tokens, vocabulary=300, min_count=1, steps=4).load()
    task = LanguageModel.of(data.spec.as_dict(), {})
    samples = data.samples["test"]
    for start in range(0, len(samples), samples.steps):
        batch = samples.batch(torch.tensor([start]))
        task.step("test", torch.zeros(*batch.x.shape, data.spec.input_size), batch)
    pieces = data.samples["test"].part.last(10**9).decode()
    first = sum(data.spec.widths[token] for token in samples.tokens[:1])
    expected = len(samples) * math.log2(data.spec.input_size) / (len(pieces) - first)
    assert task.compute("test")["bits_per_character"] == pytest.approx(expected, rel=1e-6)


def test_rows_that_fill_up_and_padding_count_for_nothing():
    task = LanguageModel([1] * 6)
    logits = torch.randn(2, 3, 6, requires_grad=True)
    y = torch.tensor([[4, 5, -1], [2, 3, 4]])
    loss = task.step("val", logits, Batch(y.clamp(min=0), torch.tensor([2, 3]), y, torch.tensor([0, -1])))
    assert float(loss.detach()) == pytest.approx(
        float(functional.cross_entropy(logits[0, :2].detach(), y[0, :2])), rel=1e-6
    )
    loss.backward()
    assert not logits.grad[1].any()
    assert not logits.grad[0, 2].any()


def test_windows_begin_from_a_zero_state():
    module = module_of(cell="gru")
    task = LanguageModel([1] * VOCABULARY, windows=[16])
    module.task = task
    tokens = torch.randint(4, VOCABULARY, (1, 42), generator=torch.Generator().manual_seed(1))
    for batch in chunks(tokens, 32):
        module.test_step(batch, 0)
    nats = 0.0
    for start, end in ((0, 16), (16, 32), (32, 41)):
        logits = module(tokens[:, start:end], torch.tensor([end - start])).detach()
        nats += float(functional.cross_entropy(logits[0], tokens[0, start + 1 : end + 1], reduction="sum"))
    assert task.compute("test")["loss_windows_16"] == pytest.approx(nats / 41, rel=1e-6)
    assert task.compute("test")["loss"] != pytest.approx(nats / 41, rel=1e-6)
    task.reset("test")
    assert not task.of_windows[0].sums.any()


@pytest.mark.parametrize("encoder", ["embedding", "onehot"])
def test_a_network_that_sees_only_the_past_is_taken(encoder):
    check_causal(SequenceModel(InputSpec("tokens", 9), 9, -1, encoder=encoder), 9)


def test_a_network_that_sees_more_than_its_state_and_a_token_is_refused():
    inputs = InputSpec("tokens", 9, tuple("abcdefghi"), (9 * 1 + 2, 9 * 4 + 5, 9 * 5 + 6))
    for settings in ({"bidirectional": True}, {"encoder": "ngrams"}):
        with pytest.raises(ConfigError, match="task=language_model"):
            check_causal(SequenceModel(inputs, 9, -1, hidden_size=8, **settings), 9)


@pytest.mark.product(3)
@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("model.bidirectional=true", "reads the tokens that task=language_model predicts"),
        ("model.pooling=mean", "use model.pooling=last"),
        ("task=classification", "use task=language_model"),
        ("model.condition=class", "labelled texts, such as data=names"),
        ("task.metrics=[accuracy]", "has only its own scores"),
        ("task.windows=[7]", "windows"),
        ("data.steps=0", "steps"),
        ("data.vocabulary=7", "vocabulary"),
        ("data.tokens=letters", "tokens"),
        ("callbacks.score_balanced=true", "samples by class"),
    ],
)
def test_settings_that_do_not_suit_are_refused(train, capsys, setting, message):
    Path("a.txt").write_text("a few words of text\n" * 300)
    assert train("data=text_file", "data.path=a.txt", "model.hidden_size=4", setting) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert len(shown.strip().splitlines()) <= 2
