"""What the HTTP door needs from the other rooms, by who asks for it. Owns no behaviour."""
