"""What the product says about itself while it runs: progress for people, structured logs for machines."""
