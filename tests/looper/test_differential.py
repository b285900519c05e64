"""looper 2.1.1 against us, feature by feature: small projects, the examples, and drawn projects.

For each project looper is asked which samples it submits, and then for each job what it renders.
Compared are the command, the exports, every value of every namespace that a template can see, the
merged pipestat config, the folder of the status flag, and what hooks write.

The projects, and in what we are to differ, are in `tests/looper/cases/` (see `looper_cases`);
`looper_values` brings both sides into one form, `looper_oracle` asks looper.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support.looper_cases import ABSENT, GB, PROJECT, RUN, Case, all_cases, case
from support.looper_oracle import Answer, Looper
from support.looper_values import Project, Values, as_ours, exports, flat, name_of
from support.running import REPOSITORY, environment

from snakemake_looper.errors import ProjectError
from snakemake_looper.model import Job, Plan
from snakemake_looper.workspace.lump_packing import pack
from snakemake_looper.workspace.lumps import Cause
from snakemake_looper.workspace.plan_folder_writer import write_plan

CASES = {one.name: one for one in all_cases()}
RECORD = "{record_identifier}"


@pytest.fixture(scope="session")
def looper() -> Iterator[Looper]:
    with Looper(environment()) as process:
        yield process


# --- the comparison ----------------------------------------------------------------------------


def check(project: Project) -> None:
    """Every job of a project, on both sides."""
    if project.case.error:
        check_error(project)
        return
    plan = project.plan()
    whole = check_selection(project, plan)
    alone = {name_of(job): check_job(project, job, plan, whole) for job in plan.jobs}
    assert set(project.case.demand) <= {"*", *alone}, "the case names jobs that are not there"
    assert bool(project.case.refused) == (None in alone.values())
    if {1, 3, 5} & set(project.case.quirks):  # what looper shares: the fault is there to be seen
        assert any(
            not whole.scripts[name].endswith(theirs["command"])
            for name, theirs in alone.items()
            if theirs
        )


def check_error(project: Project) -> None:
    answer = project.ask("run", *project.case.select)
    if project.case.refused:
        assert re.search(project.case.refused, answer.log)
    assert bool(answer.submitted) != bool(project.case.refused), answer.log
    with pytest.raises(ProjectError, match=project.case.error):
        project.plan()


def check_selection(project: Project, plan: Plan) -> Answer:
    """The samples that are submitted."""
    answer = project.ask("run", *project.case.select)
    ours = sorted(name_of(job) for job in plan.jobs if job.level == "sample")
    theirs = sorted(answer.submitted)
    if project.case.jobs is not None:
        assert ours == sorted(project.case.jobs)
        assert ours != theirs, "the case says that looper submits others"
    elif not project.case.refused:
        assert ours == theirs, answer.log
    return answer


def check_job(project: Project, job: Job, plan: Plan, whole: Answer) -> Values | None:
    """One job, value by value."""
    theirs, ours = project.theirs(job, whole), project.ours(job, plan)
    demand = project.case.demand
    named = {**demand.get("*", {}), **demand.get(name_of(job), {})}
    if theirs is None:
        assert "command" in named, "looper renders nothing: the case has to say what we do"
        assert exact({path: ours.get(path) for path in named}, project) == exact(named, project)
        return None
    wanted = named
    if 28 in project.case.quirks:
        wanted = {**moved(job, theirs), **wanted}
    if any(path.startswith("config.") for path in theirs):
        wanted = {**handed_off(job, theirs, project.case), **wanted}
        wanted |= old_names({**theirs, **wanted})
    # Not all that is handed off differs in each job; what the case itself names has to.
    left, right = exact(theirs, project), exact(ours, project)
    differing = {
        path: right.get(path, ABSENT)
        for path in {*left, *right}
        if left.get(path) != right.get(path)
    }
    expected = {
        path: value
        for path, value in exact(wanted, project).items()
        if left.get(path, ABSENT) != value
    }
    assert differing == expected
    assert set(named) <= set(expected), "looper's is the same: the case says it differs"
    return theirs


def exact(values: Values, project: Project) -> dict[str, str]:
    """Values as JSON, in which 1 is neither 1.0 nor "1"."""
    return {
        path: value
        if value == ABSENT
        else json.dumps(project.filled(value), sort_keys=True, ensure_ascii=False)
        for path, value in values.items()
    }


def moved(job: Job, theirs: Values) -> Values:
    """Where interfaces of looper 1.x have what looper 2 has at another place (quirk 28)."""
    place = f"pipeline.{job.level}_interface.command_template"
    return {
        "pipeline.pipeline_type": job.level,
        "pipeline.command_template": theirs[place],
        place: ABSENT,
    }


def handed_off(job: Job, theirs: Values, one: Case) -> Values:
    """What has to become of looper's hand-off to pipestat.

    The config names the level and the project, and the folder of the flags (looper leaves those
    to pipestat); each record has a name (quirk 17) and a results file of its own (quirk 21).
    """
    section = yaml.safe_load(one.files[".looper.yaml"])["pipestat"]
    out, record = f"{PROJECT}/results", job.record
    demand: Values = {"config.pipeline_type": job.level}
    if "flag_file_dir" not in section:
        folder = f"{out}/{job.pipeline}"
        demand |= {"pipestat.flag_file_dir": folder, "config.flag_file_dir": folder}
    if 17 in one.quirks:
        demand["pipestat.record_identifier"] = record
    if 24 in one.quirks:
        demand["config.project_name"] = "demo"
    if 21 in one.quirks:
        demand["env.PIPESTAT_RECORD_IDENTIFIER"] = record
    if 21 in one.quirks and job.level == "sample":
        reported = per_record(section["results_file_path"], out, job.pipeline)
        old, new = theirs["pipestat.results_file"], reported.replace(RECORD, record)
        demand |= {"config.results_file_path": reported, "pipestat.results_file": new}
        for key, value in theirs.items():
            if (key == "command" or key.startswith("env.")) and old in value:
                demand[key] = value.replace(old, new)
    return demand


def per_record(given: str, out: str, pipeline: str) -> str:
    """The file that a record reports into, for what the looper config says of all."""
    if RECORD in given:
        return f"{out}/{given}"
    folder, _, name = given.replace("$HERE", PROJECT).rpartition("/")
    records = name.replace(".yaml", "_records")
    if given.startswith("$"):  # absolute: several pipelines may share it
        return f"{folder}/{records}/{pipeline}/{RECORD}.yaml"
    return "/".join(filter(None, (out, pipeline, folder, records, f"{RECORD}.yaml")))


def old_names(values: Values) -> Values:
    """What looper 1.x called the values of the hand-off, in templates."""
    names = {
        "pipestat.file": "pipestat.results_file",
        "pipestat.record_id": "pipestat.record_identifier",
        "pipestat.config": "pipestat.config_file",
        "pipestat.schema": "pipestat.output_schema",
        "pipestat.namespace": "config.project_name",
    }
    return {old: values[new] for old, new in names.items() if new in values}


# --- projects ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_a_project_renders_as_in_looper(
    name: str, looper: Looper, project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = Project(CASES[name], project({}, "demo"), looper)
    monkeypatch.delenv("DIVCFG", raising=False)
    for variable, value in compared.env.items():
        monkeypatch.setenv(variable, value)
    if "PYTHONPATH" in compared.env:
        monkeypatch.syspath_prepend(compared.env["PYTHONPATH"])
    check(compared)


def told(numbers: str) -> dict[str, str]:
    """Rows of the document whose first column is such: that, and what looper does."""
    text = (REPOSITORY / "docs/coming-from-looper.md").read_text(encoding="utf-8")
    return {does: number for number, does in re.findall(rf"(?m)^\| ({numbers}) \| (.*?) \| ", text)}


@pytest.mark.parametrize("name", [one.name for one in CASES.values() if one.fault])
def test_faults_of_looper_are_told(name: str) -> None:
    assert [does for does in told("–") if CASES[name].fault in does]


def test_quirks_are_told() -> None:
    known = {int(number) for row in told(r"[\d, ]+").values() for number in row.split(",")}
    assert {quirk for one in CASES.values() for quirk in one.quirks} <= known


@pytest.mark.parametrize("word", ["--lump-n", "--lump-j", "--lump"])
def test_lumps_have_the_samples_of_loopers(looper: Looper, tmp_path: Path, word: str) -> None:
    """The same samples together; of what a lump shares in looper (quirk 15) nothing is shown."""
    lumped = case(
        name="lumps",
        like="checked",
        template=RUN,
        table="sample_name,one\n" + "".join(f"{name},{name}.fq\n" for name in "abcde"),
        sizes={f"{name}.fq": GB // 2 * n for n, name in enumerate("abcde")},
        words=f"{word} 2",
    )
    project = Project(lumped, tmp_path, looper)
    table = write_plan(project.plan()).jobs()
    found = pack(table, {(one.rule, one.record): Cause("") for one in table.rows()}, "run").lumps
    commands = {one.flag: one.command for one in table.rows()}
    lumps = [[commands[one.flag] for one in lump.members] for lump in found.values()]
    assert sorted("\n".join(lump) for lump in lumps) == sorted(project.ask("run").scripts.values())


# --- drawn projects ----------------------------------------------------------------------------

VALUES = [row["v"] for row in csv.DictReader(io.StringIO(CASES["values"].files["samples.csv"]))]
CHARACTERS = "abz019 .,;:-_/\\'\"`$&|<>(){}[]%#*?!~=+@^é☃\n\t"
CELLS = st.one_of(st.sampled_from(VALUES), st.text(CHARACTERS, max_size=12))
SCALARS = st.one_of(CELLS, st.integers(-9, 99), st.booleans(), st.none())
PIECES = st.sampled_from([
    "{sample.c}", "[{sample.kind}]", "{sample.path}", "{sample.constant | default('none')}",
    "{sample.genome | default('none') | upper}", "{sample.copied | default('none')}",
    "{% if sample.c %}yes{% else %}no{% endif %}", "{% for one in sample.c[:3] %}<{one}>{% endfor %}",
    "{sample.c | length}", "{sample['kind']}", "{% set n = sample.c ~ '!' %}{n}", "{# remark #}",
    "{sample.gone is defined}", "{project.name}", "{looper.job_name}", "{'{'}", '"quoted"', "'it'",
    "$(echo x)", "$HOME", "a;b|c", "\\\n", "%}", "é",
])  # fmt: skip


def table(*rows: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


@st.composite
def drawn(draw: st.DrawFn) -> Case:
    """A sample table, sample modifiers and a template."""
    kinds = st.sampled_from(["x", "y", "007", ""])
    rows = draw(st.lists(st.tuples(kinds, CELLS), min_size=2, max_size=5))
    constant = st.fixed_dictionaries({}, optional={"constant": SCALARS})
    place = st.sampled_from(["/d/{kind}.fq", "{c}", "$HOME/{sample_name}"])
    condition = st.fixed_dictionaries({"kind": st.lists(kinds, min_size=1, max_size=2)})
    consequence = st.fixed_dictionaries({"genome": CELLS})
    others = {"duplicate": st.just({"c": "copied"}), "remove": st.just(["gone"])}
    modifiers: dict[str, Any] = {
        "append": {"path": "here", **draw(constant)},
        "derive": {"attributes": ["path"], "sources": {"here": draw(place)}},
        "imply": draw(
            st.lists(st.fixed_dictionaries({"if": condition, "then": consequence}), max_size=3)
        ),
        **draw(st.fixed_dictionaries({}, optional=others)),
    }
    return case(
        name="drawn",
        template="run " + " ".join(draw(st.lists(PIECES, min_size=1, max_size=8))),
        table=table(
            ("sample_name", "kind", "c", "gone"),
            *((f"s{n}", kind, cell, "") for n, (kind, cell) in enumerate(rows)),
        ),
        pep={"sample_modifiers": modifiers},
        interface={"inject_env_vars": {"C": "{sample.c}", "WHO": "{sample.sample_name}"}},
    )


def compare_drawn(looper: Looper, one: Case) -> None:
    """All samples in one run of looper: nothing is shared where no template is stored back and
    every compute setting is set for every sample."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project(one, Path(folder), looper)
        answer = project.ask("run")
        plan = project.plan()
        ours = {name_of(job): "\n".join([*exports(job.env), job.command]) for job in plan.jobs}
        assert ours == answer.scripts, answer.log
        for job in plan.jobs:
            theirs = exact(as_ours(flat(answer.namespaces[name_of(job)])), project)
            mine = exact(project.ours(job, plan), project)
            assert {key: mine[key] for key in mine if key.startswith(("sample.", "compute."))} == {
                key: theirs[key] for key in theirs if key.startswith(("sample.", "compute."))
            }


@settings(max_examples=20)
@given(one=drawn())
def test_drawn_samples(looper: Looper, one: Case) -> None:
    compare_drawn(looper, one)


@settings(max_examples=8)
@given(cells=st.lists(CELLS, min_size=1, max_size=8))
def test_drawn_cells_at_the_project_level(looper: Looper, cells: list[str]) -> None:
    one = case(
        name="drawn",
        level="project",
        template="run{% for s in samples %} {s.sample_name}=[{s.v}]{% endfor %}",
        table=table(("sample_name", "v"), *((f"s{n}", cell) for n, cell in enumerate(cells))),
    )
    with tempfile.TemporaryDirectory() as folder:
        project = Project(one, Path(folder), looper)
        (job,) = project.plan().jobs
        assert project.ask("runp").scripts == {"p_demo": job.command}


@settings(max_examples=8)
@given(
    sizes=st.lists(st.integers(0, 5 * GB), min_size=2, max_size=4),
    limits=st.lists(st.sampled_from([0, 0.5, 1, 1.25, 3, 4.999]), max_size=4),
)
def test_drawn_sizes(looper: Looper, sizes: list[int], limits: list[float]) -> None:
    rows = [f"{limit}\t{n + 1}\trow {n}\n" for n, limit in enumerate([*limits, "NaN"])]
    one = case(
        name="drawn",
        like="sized",
        template="run {compute.cores} {compute.note} {looper.total_input_size}",
        table="sample_name,one,two\n" + "".join(f"s{n},{n}.fq,\n" for n in range(len(sizes))),
        files={"sizes.tsv": "max_file_size\tcores\tnote\n" + "".join(rows)},
        sizes={f"{n}.fq": size for n, size in enumerate(sizes)},
    )
    compare_drawn(looper, one)
