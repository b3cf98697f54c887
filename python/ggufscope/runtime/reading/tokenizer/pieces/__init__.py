"""Classes that turn plain text, without special tokens in it, into tokens; `kinds.py` says which is whose."""
