"""What an edit of the project would do, found out without doing it."""
