"""The schemas: attributes that samples need, and results that pipelines report.

input_schema                         of samples, with the files that it imports (`schema_files`),
                                     references (`schema_refs`) and files on the web (`remote`)
output_schema, pipestat_schema       of results; `output_schema_faults`: what pipestat refuses
schema_faults, schema_words          slips in schemas, and samples that do not fit, in our words
patterns                             regular expressions that never end are given up
"""
