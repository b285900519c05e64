"""Input files and schemas: files that other jobs make, remote schemas, what is checked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.projects import TOUCH, edit, write
from support.running import use_looper

from snakemake_looper import Options, ProjectError
from snakemake_looper.plan.planner import plan_project

# `align` makes a file that `call` reads; only the output and the input say so.
CHAIN = {
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [call.yaml, align.yaml]
        """,
    "project.yaml": """
        pep_version: 2.1.0
        name: chain
        sample_table: samples.csv
        sample_modifiers:
          append: {bam: place}
          derive: {attributes: [bam], sources: {place: "results/bam/{sample_name}.bam"}}
        """,
    "samples.csv": "sample_name,reads\na,a.fq\nb,b.fq\n",
    "a.fq": "a",
    "b.fq": "b",
    "align.yaml": """
        pipeline_name: align
        input_schema: reads.yaml
        snakemake: {output: "{looper.output_dir}/bam/{sample.sample_name}.bam"}
        sample_interface:
          command_template: "sleep 0.2 && cat {sample.reads} > {sample.bam}"
        """,
    "reads.yaml": "properties: {samples: {items: {tangible: [reads]}}}\n",
    "call.yaml": """
        pipeline_name: call
        input_schema: bam.yaml
        sample_interface:
          command_template: "cat {sample.bam} && echo {looper.total_input_size}"
        """,
    "bam.yaml": "properties: {samples: {items: {tangible: [bam]}}}\n",
}


def test_what_another_pipeline_makes_is_waited_for(project: Callable[..., Path]) -> None:
    """Nothing says `depends_on`, and the file is not there when the samples are looked at."""
    folder = project(CHAIN)
    done = use_looper(cwd=folder)
    assert done.code == 0, done.text
    assert (folder / "results/submission/call_b.log").read_text() == "b0.0\n"
    assert use_looper("-n", cwd=folder).jobs() == [], "a file that appeared changes no plan"
    edit(folder / "samples.csv", "b,b.fq", "b,a.fq")
    assert use_looper("-n", cwd=folder).jobs() == ["align_sample:b", "call_sample:b"]


def test_who_waits_for_a_skipped_job_is_skipped(project: Callable[..., Path]) -> None:
    folder = project(CHAIN)
    (folder / "b.fq").unlink()
    plan = plan_project(folder / ".looper.yaml")
    assert [(job.pipeline, job.record) for job in plan.jobs] == [("call", "a"), ("align", "a")]
    assert {(skip.pipeline, skip.record, skip.reason) for skip in plan.skipped} == {
        ("align", "b", "missing files: b.fq"),
        ("call", "b", "missing files: results/bam/b.bam"),
    }
    write(folder, {"results/bam/b.bam": "from elsewhere"})
    jobs = plan_project(folder / ".looper.yaml").jobs
    assert ("call", "b") in {(job.pipeline, job.record) for job in jobs}
    unchecked = plan_project(folder / ".looper.yaml", Options(skip_file_checks=True)).jobs
    inputs = {(job.pipeline, job.record): job.inputs for job in unchecked}
    assert inputs["call", "a"] == ("results/bam/a.bam",)
    assert inputs["align", "b"] == ()


# --- remote schemas ------------------------------------------------------------------------------


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address at which its files can be had."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


REQUIRED = "properties: {samples: {items: {required: [%s]}}}\n"


def remote_project(make: Callable[..., Path], schema: str, **files: str) -> Path:
    interface = f"pipeline_name: touch\ninput_schema: {schema}\n"
    interface += "sample_interface: {command_template: 'true'}\n"
    return make({**TOUCH, "touch.yaml": interface, **files})


def test_remote_schemas_and_imports_are_read(
    project: Callable[..., Path], remote: tuple[Path, str]
) -> None:
    """Imports are beside the schema that names them, also where that is remote (quirk 37)."""
    folder, address = remote
    write(folder, {"in.yaml": "imports: [below/more.yaml]\n" + REQUIRED % "absent"})
    write(folder, {"below/more.yaml": REQUIRED % "gone"})
    where = remote_project(project, f"{address}/in.yaml")
    plan = plan_project(where / ".looper.yaml")
    assert not plan.warnings and not plan.volatile
    reasons = [skip.reason for skip in plan.skipped]
    said = "invalid: there is no 'gone'; there is no 'absent'"
    assert reasons == [f"{said} (samples.csv:{row})" for row in (2, 3, 4)]


def test_what_cannot_be_reached_is_a_warning(
    project: Callable[..., Path], remote: tuple[Path, str]
) -> None:
    """The rest of the schema still counts, and the next plan tries again."""
    folder, address = remote
    schema = f"imports: ['{address}/no.yaml']\n" + REQUIRED % "absent"
    where = remote_project(project, "schema.yaml", **{"schema.yaml": schema})
    plan = plan_project(where / ".looper.yaml")
    (warning,) = plan.warnings
    assert warning == (
        f"{where}/schema.yaml:1: imports: {address}/no.yaml cannot be reached (404: there is no such"
        " file); samples are not checked against it"
    )
    assert [skip.reason for skip in plan.skipped] == [
        f"invalid: there is no 'absent' (samples.csv:{row})" for row in (2, 3, 4)
    ]
    assert plan.volatile
    write(folder, {"no.yaml": REQUIRED % "word"})
    again = plan_project(where / ".looper.yaml")
    assert not again.warnings and not again.volatile


def test_a_whole_schema_that_cannot_be_reached(project: Callable[..., Path]) -> None:
    where = remote_project(project, "http://127.0.0.1:9/schema.yaml")
    plan = plan_project(where / ".looper.yaml")
    assert len(plan.jobs) == 3
    (warning,) = plan.warnings
    assert "touch.yaml:2: input_schema: http://127.0.0.1:9/schema.yaml cannot be reached" in warning


def test_a_page_that_is_no_schema(project: Callable[..., Path], remote: tuple[Path, str]) -> None:
    folder, address = remote
    write(folder, {"page.yaml": "<html>\n"})
    where = remote_project(project, f"{address}/page.yaml")
    with pytest.raises(ProjectError, match="is a web page; write the address of the file itself"):
        plan_project(where / ".looper.yaml")


# --- what is checked -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "fits", "fails"),
    [
        ("{type: string}", ["x", ["x", "y"]], [3, [3]]),
        ("{type: string, pattern: '^a'}", ["ab", ["ab", "ac"]], ["b", ["ab", "b"]]),
        ("{type: string, enum: [a, b]}", ["a", ["a", "b"]], ["c", ["a", "c"]]),
        ("{type: number, minimum: 2}", [2, [2, 3]], [1, "2", [2, 1]]),
        ("{description: anything}", [1, "x", None], []),
    ],
)
def test_attributes_may_be_lists_of_what_the_schema_wants(
    tmp_path: Path, wanted: str, fits: list[object], fails: list[object]
) -> None:
    """As eido has it for merged samples; simple schemas take a short cut to the same answer."""
    from snakemake_looper.errors import Place, Problems
    from snakemake_looper.model import Sample
    from snakemake_looper.read.schemas.input_schema import Validator, read_input_schema

    write(tmp_path, {"s.yaml": f"properties: {{samples: {{items: {{properties: {{x: {wanted}}}}}}}}}\n"})  # fmt: skip
    schema = read_input_schema("s.yaml", tmp_path, Place("x"), Problems())
    assert schema
    validator = Validator(schema)
    assert all(not validator.faults(Sample("a", {"x": value}, None)) for value in fits)
    assert all(validator.faults(Sample("a", {"x": value}, None)) for value in fails)


@pytest.mark.parametrize("cell", ["a\0.txt", "\0", "x" * 5000])
def test_what_can_be_no_path_is_a_missing_file(touch: Path, cell: str) -> None:
    edit(touch / "samples.csv", "b,b.txt", f"b,{cell}")
    plan = plan_project(touch / ".looper.yaml")
    assert [skip.record for skip in plan.skipped] == ["b"]
