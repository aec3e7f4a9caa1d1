"""An evaluation as work that runs side by side: what each part is given, does, and gives back.

Not here: what the scores mean (`scores`, `groups`, `ensemble`, `uncertainty`), what is kept
(`dge_assets.assets`).
"""
