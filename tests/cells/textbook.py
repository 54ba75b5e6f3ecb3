"""The cells of textbooks, on which is tried what holds for every cell."""

TEXTBOOK = (
    *("rnn", "rnn_relu", "elman", "tutorial_rnn"),
    *("gru", "gru_reset_before", "mgu"),
    *("lstm", "lstm_peephole", "lstm_layernorm", "lstm_coupled"),
)
TYPICAL = ("rnn", "gru_reset_before", "lstm_peephole", "lstm_layernorm")
"""One state and two, a product with the state before and behind a gate, and statistics over units."""
