"""Statistics beside models: estimates of one dataset, and the combining rules that make one
interval of K.

Not here: which statistics are asked for (`declaration.statistics`), scores of models (`scores`).
"""
