"""Resources that grow with each try: `mem_mb: 2000 * attempt` in an interface's `snakemake:`.

Snakemake works out such text where it stands in a profile or on its command line; in a rule it
wants a function. So text that is an expression of `attempt` becomes one. Names of other resources
stand for what the compute settings give a job: `mem_mb: mem_mb * attempt` doubles the memory of
the size table with the second try.

The Snakefile makes functions of what stands in it or in the job table; it imports this module, and
every job on a cluster does.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from typing import Any

ATTEMPT = "attempt"
_FUNCTIONS = {one.__name__: one for one in (abs, int, max, min, round)}
_SIGNATURE = inspect.Signature(
    [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for name in ("wildcards", ATTEMPT)
    ]
)


class Formula(str):
    """The text of a resource that depends on the number of the try."""


class FormulaError(ValueError):
    """A formula refers to something that its job does not have."""


def resource(text: str) -> str:
    """The value of a resource: a formula, if it is an expression of `attempt`; else text."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError):
        return text
    return Formula(text.strip()) if ATTEMPT in _names(tree) else text


def filled(formula: Formula, values: Mapping[str, int | str]) -> Formula:
    """A formula with the numbers of a job for the names in it; `attempt` is left.

    Raises:
        FormulaError: a name is that of no resource of the job.
    """
    tree = ast.parse(formula, mode="eval")
    for name in sorted(_names(tree) - {ATTEMPT, *_FUNCTIONS}):
        if name not in values:
            known = ", ".join([ATTEMPT, *values, *_FUNCTIONS])
            raise FormulaError(f"'{formula}': there is no '{name}'; what can be used is {known}")
    return Formula(ast.unparse(_Filler(values).visit(tree)))


def by_attempt(source: str | Callable[[Any], str]) -> Callable[[Any, int], int]:
    """A resource as Snakemake wants it, from a formula or from a lookup of one."""

    def work_out(wildcards: Any, attempt: int) -> Any:
        text = source if isinstance(source, str) else source(wildcards)
        return eval(text, {"__builtins__": _FUNCTIONS, ATTEMPT: attempt})

    work_out.__signature__ = _SIGNATURE  # type: ignore[attr-defined]
    return work_out


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


class _Filler(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, int | str]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(self._values[node.id]) if node.id in self._values else node
