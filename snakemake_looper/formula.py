"""Resources that grow with each try: `mem_mb: 2000 * attempt` in an interface's `snakemake:`.

Snakemake evaluates such an expression if it is in a profile or on its command line. In a rule it
needs a function. So `by_attempt` makes a function of an expression of `attempt`. The name of
another resource stands for the value that the compute settings give the job: `mem_mb: mem_mb *
attempt` doubles the memory of the size table with the second try.

Every job on a cluster imports this module, so it needs the standard library only.
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
    """The text of a resource that depends on the number of the try, `attempt`: 1 for the first."""


class FormulaError(ValueError):
    """A formula contains a name, and its job has no resource of that name."""


def resource(text: str) -> str:
    """The value of a resource: a `Formula` if it is an expression of `attempt`, else plain text."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError):
        return text
    return Formula(text.strip()) if ATTEMPT in _names(tree) else text


def filled(formula: Formula, values: Mapping[str, int | str]) -> Formula:
    """A formula whose names are replaced by a job's values. The name `attempt` stays.

    Raises:
        FormulaError: the job has no resource of a name in the formula.
    """
    tree = ast.parse(formula, mode="eval")
    for name in sorted(_names(tree) - {ATTEMPT, *_FUNCTIONS}):
        if name not in values:
            known = ", ".join([ATTEMPT, *values, *_FUNCTIONS])
            raise FormulaError(f"'{formula}': there is no '{name}'; use one of {known}")
    return Formula(ast.unparse(_Filler(values).visit(tree)))


def by_attempt(source: str | Callable[[Any], str]) -> Callable[[Any, int], int]:
    """A function that gives Snakemake the resource for each try.

    Args:
        source: a formula, or a lookup that gives the formula of a job.
    """

    def evaluate(wildcards: Any, attempt: int) -> Any:
        text = source if isinstance(source, str) else source(wildcards)
        return eval(text, {"__builtins__": _FUNCTIONS, ATTEMPT: attempt})

    evaluate.__signature__ = _SIGNATURE  # type: ignore[attr-defined]
    return evaluate


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


class _Filler(ast.NodeTransformer):
    """Replaces names by values."""

    def __init__(self, values: Mapping[str, int | str]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(self._values[node.id]) if node.id in self._values else node
