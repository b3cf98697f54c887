"""Reports as tables: CSV and Parquet."""
