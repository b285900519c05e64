"""Reading: from the files of a looper project to a `Project`, one value with all their content.

Begin with `project`: it reads the files in their order.

looper_config, settings           the looper config; the options of all sources, merged
peps/                             the samples; `samples`: these alone
interfaces/, templates/           the pipelines, and their command templates
schemas/                          the attributes that samples need; the results of pipelines
options/                          the options of looper, and the places that they come from
keys/                             the keys of all files, from which checks take names and types
documents/                        YAML with the line of each key
secrets                           passwords become references
output_folder                     folders that cannot be made
deprecated, first_config,         older keys; other files in the place of a looper config; lines
lost_indentation                  that lost their indentation
"""
