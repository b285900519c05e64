"""The options of looper: one table, their values, and the places that they come from.

options                              the table: name, reader, spellings, help of each option
option_values                        readers of values
option_sources                       `--config`, profiles, configfiles, `cli:` sections
"""
