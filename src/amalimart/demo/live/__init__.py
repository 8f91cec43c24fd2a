"""The shop after the load: new orders arrive and open ones move along, in real transactions."""
