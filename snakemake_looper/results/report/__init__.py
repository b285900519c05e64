"""A project's results as web pages.

report          from results and statuses to the texts of all files
report_values   values as cells of a table
report_files    names of files, links between them, and how a folder or a zip is written
templates/      the pages, their style and their script
"""
