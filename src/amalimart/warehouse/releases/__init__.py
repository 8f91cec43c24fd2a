"""What is remembered of releases: published ones, held-back ones, and what was accepted."""
