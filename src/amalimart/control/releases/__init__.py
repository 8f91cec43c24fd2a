"""What people decided of releases and definitions: which checks may fail, and which meanings are approved."""
