"""Running text as streams of tokens, for language models."""
