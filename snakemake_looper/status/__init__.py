"""The state of records and runs on disk.

flags        small files that say how far a record is
journal      a run's own notes: its plan, its jobs, how they died
processes    which runs and jobs are alive
reasons      why a record failed
"""
