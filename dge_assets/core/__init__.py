"""The pure core, in rooms by subject: frames and arrays in, values out; seeds passed in.

What all rooms speak of stands here: errors, arrays, random streams, threads, rounding, and the two
protocols whole (`protocols`). Not here: Dagster, DuckDB, files and paths, the network. Imports go
down only, from room to room as well as from package to package; a test holds the order.
"""
