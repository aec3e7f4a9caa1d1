"""What the project promises under faults, measured: promises, the long stages that try them, and
the page of both.
"""
