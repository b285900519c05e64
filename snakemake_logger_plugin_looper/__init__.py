"""`snakemake --use-looper-config [PATH]`.

Snakemake imports every top-level package named `snakemake_logger_plugin_*` when it builds its
command-line parser, so this one declares and nothing else: every `snakemake` process of the
environment pays for what is imported here, also those that have nothing to do with looper.

The settings class below adds the option. A logger plugin is told its settings only after the
Snakefile has been chosen, so `hook.install` looks at what the parser returns: if the option is
there, the project is planned and its Snakefile chosen. Without the option nothing happens.
"""

from dataclasses import dataclass, field
from typing import Any, Optional

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

from . import hook


@dataclass
class LogHandlerSettings(LogHandlerSettingsBase):
    use_looper_config: Optional[str] = field(  # noqa: UP045 (Snakemake reads this annotation)
        default=None,
        metadata={
            "args": ["--use-looper-config"],
            "nargs": "?",
            "type": str,
            "metavar": "PATH",
            "help": "Run the looper project of this looper config, or of the nearest "
            ".looper.yaml in this folder or above it. Options of looper are given as "
            "--config, for example --config limit=2.",
        },
    )


class LogHandler(LogHandlerBase):
    """Watches a run of a looper project; see `handler.Watcher` for what it does."""

    def __post_init__(self) -> None:
        from .handler import Watcher

        self._watcher = Watcher(self.common_settings)

    def follow(self, session: Any) -> None:
        """Look on at a session; called while the Snakefile of its project is read."""
        self._watcher.follow(session)

    def emit(self, record: Any) -> None:
        self._watcher.take(record)

    def close(self) -> None:
        watcher = getattr(self, "_watcher", None)
        if watcher is not None:
            watcher.finish()
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        return self._watcher.is_live

    @property
    def writes_to_file(self) -> bool:
        return False

    @property
    def has_filter(self) -> bool:
        return True

    @property
    def has_formatter(self) -> bool:
        return True

    @property
    def needs_rulegraph(self) -> bool:
        return False


hook.install()
