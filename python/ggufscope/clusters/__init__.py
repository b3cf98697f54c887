"""Dask clusters: connecting to one, and handing calls to its workers. Other rooms say which calls."""
