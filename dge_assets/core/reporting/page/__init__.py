"""The custodian's report: the numbers of one table in, one self-contained HTML page out.

Not here: drawing (`reporting.pictures`), the numbers themselves.
"""
