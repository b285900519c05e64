"""Records of samples that left the table: they are shown with a note until `destroy` removes them."""

from __future__ import annotations

import pytest
import yaml
from support.earlier import (
    PROJECT_LEVEL,
    PlayedProject,
    jobs_of,
    left,
    notes,
    read,
    sample,
    set_says,
)

from snakemake_looper.cli import main
from snakemake_looper.read.option_sources import from_config
from snakemake_looper.results.publish import publish_all
from snakemake_looper.results.records import read_results
from snakemake_looper.results.remove import destroy, removal_of_selected, removal_without_sample
from snakemake_looper.workspace.current_plan import current_plan


def test_records_of_removed_samples(anywhere: PlayedProject) -> None:
    folder = anywhere.folder
    anywhere.run(a="n=1", b="n=5")
    anywhere.run(a="n=2!")
    set_says(folder, b="n=5", c="n=6")
    assert notes(folder) == {"a": "not in the sample table"}
    limited = current_plan(folder / ".looper.yaml", from_config({"samples": "c"})).jobs()
    assert read_results(limited, folder)[0].notes == {"a": "not in the sample table"}
    what = removal_without_sample(limited, folder)
    destroy(what)
    limited.close()
    assert sample(folder) == {"b": {"n": 5}}
    assert not list(folder.rglob("*a_*.flag")) and left(folder) == []
    jobs = jobs_of(folder)
    assert not removal_without_sample(jobs, folder)
    publish_all(jobs)
    jobs.close()
    assert sample(folder) == {"b": {"n": 5}}, "it does not come back"


def test_names_in_a_results_file_lead_nowhere(played: PlayedProject) -> None:
    """A results file may hold any text as a name; only what can be a file's name is one."""
    played.run(a="n=1")
    file = played.folder / "out/count/all.yaml"
    data = yaml.safe_load(file.read_text())
    data["count"]["sample"]["../../keep"] = {"n": 1}
    file.write_text(yaml.safe_dump(data))
    keep = played.folder / "keep"
    keep.mkdir()
    (played.folder / "out/results_pipeline").mkdir(parents=True)
    jobs = jobs_of(played.folder)
    what = removal_without_sample(jobs, played.folder)
    assert what.paths == () and [names for _, names in what.records] == [("../../keep",)]
    destroy(what)
    jobs.close()
    assert keep.exists() and sample(played.folder) == {"a": {"n": 1}}


def test_destroy_names_the_way(played: PlayedProject, capsys: pytest.CaptureFixture[str]) -> None:
    played.run(a="n=1", b="n=5")
    set_says(played.folder, b="n=5")
    config = ["-c", str(played.folder / ".looper.yaml")]
    assert main(["destroy", *config, "--samples", "a", "--force"]) == 2
    said = capsys.readouterr().err
    assert "there is no sample 'a'" in said and "destroy --removed" in said
    assert main(["destroy", *config, "--removed", "--samples", "x", "--force"]) == 0
    assert set(sample(played.folder)) == {"a", "b"}
    assert main(["destroy", *config, "--removed", "--force"]) == 0
    assert "1 record (a)" in capsys.readouterr().out
    assert sample(played.folder) == {"b": {"n": 5}}


def test_destroy_takes_along_what_is_set_aside(played: PlayedProject) -> None:
    path = played.folder / "count.yaml"
    path.write_text(path.read_text() + PROJECT_LEVEL)
    played.run(a="n=1", b="n=5")
    played.run("project", demo="total=1")
    played.run(a="!")
    played.run("project", demo="!")
    assert left(played.folder)
    jobs = jobs_of(played.folder)
    destroy(removal_of_selected(jobs, played.folder, ["sample", "project"]))
    publish_all(jobs)
    jobs.close()
    assert left(played.folder) == []
    assert [dict(one.records) for one in read(played.folder)] == [{}, {}]
