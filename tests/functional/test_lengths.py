"""Right-padded batches against plain loops."""

import torch

from seqlab.functional.lengths import backwards, last_step, last_steps, mask

LENGTHS = torch.tensor([4, 1, 3])
SEQUENCE = torch.arange(24.0).view(3, 4, 2)


def test_mask_is_true_inside_a_sequence():
    expected = [[step < length for step in range(4)] for length in LENGTHS.tolist()]
    assert mask(LENGTHS, 4).tolist() == expected


def test_last_step_is_the_value_at_length_minus_one():
    expected = [SEQUENCE[row, length - 1].tolist() for row, length in enumerate(LENGTHS.tolist())]
    assert last_step(SEQUENCE, LENGTHS).tolist() == expected
    assert torch.equal(last_step(SEQUENCE, None), SEQUENCE[:, 3])


def test_last_steps_are_those_before_the_length_in_their_order():
    lengths = torch.tensor([4, 2, 3])
    expected = [SEQUENCE[row, length - 2 : length].tolist() for row, length in enumerate(lengths.tolist())]
    assert last_steps(SEQUENCE, lengths, 2).tolist() == expected


def test_backwards_turns_each_sequence_and_leaves_its_padding_behind_it():
    turned = backwards(SEQUENCE, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        assert torch.equal(turned[row, :length], SEQUENCE[row, :length].flip(0))
        assert torch.equal(turned[row, length:], SEQUENCE[row, length:])
    assert torch.equal(backwards(turned, LENGTHS), SEQUENCE)
    assert torch.equal(backwards(SEQUENCE, None), SEQUENCE.flip(1))
