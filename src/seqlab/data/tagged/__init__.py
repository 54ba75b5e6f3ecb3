"""Sequences of tokens with a tag at every token, as in the CoNLL shared tasks."""
