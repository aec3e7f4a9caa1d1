"""Scores as people read them; texts, frames and Markdown that page and pictures share stand at this
room's root.

Not here: computing anything that is shown.
"""
