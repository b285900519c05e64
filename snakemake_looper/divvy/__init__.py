"""A divvy compute package as a Snakemake profile.

`package` reads a package and takes its submission template apart; `apptainer`, `sbatch` and
`submit` know what options of containers, of SLURM and of other clusters are in a profile;
`translate` puts it together, and names what has no counterpart.
"""
