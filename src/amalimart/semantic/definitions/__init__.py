"""What the YAML of datasets, dimensions and metrics says, checked and put together."""
