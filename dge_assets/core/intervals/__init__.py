"""Where a number could have lain: replicates of rows, jackknives over members, many tests at once.

Not here: which number of a table gets which interval (`scores`, `ensemble`, `uncertainty`,
`groups`).
"""
