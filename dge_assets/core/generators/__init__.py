"""Generator families: an algorithm with its hyperparameters, trained per seed into a member.

Not here: what is learnt from members' datasets (`downstream`), where members are kept
(`dge_resources`).
"""
