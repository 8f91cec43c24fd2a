"""The files and settings of one project, and what is opened from them."""
