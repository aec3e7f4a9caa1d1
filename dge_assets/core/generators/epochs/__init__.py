"""What families that learn in epochs share: the loop, its losses, checkpoints, and when to stop.

Not here: a family's step of training or sampling (`generators.stacked`).
"""
