"""A project-level interface with a fault, and targets that do not need it."""

from __future__ import annotations

from pathlib import Path

from support.projects import edit
from support.running import use_looper


def test_samples_run_without_it(touch: Path) -> None:
    edit(touch / ".looper.yaml", "[touch.yaml]", "[touch.yaml, summary.yaml]")
    (touch / "summary.yaml").write_text("pipeline_name: summary\nproject_interface:\n")
    fault = f"{touch}/summary.yaml:2: project_interface: is empty; write 'command_template:' below"
    refused = use_looper("--dry-run", cwd=touch)
    assert refused.code == 2 and f"error: {fault}" in refused.err
    done = use_looper("--dry-run", "samples", cwd=touch)
    assert done.code == 0 and f"warning: {fault}" in done.err
    assert done.jobs() == ["touch_sample:a", "touch_sample:b", "touch_sample:c"]
