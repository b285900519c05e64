"""What looper 2.1.1 renders, we render: the examples, sample by sample.

looper's shared state makes a run over several samples differ from one over each (a sample gets
the templates, settings and results file of the one before), so it is asked for one sample and
one interface at a time, in a fresh output folder, and the command read from its job script.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import edit, run, write

from snakemake_looper.model import Job
from snakemake_looper.pipestat import RECORD
from snakemake_looper.plan import plan_project

SAMPLES = ("mexico", "switzerland", "canada")


def looper(folder: Path, *words: str) -> str:
    """The one job script that looper writes, without its frame."""
    done = run("looper", *words, "--dry-run", cwd=folder)
    assert done.code == 0, done.text
    (script,) = (folder / "results/submission").glob("*.sub")
    body = re.search(r"^\{\n(.*)\n\} \| tee", script.read_text(), re.DOTALL | re.MULTILINE)
    assert body, script.read_text()
    return body[1]


def ours(folder: Path, level: str, pipeline: str, record: str | None) -> str:
    plan = plan_project(folder / ".looper.yaml")
    (job,) = (
        job
        for job in plan.jobs
        if job.level == level and job.pipeline == pipeline and record in (None, job.record)
    )
    exports = [
        f"export {name}={shlex.quote(value)}"
        for name, value in job.env.items()
        if name != "PIPESTAT_RECORD_IDENTIFIER"  # ours: tells pipestat which record file
    ]
    return "\n".join([*exports, looper_results(folder, job)])


def looper_results(folder: Path, job: Job) -> str:
    """The command with looper's results file in the place of the record's own (quirk 21)."""
    plan = plan_project(folder / ".looper.yaml")
    for config in plan.configs:
        path = str(config.content.get("results_file_path", ""))
        for results in plan.results:
            if RECORD in path and dict(results.sources).get(job.pipeline) == Path(path).parent:
                own = path.replace(RECORD, job.record)
                return job.command.replace(own, str(results.path))
    return job.command


def only(folder: Path, interface: str) -> None:
    """Leave one interface in the looper config."""
    config = yaml.safe_load((folder / ".looper.yaml").read_text())
    config["pipeline_interfaces"] = [interface]
    (folder / ".looper.yaml").write_text(yaml.safe_dump(config))


def convert(folder: Path) -> None:
    """The 1.x interfaces in looper 2's format, which is all that it reads (quirk 28)."""
    for level in ("sample", "project"):
        path = folder / f"pipeline/{level}_interface.yaml"
        data = yaml.safe_load(path.read_text())
        template = data.pop("command_template")
        del data["pipeline_type"]
        data[f"{level}_interface"] = {"command_template": template}
        data["path"] = str(path.parent / data["path"])  # looper 2 leaves it relative (quirk 36)
        path.write_text(yaml.safe_dump(data, sort_keys=False))


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize(
    ("name", "interface", "pipeline"),
    [
        ("count_lines", "pipeline/pipeline_interface.yaml", "count_lines"),
        ("no_pipestat", "pipeline/pipeline_interface.yaml", "count_letters"),
        ("looper_1x", "pipeline/sample_interface.yaml", "count_lines"),
        ("two_pipelines", "pipeline/count_lines.yaml", "count_lines"),
        ("two_pipelines", "pipeline/count_words.yaml", "count_words"),
    ],
)
def test_sample_commands(
    example: Callable[[str], Path], name: str, interface: str, pipeline: str, sample: str
) -> None:
    folder = example(name)
    mine = ours(folder, "sample", pipeline, sample)
    only(folder, interface)
    if name == "looper_1x":
        convert(folder)
    select = ("--sel-attr", "sample_name", "--sel-incl", sample)
    assert mine == looper(folder, "run", *select)


@pytest.mark.parametrize(
    ("name", "interface", "pipeline"),
    [
        ("count_lines", "pipeline/pipeline_interface.yaml", "count_lines"),
        ("looper_1x", "pipeline/project_interface.yaml", "longest"),
    ],
)
def test_project_commands(
    example: Callable[[str], Path], name: str, interface: str, pipeline: str
) -> None:
    folder = example(name)
    if name == "count_lines":
        # Both levels have one config in looper; here the project level has its own.
        edit(
            folder / "pipeline/pipeline_interface.yaml",
            "{pipestat.config_file}",
            "{looper.job_name}",
        )
    mine = ours(folder, "project", pipeline, None)
    only(folder, interface)
    if name == "looper_1x":
        convert(folder)
    assert mine == looper(folder, "runp")


FEATURES = {
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [interface.yaml]
        """,
    "project.yaml": """
        pep_version: 2.1.0
        name: features
        sample_table: samples.csv
        subsample_table: subsamples.csv
        color: blue
        sample_modifiers:
          append: {constant: a constant, path: place}
          derive:
            attributes: [path]
            sources: {place: "$BASE/{sample_name}/{kind}.txt"}
          imply:
            - if: {kind: x}
              then: {genome: hg38}
        """,
    "samples.csv": 'sample_name,kind,empty,text,command_extra\na,x,,"it\'s $5 {b} % é",--more\nb,y,,,\n',
    "subsamples.csv": "sample_name,many\na,1\na,2 3\nb,4\n",
    "interface.yaml": """
        pipeline_name: features
        var_templates:
          out: "{looper.sample_output_folder}/$BASE/{sample.kind}"
        inject_env_vars:
          WHO: "{sample.sample_name} of {project.name}"
        sample_interface:
          command_template: >
            run {sample.path} {sample.many} {sample.constant} "{sample.text}" [{sample.empty}]
            {% if sample.genome is defined %} -g {sample.genome} {% else %} none {% endif %}
            {% for one in sample.many %}<{one}>{% endfor %} {pipeline.var_templates.out}
            {project.color} {looper.job_name} {looper.total_input_size} {looper.log_file}
            {looper.results_subdir} {looper.submission_subdir} {looper.piface_dir} {compute.mem}
            {pipeline.pipeline_name} {looper.output_dir} {project.sample_modifiers.append.constant}
        compute:
          mem: 4000
          size_dependent_variables: sizes.tsv
        """,
    "sizes.tsv": "max_file_size\tcores\tmem\nNaN\t2\t1\n",
}


@pytest.mark.parametrize("sample", ["a", "b"])
def test_features_of_templates(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, sample: str
) -> None:
    monkeypatch.setenv("BASE", "/base")
    folder = write(project({}), FEATURES)
    mine = ours(folder, "sample", "features", sample)
    select = ("--sel-attr", "sample_name", "--sel-incl", sample)
    assert mine == looper(folder, "run", *select)


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (("--command-extra=--fast",), {"command_extra": "--fast"}),
        (("--command-extra-override=--slow",), {"command_extra_override": "--slow"}),
        (("--compute", "mem=7"), {"compute": (("mem", "7"),)}),
    ],
)
def test_options(
    project: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    options: dict[str, object],
) -> None:
    from snakemake_looper import Options

    monkeypatch.setenv("BASE", "/base")
    folder = write(project({}), FEATURES)
    plan = plan_project(folder / ".looper.yaml", Options(**options))  # type: ignore[arg-type]
    theirs = looper(folder, "run", "--sel-attr", "sample_name", "--sel-incl", "a", *words)
    assert plan.jobs[0].command == theirs.split("\n", 1)[1]


def test_pipestat_config(example: Callable[[str], Path]) -> None:
    """Key by key; ours has more: the level, the project's name, and the record's own file."""
    folder = example("two_pipelines")
    only(folder, "pipeline/count_words.yaml")
    (config,) = plan_project(folder / ".looper.yaml").configs
    looper(folder, "run", "--sel-attr", "sample_name", "--sel-incl", "canada")
    theirs = yaml.safe_load((folder / "results/pipestat_config_count_words.yaml").read_text())
    assert config.path == folder / "results/pipestat_config_count_words.yaml"
    mine = dict(config.content)
    assert mine.pop("pipeline_type") == "sample"
    results = mine.pop("results_file_path")
    assert results == theirs.pop("results_file_path").replace(".yaml", f"_records/{RECORD}.yaml")
    assert mine == theirs
