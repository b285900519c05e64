"""Files that Snakemake is told to make, because its own records do not say that they are due."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .engine import Engine

Left = Callable[[], list[str]]
"""Returns the files that earlier runs left to be made, see `results.unfinished`."""
Changed = Callable[[Sequence[str]], Iterable[str]]
"""Returns flags of jobs of some rules that have changed without Snakemake's knowledge, see
`results.outdated.declared_later`."""


class Forced:
    """Forces files in the main process, once its graph of jobs is being built."""

    def __init__(self, engine: Engine, left: Left, changed: Changed) -> None:
        self._engine = engine
        self._find_left = left
        self._find_changed = changed
        self._left: list[str] | None = None

    @property
    def _is_possible(self) -> bool:
        return self._engine.is_main and self._engine.has_graph

    def what_is_left(self) -> bool:
        """Force what earlier runs left; False if there is nothing."""
        if not self._is_possible:
            return False
        if self._left is None:
            self._left = self._find_left()
            self._engine.force(self._left)
        return bool(self._left)

    def what_has_changed(self, rules: Sequence[str]) -> None:
        """Force the jobs of these rules that have changed without Snakemake's knowledge."""
        if self._is_possible:
            self._engine.force(self._find_changed(rules))
