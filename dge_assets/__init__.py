"""What is made: Dagster definitions, thin, over a pure core (`dge_assets.core`)."""
