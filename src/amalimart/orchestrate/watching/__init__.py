"""What goes wrong and how things stand, for whoever runs the house."""
