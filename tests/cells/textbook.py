"""The cells of textbooks, on which is tried what holds for every cell."""

TEXTBOOK = (
    *("rnn", "rnn_relu", "elman", "tutorial_rnn"),
    *("gru", "gru_reset_before", "mgu"),
    *("lstm", "lstm_peephole", "lstm_layernorm", "lstm_coupled"),
)
