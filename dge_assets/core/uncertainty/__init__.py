"""How unsure an ensemble is of each row, what of that comes from the generators, and whether it is
right to be.

Not here: intervals of scores (`intervals`, `scores`), drawing (`reporting.pictures`).
"""
