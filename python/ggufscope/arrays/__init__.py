"""Arrays that need no file: decoding, statistics and products of buffers, and the registry of fields."""
