"""Pictures: one table in, the PNG bytes of one picture out.

Not here: which picture a page or an asset shows (the cards of the evaluation tables say).
"""
