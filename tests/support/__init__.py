"""What several test modules share: frames of every kind, and pure functions for worker processes to
run.
"""
