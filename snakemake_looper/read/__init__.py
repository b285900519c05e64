"""Reading: from the files of a looper project to a `Project`, one value with all their content.

Begin with `project`: it reads the files in their order.

looper_config, options, settings    the looper config; the options of all sources, merged
pep                                 the samples; `peppy_project` calls peppy, `pephub` the server
pep_config, pep_faults, pep_reasons the files of a PEP, and all that is wrong or odd about them
pep_modifiers, sample_faults        modifiers of a wrong form; modifiers without effect on samples
tables, table_text                  sample tables row by row, for messages
interface, directives, pre_submit   the pipelines, with their command templates (`templates`)
input_schema, output_schema         the attributes that samples need; the results of pipelines
schema_files, schema_refs           the files of an input schema; `remote` gets those on the web
schema_faults, schema_words         slips in schemas, and samples that do not fit, in our words
compute                             the files with compute settings
secrets                             passwords become references
deprecated, old_pep, old_interface  older keys, each with its replacement; files of looper 0.x
first_config, lost_indentation      other files in the place of a looper config; slips of the YAML
yaml_lines                          YAML with the line of each key; `yaml_nodes` refuses bombs, and
                                    `yaml_faults` has the words for broken YAML
"""
