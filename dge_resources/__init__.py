"""Where things are kept and what runs them: lake, artifacts, warehouse, releases, sources, compute."""
