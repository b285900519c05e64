"""Which view a run gets."""

from __future__ import annotations

import io
from typing import Any

import pytest
from snakemake.settings.enums import Quietness
from support.views import Stream, settings

from snakemake_looper.show.choice import choose

R, P, A, H = Quietness.RULES, Quietness.PROGRESS, Quietness.ALL, Quietness.HOST


@pytest.mark.parametrize(
    ("asked", "mode", "without_terminal"),
    [
        ({}, "live", "plain"),
        ({"nocolor": True}, "live", "plain"),
        ({"stdout": True}, "live", "plain"),
        ({"quiet": {R}}, "live", "plain"),
        ({"quiet": {R, H, Quietness.REASON}}, "live", "plain"),
        ({"quiet": {P}}, "plain", "plain"),
        ({"quiet": {R, P}}, "plain", "plain"),
        ({"quiet": {A}}, "none", "none"),
        ({"verbose": True}, "plain", "plain"),
        ({"printshellcmds": True}, "plain", "plain"),
        ({"debug_dag": True}, "plain", "plain"),
        ({"show_failed_logs": True}, "plain", "plain"),
        ({"dryrun": True}, "none", "none"),
        ({"dryrun": True, "verbose": True}, "none", "none"),
        ({"quiet": {A}, "verbose": True}, "none", "none"),
    ],
)
def test_settings_choose_the_view(asked: dict[str, Any], mode: str, without_terminal: str) -> None:
    assert choose(settings(**asked), Stream(), others=False) == mode
    assert choose(settings(**asked), Stream(tty=False), others=False) == without_terminal
    assert choose(settings(**asked), Stream(), others=True) == "none"


@pytest.mark.parametrize(
    ("asked", "mode"),
    [
        ({}, "dry run"),
        ({"nocolor": True}, "dry run"),
        ({"show_failed_logs": True}, "dry run"),
        ({"quiet": {R}}, "none"),
        ({"quiet": {P, R}}, "none"),
        ({"quiet": {A}}, "none"),
        ({"verbose": True}, "none"),
        ({"printshellcmds": True}, "none"),
        ({"debug_dag": True}, "none"),
    ],
)
def test_a_dry_run_is_told_where_no_details_are_asked_for(asked: dict[str, Any], mode: str) -> None:
    dry = settings(dryrun=True, stdout=True, **asked)
    for stream in (Stream(), Stream(tty=False)):
        assert choose(dry, stream, others=False, has_option=True) == mode
        assert choose(dry, stream, others=True, has_option=True) == "none"
        assert choose(dry, stream, others=False) == "none", "a Snakefile of the user"
        assert choose(settings(), stream, others=False, has_option=True) != "dry run"


@pytest.mark.parametrize(
    ("name", "value", "mode"),
    [
        ("CI", "true", "plain"),
        ("CI", "1", "plain"),
        ("CI", "false", "live"),
        ("CI", "", "live"),
        ("TERM", "dumb", "plain"),
        ("TERM", "", "plain"),
        ("TERM", "linux", "live"),
        ("NO_COLOR", "1", "live"),
    ],
)
def test_the_environment_chooses_the_view(
    name: str, value: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert choose(settings(), Stream(), others=False) == mode


def test_a_closed_stream_is_no_terminal() -> None:
    stream = Stream()
    stream.close()
    stream.isatty = io.StringIO.isatty.__get__(stream)  # type: ignore[method-assign]
    assert choose(settings(), stream, others=False) == "plain"
