"""The room of planning: from a `Project`, which was read, to a `Plan`, which can be written.

Begin with `planner`: it has the stages in their order, each in a module of its own.
"""
