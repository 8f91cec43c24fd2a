"""Whether the numbers can be trusted: monitored checks of counts, age, shape and sums."""
