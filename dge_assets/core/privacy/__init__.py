"""What a dataset or a contract gives away of single rows: copies, levels and bounds that few rows
share.

Not here: what a declaration allows (`contract.disclosure`), gating a release (`dge_assets.assets`).
"""
