"""The n-gram encoder: what a step's vector is the sum of, recomputed by hand."""

import pytest
import torch

from seqlab.errors import ConfigError
from seqlab.nn.encoders import make_encoder
from seqlab.nn.ngrams import NGrams
from seqlab.nn.parts import InputSpec

SYMBOLS = ("<pad>", "<unk>", "<begin>", "<end>", "书", "好看", "好书", "看")
SIZE = 3


def ngrams_of(symbols, ngrams, **settings) -> NGrams:
    spec = InputSpec("tokens", len(symbols), symbols, ngrams)
    return NGrams(spec, **{"embedding_size": SIZE} | settings)


@pytest.fixture
def encoder() -> NGrams:
    # Known n-grams: 书 好看 (4, 5) and 好看 书 看 (5, 4, 7).
    made = ngrams_of(SYMBOLS, [4 * 8 + 5, (5 * 8 + 4) * 8 + 7])
    torch.nn.init.normal_(made.embedding.weight)
    return made


def vectors(encoder: NGrams, *rows: int) -> torch.Tensor:
    return sum((encoder.embedding.weight[row] for row in rows), torch.zeros(SIZE))


def test_a_step_is_the_sum_of_its_token_its_ngrams_and_its_shared_pieces(encoder):
    found = encoder(torch.tensor([[4, 5, 4, 7, 0]]))[0]
    pair, triple, good = 8, 9, 10  # behind the eight tokens: two n-grams, then 好, which two tokens share
    torch.testing.assert_close(found[0], vectors(encoder, 4))
    torch.testing.assert_close(found[1], vectors(encoder, 5, pair, good))
    torch.testing.assert_close(found[2], vectors(encoder, 4))
    torch.testing.assert_close(found[3], vectors(encoder, 7, triple))
    assert found[4].tolist() == [0, 0, 0]


def test_only_pieces_that_two_tokens_share_have_a_vector(encoder):
    assert encoder.embedding.num_embeddings == 8 + 2 + 1
    assert encoder.spelling[:5].sum() == 0, "marks and single characters have no pieces"
    assert encoder.spelling[6].tolist()[0] == encoder.spelling[5].tolist()[0] == 10


def test_pieces_are_numbered_in_the_order_of_the_vocabulary_in_every_process():
    words = ("abcd", "efgh", "ijkl", "mnop")
    made = ngrams_of((*SYMBOLS[:4], *words, *(word + "q" for word in words)), [])
    assert made.pieces == tuple(piece for word in words for piece in (*word, word[:2], word[1:3], word[2:4]))


def test_a_token_has_the_same_vector_in_any_padded_batch(encoder):
    alone = encoder(torch.tensor([[4, 5]]))
    padded = encoder(torch.tensor([[4, 5, 0, 0], [7, 7, 7, 7]]))
    torch.testing.assert_close(padded[:1, :2], alone)
    assert padded[0, 2:].abs().sum() == 0


def test_what_is_shared_starts_at_nothing():
    weight = ngrams_of(SYMBOLS, [37]).embedding.weight
    assert weight[0].abs().sum() == 0
    assert (weight[1:8] != 0).all()
    assert weight[8:].abs().sum() == 0


def test_features_are_left_out_in_training_only_and_in_the_right_share():
    encoder = ngrams_of(SYMBOLS, [], embedding_size=1, feature_dropout=0.25)
    torch.nn.init.ones_(encoder.embedding.weight)
    x = torch.full((100, 100), 4)
    assert (encoder.eval()(x) == 1).all()
    torch.manual_seed(0)
    left = float((encoder.train()(x) == 0).float().mean())
    assert left == pytest.approx(0.25, abs=0.02)


def test_without_ngrams_and_pieces_it_is_an_embedding():
    encoder = ngrams_of(("<pad>", "<unk>", "<begin>", "<end>", "a", "b"), [])
    x = torch.tensor([[4, 5, 0]])
    torch.testing.assert_close(encoder(x)[0, :2], encoder.embedding.weight[4:6])


def test_features_have_no_ngrams():
    with pytest.raises(ConfigError, match="encoder=ngrams does not read features"):
        make_encoder("ngrams", InputSpec("features", 3), embedding_size=SIZE)


@pytest.mark.parametrize("name", ["auto", "identity"])
def test_feature_columns_are_read_as_they_are(name):
    encoder = make_encoder(name, InputSpec("features", 3), embedding_size=SIZE)
    x = torch.randn(2, 4, 3)
    assert encoder.output_size == 3
    assert encoder(x) is x
