"""Kept questions that are answered by themselves: which are due, their files, and what becomes of these."""
