"""What a card is: all that is declared of one evaluation table, or of one check, in one value.

Not here: the cards themselves. Each lies beside what makes it, in its room's `cards.py`, and
`evaluation.catalogue` has them all.
"""
