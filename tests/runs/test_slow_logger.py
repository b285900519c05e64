"""Statuses are true also if Snakemake's log queue is slow: it has one thread for all plugins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from support.projects import edit, flags
from support.running import cli, snakemake

# A logger plugin of somebody else. For each failure, it keeps the thread of the queue busy.
SLOW = """
import time
from dataclasses import dataclass
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

@dataclass
class LogHandlerSettings(LogHandlerSettingsBase):
    pass

class LogHandler(LogHandlerBase):
    def __post_init__(self):
        pass

    def emit(self, record):
        if "restart" in str(record.msg) or "ERROR" in str(getattr(record, "event", "")):
            time.sleep(1)

    writes_to_stream = writes_to_file = needs_rulegraph = False
    has_filter = has_formatter = True
"""


def test_tries_are_told_apart(project: Callable[..., Path]) -> None:
    """What is noted about one try must not touch the flag of the next one."""
    folder = project(
        {
            ".looper.yaml": """
                pep_config: samples.csv
                output_dir: out
                pipeline_interfaces: [count.yaml]
                pipestat: {flag_file_dir: flags}
                """,
            "samples.csv": "sample_name\na\n",
            "count.yaml": """
                pipeline_name: count
                sample_interface:
                  command_template: "echo {sample.sample_name} >> tries.txt; test -e good"
                """,
        }
    )
    plugin = folder / "plugins/snakemake_logger_plugin_slow"
    plugin.mkdir(parents=True)
    (plugin / "__init__.py").write_text(SLOW)
    # The slow plugin is asked first: `--logger` comes before what the option adds.
    words = ("--logger", "slow", "--use-looper-config", "--cores", "1", "--retries", "2")
    done = snakemake(*words, cwd=folder, PYTHONPATH=str(plugin.parent))
    assert done.code == 1
    assert (folder / "tries.txt").read_text() == "a\na\na\n", done.text
    assert flags(folder) == ["count_a_failed.flag"]
    assert "exit code 1" in cli("check", "--itemized", cwd=folder).out
    assert "never began" not in done.text

    edit(
        folder / "count.yaml",
        "test -e good",
        "grep -c . tries.txt; test $(wc -l < tries.txt) -gt 4",
    )
    done = snakemake(*words, cwd=folder, PYTHONPATH=str(plugin.parent))
    assert done.code == 0, done.text
    assert (folder / "tries.txt").read_text() == "a\n" * 5
    assert flags(folder) == ["count_a_completed.flag"]
