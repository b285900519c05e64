"""The room of Snakemake profiles: ready-made ones, and those made from divvy compute packages."""
