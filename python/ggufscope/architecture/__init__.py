"""The parts of a language model: its family, its hyperparameters, and the tensors of its layers, checked.

Propagation and the runtime tracer read models through this. Nothing is decoded here but vectors.
"""
