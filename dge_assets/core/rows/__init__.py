"""Whole tables of rows, real or synthetic: taking them in, splitting and stacking them.

Not here: single cells and kinds (`contract`), encoding rows for networks (`generators.encoding`).
"""
