"""The audit: decisions of people, and the log of what was asked, chained and verified."""
