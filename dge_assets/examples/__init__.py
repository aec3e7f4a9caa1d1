"""Examples of code that uses what the line releases."""
