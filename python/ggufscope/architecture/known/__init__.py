"""The architectures that are known, a row of data each.

Names are those of `general.architecture`. Sources: llama.cpp's `llama-model.cpp`, `llama_model_rope_type` for the pairs
of RoPE, and the graph of each architecture for norms, activation and residual structure. Whether there is a gate,
q/k norms, biases or experts is read from the tensors.
"""
