"""The results of records: where they are, how they get there, and what is made of them.

stores/            a class for each back end that pipestat has
results_file       the format of pipestat's files; `schema_check`: values against the schema
yaml_text          YAML of other people, read with care; `json_values`: any value as JSON
assemble           the user's results file, from one file per record
publish            what the main process does before and after a run
earlier            results of earlier runs: set aside, removed or put back
records, table     all results of a project, and tables of them; `table_formats`: their texts
report/            the same as web pages
statuses           the status of each record, as `check` shows it; `removed`: of samples that left
remove, links      what `destroy` and `link` do
database, …        pipestat's tables on a server and in SQLite; `pephub_table` for PEPhub
"""
