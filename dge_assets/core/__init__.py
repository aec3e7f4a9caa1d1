"""The pure core: frames and arrays in, values out; seeds passed in; no dagster, no duckdb, no paths."""
