"""The ways to reach people. A channel sends one message and says how that ended; it remembers nothing."""
