"""Which generator made an artifact, and from what: provenance records and content hashes.

Not here: keeping them (`dge_resources`), which assets there are (`dge_assets.assets`).
"""
