"""SQL as text: how expressions and statements are written, and the guard that reads a finished one again."""
