"""The state of records and runs on disk.

flags        small files that say the status of a record
journal      a run's own notes: its plan, its jobs, how they failed
processes    which runs and jobs are alive
reasons      why a record failed
"""
