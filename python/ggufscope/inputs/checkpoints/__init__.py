"""Checkpoints in safetensors files, seen as the GGUF file that llama.cpp's converter would write of them."""
