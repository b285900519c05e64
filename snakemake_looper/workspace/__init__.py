"""The plan on disk: Snakefile, job table, and what makes a plan stale."""

# The README of version 0.1 named the Snakefile of a module by this function, from here.
from ..layout import data_dir as data_dir
