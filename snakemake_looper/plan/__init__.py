"""From a `Project`, which was read, to a `Plan`, which can be written.

Begin with `planner`: it has the stages in their order, each in a module of its own. Planning reads
the sizes of input files and, where options ask about them, status flags. It writes nothing.
"""
