"""Results on disk: whole files or none, directories that hold them, and the one form of saved documents."""
