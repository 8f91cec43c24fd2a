"""Tells OpenLineage of releases: seen as they are built, kept until told, sent without delaying any."""
