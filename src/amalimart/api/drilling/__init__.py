"""The step below a dashboard's last grouping: the single orders behind a member."""
