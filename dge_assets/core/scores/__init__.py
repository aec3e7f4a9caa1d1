"""How good predictions and claims are: metrics, their replicates, and the score tables with their
intervals.

Not here: fitting and predicting (`downstream`), scores of groups (`groups`), what more members buy
(`ensemble`).
"""
