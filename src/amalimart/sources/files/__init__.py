"""CSV and Parquet files that are dropped into a folder or an object store: one a table, or many."""
