"""Sentences that every output has in the same words: on the terminal, on the page and in Markdown."""

SYNTHETIC_MARK = "SYNTHETIC"
SYNTHETIC_MEANING = "random weights made by ggufscope synth, not a trained model"
SYNTHETIC_LINE = f"{SYNTHETIC_MARK}: {SYNTHETIC_MEANING}"
