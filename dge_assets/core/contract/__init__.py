"""The contract: what a real table must look like, and the reading of cells, kinds and ranges that
it rests on.

Not here: what else a declaration says (`declaration`), acting on disclosure (`privacy`), splitting
rows (`rows`).
"""
