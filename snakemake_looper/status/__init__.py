"""The state of records and runs on disk: flags, journals, processes, reasons of failures."""
