"""From a divvy compute package, as looper submits with, to a Snakemake profile: see `translate`."""
