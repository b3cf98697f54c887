"""Sessions of the documents: what they are, how they run, when two outputs are the same."""
