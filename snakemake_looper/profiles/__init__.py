"""Snakemake profiles: ready-made ones, and profiles made from divvy compute packages."""
