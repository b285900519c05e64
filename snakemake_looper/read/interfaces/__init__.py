"""The pipelines: pipeline interfaces with their command templates and compute settings.

interface                            the whole file; `interface_commands` and `interface_keys`, parts
directives, pre_submit               the sections `snakemake:` and `pre_submit:`
size_table, compute                  size tables; the files of compute settings
old_interface                        interfaces of looper 0.x
"""
