"""A first mapping for a shop nobody has mapped yet: proposed from facts about its tables, never applied.

    facts -> words and names -> columns -> tables -> draft -> YAML with a confidence beside each line

What words mean stands in marketplace/drafting/*.yml, not here. A draft is a guess: whatever it is not
sure of stays in a comment, and every column it leaves out says so.
"""
