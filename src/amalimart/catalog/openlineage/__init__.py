"""OpenLineage: what a release read, wrote and checked, in the words that other catalogues understand."""
