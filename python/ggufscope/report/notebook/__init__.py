"""Results and models in a cell of a Jupyter notebook: small HTML, every text from a file escaped."""
