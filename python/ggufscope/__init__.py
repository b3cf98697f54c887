"""Statistics of every parameter of a GGUF model."""
