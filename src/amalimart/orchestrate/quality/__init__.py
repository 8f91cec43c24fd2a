"""The monitored checks of a project, and what they look at."""
