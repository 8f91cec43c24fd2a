"""Rollups as models: their SQL, how they follow changes, and their descriptions."""
