"""Means and variances of the residual stream, propagated through the layers of a model."""
