"""From the files of a looper project to a `Project`: one value that holds all of them.

Begin with `project`: it has the files in the order in which they are read.

looper_config, options, settings    what to run: the looper config, options of all sources, merged
pep                                 the samples; `peppy_project` is the seam to peppy, `pephub` pulls
interface, directives, pre_submit   the pipelines, with their command templates (`templates`)
input_schema, output_schema         what samples must have, and what pipelines report
compute                             the files that compute settings are read from
secrets, deprecated                 passwords become references; older keys have a replacement
yaml_lines                          YAML with the line of each key, for messages
"""
