"""Amalimart Analytics: governed, live numbers for a multi-vendor marketplace."""

__version__ = "0.1.0"
