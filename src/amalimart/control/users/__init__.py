"""Users: who they are, how they come in, and what admins do with them."""
