"""Between a real table and what generators learn: gaps, levels, scales, mixtures; and the way back.

Not here: any learning of a generator (`generators.stacked`), the contract's types (`contract`).
"""
