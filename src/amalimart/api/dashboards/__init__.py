"""Dashboards: what a YAML file may say, what a page's address means, which questions a page asks."""
