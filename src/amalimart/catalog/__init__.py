"""What is known of names: where a column comes from and who uses it. No engine and no files."""
