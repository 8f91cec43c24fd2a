"""Lists that support and delivery work through, and what happened to one order."""
