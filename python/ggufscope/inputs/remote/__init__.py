"""Files that lie elsewhere: ranges over HTTP and fsspec, read through a bounded window. Needs the extra `remote`."""
