"""Words every room shares: errors, clock, calendar, names, wire format. Imports nothing of ours."""
