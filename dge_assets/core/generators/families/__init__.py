"""The families of this project: each folder has a family's card (`card.py`, light) and its code.

A folder with a card is a family: nothing else lists them. Not here: finding cards
(`generators.registry`), what several families share (`generators.epochs`, `generators.stacked`).
"""
