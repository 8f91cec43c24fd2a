"""The metrics of a project over time, and how much they are asked."""
