"""How many rows a day, week, quarter or year should have, and whether it has: counts in, verdicts out."""
