"""Backups of a project: taken while it runs, verified, and restored."""
