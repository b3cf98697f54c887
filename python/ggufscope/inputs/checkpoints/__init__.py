"""Checkpoints in safetensors files, seen as the GGUF file that llama.cpp's converter would write of them."""

ENDINGS = (".safetensors", ".safetensors.index.json")


def is_checkpoint(name: str) -> bool:
    """Whether a file is one of a checkpoint, by its name."""
    return name.endswith(ENDINGS)
