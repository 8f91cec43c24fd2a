"""Payouts to vendors, explained line by line."""
