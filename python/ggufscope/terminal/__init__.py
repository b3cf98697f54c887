"""Screen views of every result; only commands import them."""
