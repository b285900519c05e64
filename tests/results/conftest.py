"""Projects with results of several runs, for all tests of this folder."""

from __future__ import annotations

from support.earlier import anywhere, count, played

__all__ = ["anywhere", "count", "played"]
