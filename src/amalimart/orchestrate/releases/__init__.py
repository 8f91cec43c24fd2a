"""Releases of a project: built, followed, looked at, accepted, and made anew."""
