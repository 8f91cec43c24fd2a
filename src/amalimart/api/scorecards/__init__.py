"""Scorecards: metrics of one vendor, held against declared bands."""
