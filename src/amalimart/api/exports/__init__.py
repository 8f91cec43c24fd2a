"""Answers as files: CSV, XLSX, Arrow and Parquet, written as the rows come, never held whole."""
