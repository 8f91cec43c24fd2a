"""Project folders, strict YAML and secrets."""
