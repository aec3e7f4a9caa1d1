"""Downstream models: which there are, how one is fitted on a dataset, predicts, and becomes a file.

Not here: how good predictions are (`scores`), which datasets a model is fitted on for a table
(`evaluation`).
"""
