"""A folder of CSV or Parquet files, one table each."""
