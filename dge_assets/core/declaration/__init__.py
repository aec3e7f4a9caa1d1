"""What a person writes in a `defs.yaml`, checked before anything runs; light, as it loads with the
code location.

Not here: reading files (`dge_assets.declarations`), the contract's own words (`contract`), the
families' (`generators`).
"""
