"""Rollups: facts added up beforehand, declared here, used where the answer is provably the same."""
