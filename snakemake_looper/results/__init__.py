"""The results of records: where they are, how they get there, and what is made of them.

stores/            a class for each back end that pipestat has
results_file       the format of pipestat's files; `schema_check`: values against the schema
yaml_text          YAML of other people, read with care; `json_values`: any value as JSON
assemble           the user's results file, from one file per record
publish            what the main process does before and after a run
earlier            results of earlier runs: set aside, removed or put back
records            all results of a project; `project_records`: with statuses and attributes
for_python         the same as a part of the public API
table              looper's files of results; `printed_table`: one table of all, as rows that
                   `flat` makes; `table_formats`: texts of tables
report/            the same as web pages; `multiqc/`: as files that MultiQC puts into its own
statuses           the status of each record, as `check` shows it; `removed`: of samples that left
remove, links      what `destroy` and `link` do
database, …        pipestat's tables on a server and in SQLite; `pephub_table` for PEPhub
"""
