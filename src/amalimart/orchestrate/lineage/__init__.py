"""The lineage of what is published, traced and asked."""
