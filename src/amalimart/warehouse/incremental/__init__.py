"""How a model follows the changes of what it reads, instead of being built anew."""
