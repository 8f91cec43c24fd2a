"""Use cases over many rooms: building releases, following sources, running and checking a project."""
