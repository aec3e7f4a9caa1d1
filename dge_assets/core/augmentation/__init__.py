"""Whether synthetic rows beside a few real rows pay.

Not here: models that see synthetic rows alone (`scores`).
"""
