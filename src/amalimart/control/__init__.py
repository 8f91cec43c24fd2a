"""The control database: users, sign-in and sessions. Knows nothing of metrics, releases or pages."""
