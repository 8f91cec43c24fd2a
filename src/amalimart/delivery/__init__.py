"""What leaves the house for people: messages about incidents, by e-mail and webhook."""
