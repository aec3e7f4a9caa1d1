"""Generator families: an algorithm with its hyperparameters, trained per seed into a member."""
