"""The sources of a project: found, described, added, followed and removed."""
