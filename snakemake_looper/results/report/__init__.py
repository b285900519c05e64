"""A project's results as web pages.

report            the whole of it: from a job table to a written report
report_levels     results and statuses of each pipeline and level, as read
report_pages      the pages as values, with report_values: values as cells of a table
report_documents  the texts of all files
report_files      names of files, links between them, and how a folder or a zip is written
report_lists      long lists in parts, which the script of a page draws
report_live       versions of pages, and the state of a run that they follow
report_csv        tables for other programs
templates/        the pages, their style and their script
"""
