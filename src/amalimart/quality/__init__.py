"""Whether the numbers can be trusted: monitored checks over what was landed and what is published."""
