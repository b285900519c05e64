"""Input files that are addresses, in a plan: no server is asked, the answers are given."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.projects import TOUCH, edit

from snakemake_looper import Options, Plan, ProjectError, remote_files
from snakemake_looper.plan.planner import explain, plan_project
from snakemake_looper.plan.remote_inputs import as_shown, lacks_sizes
from snakemake_looper.remote_files import FORBIDDEN, MISSING, NOT_ASKED, UNREACHABLE

MB = 1024**2
REMOTE: dict[str, str] = {
    **TOUCH,
    "samples.csv": "sample_name,file,word\na,s3://b/x/a.fq,one\nb,https://h/b.fq,two\nc,c.txt,three\n",
    "touch.yaml": """
        pipeline_name: touch
        input_schema: schema.yaml
        sample_interface:
          command_template: "cat --in={sample.file} {looper.total_input_size}"
        inject_env_vars: {READS: "{sample.file}"}
        """,
}
A, B = "s3://b/x/a.fq", "https://h/b.fq"


class Servers:
    """Stands in for servers, and counts the questions."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes
        self.asked: list[list[str]] = []

    def __call__(self, addresses: Sequence[str]) -> Mapping[str, int]:
        self.asked.append(list(addresses))
        return {one: self.sizes.get(one, MISSING) for one in addresses}


@pytest.fixture(autouse=True)
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_files, "_is_installed", lambda plugin: plugin in ("s3", "http"))


def planned(folder: Path, sizes: Mapping[str, int], **options: Any) -> Plan:
    return plan_project(folder / ".looper.yaml", Options(**options), ask=Servers(sizes))


def problems(folder: Path, servers: Servers | None = None) -> list[str]:
    with pytest.raises(ProjectError) as error:
        plan_project(folder / ".looper.yaml", ask=servers)
    return [str(one).replace(f"{folder}/", "") for one in error.value.problems]


def commands(plan: Plan) -> dict[str, str]:
    """The commands of the plan's jobs by sample, with `<folder>` in the place of a link's folder."""
    pattern = re.compile(rf"{re.escape(str(plan.workdir))}/\.snakemake/looper/remote/[0-9a-f]+")
    return {one.record: pattern.sub("<folder>", one.command).strip() for one in plan.jobs}


def skipped(plan: Plan) -> dict[str, str]:
    return {one.record: one.reason for one in plan.skipped}


# --- copies ---------------------------------------------------------------------------------------


def test_a_command_names_the_link_to_a_copy(project: Callable[..., Path]) -> None:
    plan = planned(project(REMOTE), {A: 3 * 512 * MB, B: 512 * MB})
    assert commands(plan) == {
        "a": "cat --in=<folder>/a.fq 1.5",
        "b": "cat --in=<folder>/b.fq 0.5",
        "c": f"cat --in=c.txt {2 / 1024**3}",
    }
    assert {one.record: one.inputs for one in plan.jobs} == {
        "a": (A,), "b": (B,), "c": ("c.txt",),
    }  # fmt: skip
    assert plan.jobs[0].env["READS"] in plan.jobs[0].command
    assert (plan.inputs[A], plan.inputs[B]) == (3 * 512 * MB, 512 * MB)


def test_people_see_addresses(project: Callable[..., Path]) -> None:
    folder = project(REMOTE)
    plan = planned(folder, {A: 0, B: 0})
    shown = as_shown(plan.jobs[0], plan.workdir)
    assert shown.command.strip() == f"cat --in={A} 0.0"
    assert shown.env["READS"] == A
    assert as_shown(plan.jobs[2], plan.workdir) is plan.jobs[2]
    ((job, namespaces),) = explain(folder / ".looper.yaml", None, "a")
    assert job.command.strip() == f"cat --in={A} 0.0"
    assert namespaces["sample"]["file"] == A


def test_sizes_are_needed_where_something_depends_on_them(project: Callable[..., Path]) -> None:
    folder = project(REMOTE)
    assert lacks_sizes(plan_project(folder / ".looper.yaml")), "the command has the size in it"
    assert not lacks_sizes(planned(folder, {A: 1, B: 2}))
    edit(folder / "touch.yaml", " {looper.total_input_size}", "")
    assert not lacks_sizes(plan_project(folder / ".looper.yaml"))
    assert lacks_sizes(plan_project(folder / ".looper.yaml", Options(lump="1")))
    with (folder / "touch.yaml").open("a") as file:
        file.write("compute: {size_dependent_variables: sizes.tsv}\n")
    (folder / "sizes.tsv").write_text("max_file_size\tcores\nNaN\t2\n")
    assert lacks_sizes(plan_project(folder / ".looper.yaml"))


def test_nobody_is_asked_where_no_server_may_be_asked(project: Callable[..., Path]) -> None:
    plan = plan_project(project(REMOTE) / ".looper.yaml")
    assert [one.record for one in plan.jobs] == ["a", "b", "c"]
    assert plan.inputs[A] == NOT_ASKED


def test_all_are_asked_for_at_once(project: Callable[..., Path]) -> None:
    servers = Servers({A: 1, B: 2})
    plan_project(project(REMOTE) / ".looper.yaml", ask=servers)
    assert servers.asked == [[A, B]]


def test_filters_and_lists(project: Callable[..., Path]) -> None:
    folder = project(REMOTE)
    one, two = "s3://b/it's $5 (1).fq", "s3://b/two.fq"
    (folder / "samples.csv").write_text(f'sample_name,file\na,"{one}"\na,"{two}"\n')
    edit(folder / "touch.yaml", "cat --in={sample.file}", "cat {sample.file}")
    plan = planned(folder, {one: 1, two: 2})
    assert commands(plan)["a"].startswith("cat <folder>/it's $5 (1).fq <folder>/two.fq ")
    assert plan.jobs[0].inputs == (one, two)
    edit(folder / "touch.yaml", "{sample.file}", "{sample.file | join(',')}")
    assert commands(planned(folder, {one: 1, two: 2}))["a"].startswith(
        "cat <folder>/it's $5 (1).fq,<folder>/two.fq "
    )


def test_an_attribute_that_is_no_input_is_text(project: Callable[..., Path]) -> None:
    folder = project(REMOTE)
    (folder / "samples.csv").write_text("sample_name,file,page\na,a.txt,foo://no/plugin?x=1\n")
    edit(folder / "touch.yaml", "cat --in={sample.file}", "cat {sample.page}")
    servers = Servers({})
    plan = plan_project(folder / ".looper.yaml", ask=servers)
    assert plan.jobs[0].command.startswith("cat foo://no/plugin?x=1 ")
    assert servers.asked == []


def test_a_file_of_a_hook_has_the_address(project: Callable[..., Path]) -> None:
    folder = project(REMOTE)
    hook = "pre_submit: {python_functions: [looper.write_sample_yaml]}\n"
    with (folder / "touch.yaml").open("a") as file:
        file.write(hook)
    plan = planned(folder, {A: 0, B: 0})
    written = yaml.safe_load((folder / "results/submission/a_sample.yaml").read_text())
    assert written["file"] == A
    assert commands(plan)["a"] == "cat --in=<folder>/a.fq 0.0"


def test_var_templates_with_addresses(project: Callable[..., Path]) -> None:
    folder = project(REMOTE)
    with (folder / "touch.yaml").open("a") as file:
        file.write('var_templates: {reads: "--reads={sample.file}"}\n')
    edit(folder / "touch.yaml", "cat --in={sample.file}", "cat {pipeline.var_templates.reads}")
    plan = planned(folder, {A: 0, B: 0})
    assert commands(plan)["a"] == "cat --reads=<folder>/a.fq 0.0"


def test_lumps_by_size(project: Callable[..., Path]) -> None:
    plan = planned(project(REMOTE), {A: 2048 * MB, B: 1024 * MB}, lump="1.5")
    assert [round(one.size_gb, 3) for one in plan.jobs] == [2.0, 1.0, 0.0]


# --- files that cannot be had ---------------------------------------------------------------------


def test_samples_without_their_files_are_skipped(project: Callable[..., Path]) -> None:
    folder = project(REMOTE)
    plan = planned(folder, {A: FORBIDDEN, B: UNREACHABLE})
    assert [one.record for one in plan.jobs] == ["c"]
    assert skipped(plan) == {"a": f"forbidden: {A}", "b": f"cannot be reached: {B}"}
    assert all(one.fault for one in plan.skipped)
    assert skipped(planned(folder, {B: 1})) == {"a": f"missing files: {A}"}


def test_without_checks_a_missing_file_is_no_input(project: Callable[..., Path]) -> None:
    plan = planned(project(REMOTE), {B: 7 * MB}, skip_file_checks=True)
    assert [one.inputs for one in plan.jobs] == [(), (B,), ("c.txt",)]
    assert commands(plan)["a"] == f"cat --in={A} 0.0"
    assert commands(plan)["b"] == "cat --in=<folder>/b.fq 0.0"


def test_a_file_that_is_only_sized_is_an_input_if_it_is_there(
    project: Callable[..., Path],
) -> None:
    folder = project(REMOTE)
    edit(folder / "schema.yaml", "tangible: [file]", "sizing: [file]")
    plan = planned(folder, {A: 1024 * MB, B: MISSING})
    assert [one.inputs for one in plan.jobs] == [(A,), (), ()]
    assert commands(plan)["a"] == "cat --in=<folder>/a.fq 1.0"
    assert commands(plan)["b"] == f"cat --in={B} 0.0"


# --- faults ---------------------------------------------------------------------------------------


def test_each_kind_of_fault_is_one_line_at_the_first_row(project: Callable[..., Path]) -> None:
    folder = project(REMOTE)
    (folder / "samples.csv").write_text(
        "sample_name,file\n"
        "a,gs://b/a.fq\nb,gs://b/b.fq\nc,foo://b/c.fq\nd,https://me:word@h/d.fq\n"
        "e,file:///data/e.fq\nf,gs://b/f.fq\n"
    )
    servers = Servers({})
    assert problems(folder, servers) == [
        "samples.csv:2: file: 'gs://b/a.fq' (sample 'a' and 2 more) needs Snakemake's storage plugin"
        " for gs; pip install snakemake-storage-plugin-gcs",
        "samples.csv:4: file: 'foo://b/c.fq' (sample 'c') has no storage plugin that is known here;"
        " write a path, or one of s3://, gs://, http://, https://, sftp://, ftp://, ftps://, az://",
        "samples.csv:5: file: 'https://h/d.fq' (sample 'd') has a login in it, which would be in"
        " logs; write the address without it, and give the login to Snakemake's storage plugin",
        "samples.csv:6: file: 'file:///data/e.fq' (sample 'e') is a path on this machine; write it"
        " without 'file://'",
    ]
    assert servers.asked == [], "a project with a problem does not wait for servers"


def test_an_address_of_an_interface(project: Callable[..., Path]) -> None:
    folder = project(REMOTE)
    with (folder / "touch.yaml").open("a") as file:
        file.write("snakemake: {input: 's3://ref/{sample.word}.fa'}\n")
    edit(folder / "touch.yaml", "cat --in", "cat --ref=s3://ref/{sample.word}.fa --in")
    plan = planned(folder, {A: 0, B: 0})
    assert plan.jobs[0].inputs == (A, "s3://ref/one.fa")
    assert commands(plan)["a"] == "cat --ref=<folder>/one.fa --in=<folder>/a.fq 0.0"
    assert commands(plan)["c"].startswith("cat --ref=<folder>/three.fa --in=c.txt ")


def test_a_fault_of_an_address_of_an_interface(project: Callable[..., Path]) -> None:
    folder = project(TOUCH)
    with (folder / "touch.yaml").open("a") as file:
        file.write("snakemake: {input: 'foo://ref/{sample.word}.fa'}\n")
    (line,) = problems(folder)
    assert line.startswith("touch.yaml:6: snakemake.input: 'foo://…' has no storage plugin")
    assert line.endswith("(for a and 2 more)")
