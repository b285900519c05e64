"""A logger plugin of Snakemake that adds the option `--use-looper-config [PATH]`.

Snakemake imports every top-level package named `snakemake_logger_plugin_*` when it builds its
command-line parser. So every `snakemake` process of the environment imports this package, also one
that has nothing to do with looper. Therefore this package imports nothing heavy.

The settings class adds the option to Snakemake's parser. The option has a second spelling, which
Snakemake derives from the name of the field: the plugin catalog prints that one.

Snakemake hands a logger plugin its settings only after it has chosen the Snakefile, so `hook` looks
at the result of the parser. With the option, it plans the project and chooses its Snakefile. Without
the option, it does nothing.

`handler` follows the run.
"""

from dataclasses import dataclass, field
from typing import Any, Optional

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

from . import hook


@dataclass
class LogHandlerSettings(LogHandlerSettingsBase):
    """The option: absent, without a value ("" after parsing), or with a path."""

    use_looper_config: Optional[str] = field(  # noqa: UP045 (Snakemake reads this annotation)
        default=None,
        metadata={
            "args": ["--use-looper-config", "--logger-looper-use-looper-config"],
            "nargs": "?",
            "type": str,
            "metavar": "PATH",
            "help": "Run the looper project of this looper config, or of the nearest "
            ".looper.yaml in this folder or above it. Options of looper are given as "
            "--config, for example --config limit=2.",
        },
    )


class LogHandler(LogHandlerBase):
    """Hands Snakemake's log records to a `handler.Watcher`."""

    def __post_init__(self) -> None:
        from .handler import Watcher  # only in a process that uses the plugin

        asked = getattr(self.settings, "use_looper_config", None)
        if isinstance(asked, str):
            hook.refuse_if_passed_by()
        self._watcher = Watcher(self.common_settings, has_option=isinstance(asked, str))

    def follow(self, session: Any) -> None:
        """Follow a session. The Snakefile of its project calls this while Snakemake reads it."""
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
        return self._watcher.takes_the_stream

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
