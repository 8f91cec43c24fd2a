"""Definitions in the forms of other tools, each with a report of what the form cannot carry."""
