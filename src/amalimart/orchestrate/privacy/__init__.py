"""One person's data: handing it out, taking it out of everything that is kept, and what keeps it so."""
