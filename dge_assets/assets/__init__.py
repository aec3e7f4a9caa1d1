"""One module per stage of the line, in its order."""
