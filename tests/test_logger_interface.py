"""The plugin as its interface sees it, and as the catalog of Snakemake's plugins shows it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from snakemake.cli import get_argument_parser
from snakemake.common.argparse import ArgumentParser
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase
from snakemake_interface_logger_plugins.tests import TestLogHandlerBase

from snakemake_logger_plugin_looper import LogHandler, LogHandlerSettings, hook
from snakemake_logger_plugin_looper import handler as handler_module
from snakemake_looper import cli

PRINTED_BY_THE_CATALOG = "--logger-looper-use-looper-config"


class TestOurHandler(TestLogHandlerBase):
    """The interface's own tests, without a looper project."""

    __test__ = True

    def get_log_handler_cls(self) -> type[LogHandlerBase]:
        return LogHandler

    def get_log_handler_settings(self) -> LogHandlerSettingsBase:
        return LogHandlerSettings()


class TestOurHandlerWithItsOption(TestOurHandler):
    """The same, after `--use-looper-config`."""

    def get_log_handler_settings(self) -> LogHandlerSettingsBase:
        return LogHandlerSettings(use_looper_config="")


@pytest.fixture(autouse=True)
def chosen() -> Iterator[None]:
    """The parser has chosen a Snakefile, as before each handler of a run."""
    token = hook._has_chosen.set(True)
    yield
    hook._has_chosen.reset(token)


@pytest.mark.parametrize("handler", [TestOurHandler(), TestOurHandlerWithItsOption()])
def test_a_handler_prints_no_traceback(
    handler: TestOurHandler, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error in the plugin never breaks a run, so only its traceback shows it."""
    for name in dir(handler):
        if name.startswith("test_"):
            getattr(handler, name)()
    assert "Traceback" not in capsys.readouterr().err


def test_the_catalog_shows_an_option_that_exists() -> None:
    plugin = LoggerPluginRegistry().get_plugin("looper")
    (setting,) = plugin.get_settings_info()
    assert setting["cliarg"] == PRINTED_BY_THE_CATALOG
    assert setting["cliarg"] in get_argument_parser()._option_string_actions
    assert setting["help"].endswith(".")
    typed = setting["type"].__name__  # the catalog writes types by name
    assert json.dumps({**setting, "type": typed})


@pytest.mark.parametrize(("words", "path"), [([], None), (["project"], "project")])
def test_both_spellings_are_one_option(words: list[str], path: str | None) -> None:
    original = ArgumentParser.parse_known_args.__wrapped__  # type: ignore[attr-defined]
    for spelling in ("--use-looper-config", PRINTED_BY_THE_CATALOG):
        parsed, rest = original(get_argument_parser(), [spelling, *words])
        assert (parsed.use_looper_config, parsed.targets, rest) == (path, set(), [])


# --- a command line that passes our parser by -----------------------------------------------------

PASSED_BY = (
    "error: --use-looper-config: this version of Snakemake reads its command line in another way,"
    " and the option has no effect; run 'snakemake-looper generate -o workflow_dir', then"
    " 'snakemake --snakefile workflow_dir/workflow/Snakefile'\n"
)


@pytest.mark.parametrize("path", ["", "project/.looper.yaml"])
def test_a_run_whose_snakefile_nobody_chose_is_refused(
    capsys: pytest.CaptureFixture[str], path: str
) -> None:
    """Snakemake would run another workflow: that of the folder it was started in."""
    hook._has_chosen.set(False)
    settings: Any = SimpleNamespace()
    with pytest.raises(SystemExit) as ended:
        LogHandler(settings, LogHandlerSettings(use_looper_config=path))
    assert ended.value.code == 2
    assert capsys.readouterr().err == PASSED_BY


CLICK = """
import sys

sys.argv = ["snakemake", *WORDS]
if "gone" in WORDS:
    sys.modules["snakemake.common.argparse"] = None
import snakemake_logger_plugin_looper

print("an error of its own", file=sys.stderr)
sys.exit(2)
"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--use-looper-config"], PASSED_BY),
        (["--use-looper-config=project"], PASSED_BY),
        (["gone", "--logger-looper-use-looper-config", "project"], PASSED_BY),
        (["gone", "--cores", "1"], ""),
        (["--logger", "looper"], ""),
    ],
)
def test_a_command_line_that_does_not_know_the_option(words: list[str], said: str) -> None:
    """A stand-in for a Snakemake with click, whose parser refuses the option itself."""
    done = subprocess.run(
        [sys.executable, "-c", f"WORDS = {words}\n{CLICK}"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (2, f"an error of its own\n{said}")


@pytest.mark.parametrize("code", [None, 2])
def test_our_own_command_on_such_a_command_line(
    touch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: object
) -> None:
    """Also if Snakemake takes the option for nothing, and runs another workflow."""

    def main(words: list[str]) -> None:
        if code is not None:
            raise SystemExit(code)

    monkeypatch.chdir(touch)
    monkeypatch.setattr("snakemake.cli.main", main)
    token = hook._was_called.set(False)
    try:
        assert cli.main(["run"]) == 2
    finally:
        hook._was_called.reset(token)
    assert capsys.readouterr().err == PASSED_BY


def test_a_stopped_terminal_does_not_hold_up_the_end_of_a_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Results are published next, and nobody may come to press Ctrl+Q."""
    monkeypatch.setattr(handler_module, "_DRAIN_SECONDS", 0.0)
    settings: Any = SimpleNamespace(dryrun=False, quiet=[Quietness.ALL], nocolor=True, stdout=False)
    watcher, session = handler_module.Watcher(settings), cast(Any, SimpleNamespace(journal=None))
    watcher.follow(session)
    with watcher._view_lock:  # as the thread has it that writes to the terminal
        end = threading.Thread(target=session.drain, daemon=True)
        end.start()
        end.join(timeout=10)
        assert not end.is_alive()
