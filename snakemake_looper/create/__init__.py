"""New projects: files that a user begins with, with comments that explain them.

- `samples`: the table of samples, from a table, from names of files, or three for a try
- `texts`: looper config, PEP, pipeline interface, output schema, script that reports results
- `json_schemas`: JSON Schemas of these files, for editors
- `new_project`: these together; written only where no file is in the way
"""
