"""Planning: from a `Project`, which was read, to a `Plan`, which can be written.

Begin with `planner`: it has the stages in their order. Each stage is a module of its own. Planning
reads the sizes of input files and, if options ask about statuses, status flags. It writes nothing.
"""
