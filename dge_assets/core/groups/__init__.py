"""Groups of real rows, found on features alone, and how each approach does in each of them.

Not here: scores over all rows (`scores`), what makes a test one of many (`intervals.multiplicity`).
"""
