"""The control database: users, sign-in, sessions, what people decided. Knows nothing of metrics or pages."""
