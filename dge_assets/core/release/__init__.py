"""What consumers find beside the datasets.

Not here: writing and checking a release's files (`dge_resources.releases`), the custodian's report
(`reporting`).
"""
