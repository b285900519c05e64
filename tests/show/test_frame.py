"""A run at one moment as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from support.views import NOTHING, PROJECT, RUN, SAMPLES, job

from snakemake_looper.run.snapshot import RunningJob, Snapshot, Tally
from snakemake_looper.show.frame import Clock, Space, frame
from snakemake_looper.show.text import ASCII, UNICODE


def lines(snapshot: Snapshot, space: Space, left: float | None = None, final: bool = False) -> str:
    shown = frame(snapshot, Clock(100, 100, left), space, final)
    assert all(line.cell_len < space.width for line in shown)
    assert not shown or len(shown) < space.height
    return "\n".join(line.plain for line in shown)


def test_a_frame_of_80_columns() -> None:
    assert lines(RUN, Space(80, 24), left=260) == (
        "count_lines sample   ━━━━━━━━─╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  32/120  2 failed  4 running\n"
        "count_lines project  ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌     0/1\n"
        "elapsed 1 min 40 s, about 4 min left, then the project level\n"
        "  canada  count_lines  1 min 40 s\n"
        "  mexico  count_lines  25 s        job 4711\n"
        "  peru    count_lines  5 s\n"
        "  chile   count_lines  1 s"
    )


def test_a_frame_of_40_columns_and_12_lines() -> None:
    jobs = tuple(job(f"sample_{at:012}", 10.0 * at) for at in range(9))
    assert lines(Snapshot((SAMPLES, PROJECT), jobs, ""), Space(40, 12), left=260) == (
        "count_…sample  ━━─╌╌╌  32/120  2 failed\n"
        "count_…roject  ╌╌╌╌╌╌     0/1\n"
        "elapsed 1 min 40 s, about 4 min left, …\n"
        "  sample_000000000000  1 min 40 s\n"
        "  sample_000000000001  1 min 30 s\n"
        "  sample_000000000002  1 min 20 s\n"
        "  and 6 more"
    )


def test_a_frame_without_unicode() -> None:
    assert lines(RUN, Space(60, 6, ASCII)) == (
        "count_lines sample   =====x-.............  32/120  2 failed\n"
        "count_lines project  ....................     0/1\n"
        "elapsed 1 min 40 s\n"
        "  4 running"
    )


def test_a_level_is_named_where_a_pipeline_has_both() -> None:
    only = replace(RUN, tallies=(SAMPLES,))
    assert lines(only, Space(80, 24)).startswith("count_lines  ━")
    assert "count_lines" not in lines(only, Space(80, 24)).partition("\n")[2]


def test_rules_beside_pipelines_are_named() -> None:
    assert lines(replace(NOTHING, others="assembling results"), Space(80, 24)) == (
        "elapsed 1 min 40 s, assembling results"
    )
    assert lines(NOTHING, Space(80, 24)) == ""


def test_the_last_frame_says_how_long_it_took() -> None:
    done = replace(SAMPLES, waiting=0, running=0, completed=117, failed=2, partial=1)
    assert lines(Snapshot((done,), (), "x"), Space(80, 24), left=5, final=True) == (
        "count_lines  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  117/120  2 failed  1 partial\n"
        "took 1 min 40 s"
    )


def test_one_failure_of_many_has_its_cell() -> None:
    tally = Tally("p", "sample", 10_000, 0, 1, 9_998, 1, 0)
    (bar, *_) = frame(Snapshot((tally,), (), ""), Clock(0, 0), Space(80, 24))
    spans = {str(span.style): bar.plain[span.start : span.end] for span in bar.spans}
    assert (
        spans["green"] == "━" * 38 and spans["red"] == "━" and spans["blue"] in ("─", "1 running")
    )


def test_pipelines_without_room_are_counted_and_finished_ones_go_first() -> None:
    tallies = tuple(
        Tally(f"p{at}", "sample", 5, 0 if at < 4 else 5, 0, 5 if at < 4 else 0, 0, 0)
        for at in range(9)
    )
    text = lines(Snapshot(tallies, (), ""), Space(80, 9))
    assert [line.split()[0] for line in text.splitlines()] == ["p4", "p5", "p6", "p7", "p8", "and", "elapsed"]  # fmt: skip
    assert "and 4 more" in text


@pytest.mark.parametrize("width", [1, 2, 5, 10, 20, 33, 57, 200])
@pytest.mark.parametrize("height", [2, 3, 5, 12])
def test_no_terminal_is_too_small(width: int, height: int) -> None:
    wide = job("患者" * 30, 0, "123456789012345")
    snapshot = Snapshot((SAMPLES, PROJECT), (wide,) * 50, "assembling results")
    for glyphs in (UNICODE, ASCII):
        shown = frame(snapshot, Clock(100, 100, 90), Space(width, height, glyphs))
        assert len(shown) <= max(height - 1, 1)
        assert all(line.cell_len <= max(width - 1, len(glyphs.more) + 1) for line in shown)


def test_names_are_text() -> None:
    text = lines(replace(RUN, running=(job("a[bold]\x1b[2J\n[/x]", 0),)), Space(80, 24))
    assert r"  a[bold]\x1b[2J\n[/x]  count_lines  1 min 40 s" in text


class Sliced(tuple[RunningJob, ...]):
    def __iter__(self) -> Iterator[RunningJob]:
        raise AssertionError("all running jobs were looked at")


def test_of_ten_thousand_running_jobs_only_those_shown_are_looked_at() -> None:
    jobs = Sliced([job(f"s{at}", 0) for at in range(10_000)])
    assert "and 9993 more" in lines(replace(RUN, running=jobs), Space(80, 24))
