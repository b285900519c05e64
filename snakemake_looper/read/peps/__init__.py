"""The samples: a PEP with its table, and everything that is wrong or odd about it.

`pep` is the beginning. `peppy_project` calls peppy (`peppy_merging` changes how it merges rows),
and `pephub` the server. The same files are read here once more, for messages with their lines:

pep_config, pep_faults, pep_reasons  the config with its imports; faults; why peppy refuses it
pep_modifiers, sample_faults         modifiers of a wrong form; modifiers without effect on samples
empty_cells                          empty cells that leave a gap in derived paths
tables, table_text                   sample tables row by row
old_pep                              PEPs of looper 0.x
"""
