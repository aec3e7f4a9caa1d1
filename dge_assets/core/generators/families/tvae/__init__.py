"""The family `tvae`: its card, and how its trainer and sampler become a family.

Not here: the mathematics (`generators.stacked`).
"""
