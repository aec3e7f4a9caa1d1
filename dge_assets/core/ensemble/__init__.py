"""What more members buy: the K curve, the parts of the error, whether members err alike, a
recommended K.

Not here: scores of one ensemble (`scores`), training members (`generators`).
"""
