"""The hot file: its doors, its generations, its indexes and its errors."""
