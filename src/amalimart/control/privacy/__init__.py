"""Who was erased by whose word, and the words of a person taken out of this database."""
