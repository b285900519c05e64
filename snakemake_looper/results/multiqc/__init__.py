"""A project's results as files that MultiQC puts into its own report.

export     the whole of it: from a job table to the files in a folder
sections   the files as values: general statistics, tables, statuses
pictures   images of results, as a section of MultiQC's page
words      texts of others, safe in a page that takes them for HTML; names that are ids there
tsv        a table with its settings above it, as MultiQC reads it
"""
