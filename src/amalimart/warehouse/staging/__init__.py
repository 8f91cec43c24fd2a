"""The generated models: current rows of landed tables, typed as canonical entities, and their accounts."""
