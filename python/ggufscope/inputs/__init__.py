"""Where the bytes of a model come from: names of all kinds, ranges of files that lie elsewhere, checkpoints."""
