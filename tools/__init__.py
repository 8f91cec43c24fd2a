"""What maintains the repository; nothing here is part of the product."""
