"""The keys of a project's files: each with its form, its meaning and an example, in one place.

Checks take the names and types from these tables. `create.json_schemas` makes the JSON Schemas of
`snakemake-looper schema` from them, and `docs/make_keys.py` the page "Keys". So the three agree.

- `key`: a key, the forms of values, a kind of file
- `of_looper_config`, `of_pipestat`, `of_pep`, `of_interface`, `of_results`: the tables
"""
