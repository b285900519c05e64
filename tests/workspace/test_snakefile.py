"""The generated text: the whole of it for two projects, and what holds for all."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.projects import TOUCH, edit, write
from support.running import BIN, EXAMPLES, cli, inspect_json, run, use_looper

from snakemake_looper.plan.planner import plan_project
from snakemake_looper.workspace.snakefile import snakefile
from snakemake_looper.workspace.structure import structure_of

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name for path in EXAMPLES.iterdir())


def text_of(folder: Path) -> str:
    return snakefile(
        structure_of(plan_project(folder / ".looper.yaml")), "../scripts", "scripts/job.sh"
    )


@pytest.mark.parametrize("name", ["count_lines", "no_pipestat"])
def test_whole_text(example: Callable[[str], Path], name: str) -> None:
    """UPDATE_CASES=1 writes the texts anew: read the difference before committing it."""
    golden = CASES / f"{name}.smk"
    text = text_of(example(name))
    if os.environ.get("UPDATE_CASES"):
        golden.write_text(text)
    assert text == golden.read_text()


RICH = {
    **TOUCH,
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: out put
        pipeline_interfaces: [touch.yaml, 2nd-one.yaml, all.yaml]
        pipestat:
          flag_file_dir: flags
        """,
    "touch.yaml": '''
        pipeline_name: touch
        input_schema: schema.yaml
        sample_interface:
          command_template: |
            echo "{sample.word} it's" '"""' 'a\\b' \\
              and more
            # done
          snakemake:
            input: extra/{sample.sample_name}.txt
        project_interface:
          command_template: echo {samples | length}
        compute: {cores: 2, mem: 1G, partition: it's}
        snakemake:
          retries: 2
          priority: 5
          group: small
          container: docker://debian
          resources: {gpu: 1}
        ''',
    "2nd-one.yaml": """
        pipeline_name: 2nd-one
        sample_interface:
          command_template: echo {compute.mem}
        inject_env_vars: {WORD: "{sample.word}"}
        compute: {size_dependent_variables: sizes.tsv}
        input_schema: schema.yaml
        """,
    "all.yaml": "pipeline_name: all\nsample_interface:\n  command_template: echo\n",
    "sizes.tsv": "max_file_size\tcores\tmem\n0.000001\t1\t100\nNaN\t2\t200\n",
    "b.txt": "b" * 3000,
}


@pytest.fixture
def rich(project: Callable[..., Path]) -> Path:
    folder = project(RICH)
    for name in "abc":
        write(folder, {f"extra/{name}.txt": name})
    return folder


def check_format(text: str, folder: Path) -> None:
    path = folder / "Check.smk"
    path.write_text(text)
    done = run(str(BIN / "snakefmt"), "--check", "--diff", str(path), cwd=folder)
    path.unlink()
    assert done.code == 0, done.text


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_formatted_and_linted(example: Callable[[str], Path], name: str) -> None:
    folder = example(name)
    check_format(text_of(folder), folder)
    assert cli("generate", cwd=folder).code == 0
    check_format((folder / "workflow/Snakefile").read_text(), folder)
    assert remarks(use_looper("--lint", cwd=folder).text) <= {
        "* Specify a conda environment or container for each rule.:"
    }


def remarks(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines() if line.strip().startswith("* ")}


def test_everything_at_once_is_formatted_and_runs(rich: Path) -> None:
    check_format(text_of(rich), rich)
    assert remarks(use_looper("--lint", cwd=rich).text) <= {
        "* Specify a conda environment or container for each rule.:"
    }
    done = use_looper(cwd=rich)
    assert done.code == 0, done.text[-3000:]
    assert (rich / "out put/submission/touch_a.log").read_text() == 'one it\'s """ a\\b and more\n'
    assert (rich / "out put/submission/2nd-one_b.log").read_text() == "200\n"
    assert "Nothing to be done" in use_looper(cwd=rich).text


def test_literals_where_samples_agree_lookups_where_not(rich: Path) -> None:
    text = text_of(rich)
    assert '        slurm_partition="it\'s",' in text
    assert "    threads: 2\n    resources:\n        gpu=1,\n        mem_mb=1024," in text
    assert '    threads: jobs.threads("_2nd_one_sample")\n' in text
    assert 'mem_mb=jobs.resource("_2nd_one_sample", "mem_mb")' in text
    assert "    retries: 2 if workflow.is_main_process else 0\n" in text
    assert 'container:\n        "docker://debian"' in text


def test_resources_that_grow_with_each_try(rich: Path) -> None:
    """As the rule has them, as Snakemake reads them, and with each try."""
    edit(rich / "touch.yaml", "resources: {gpu: 1}", "resources: {mem_mb: mem_mb + 500 * attempt}")
    with (rich / "2nd-one.yaml").open("a") as interface:
        interface.write("snakemake: {retries: 2, resources: {mem_mb: mem_mb * attempt}}\n")
    text = text_of(rich)
    assert '        mem_mb=by_attempt("1024 + 500 * attempt"),\n' in text
    assert '        mem_mb=by_attempt(jobs.resource("_2nd_one_sample", "mem_mb")),\n' in text
    check_format(text, rich)
    edit(rich / "2nd-one.yaml", "echo {compute.mem}", "test {sample.sample_name} != b")
    done = use_looper("_2nd_one", "touch", cwd=rich)
    tried = re.findall(
        r"^(?:local)?rule (\w+):\n(?:    .*\n)*?    resources: .*?mem_mb=(\d+)", done.text, re.M
    )
    assert sorted(set(tried)) == [
        ("_2nd_one_sample", "100"),
        ("_2nd_one_sample", "200"),
        ("_2nd_one_sample", "400"),
        ("_2nd_one_sample", "600"),
        ("touch_project", "1524"),
        ("touch_sample", "1524"),
    ]


def test_text_does_not_grow_with_samples(touch: Path) -> None:
    before = text_of(touch)
    with (touch / "samples.csv").open("a") as table:
        table.writelines(f"s{number},a.txt,x\n" for number in range(1000))
    assert text_of(touch) == before


def test_a_sample_may_lack_a_resource(rich: Path) -> None:
    edit(rich / "sizes.tsv", "1\t100", "1\t")
    edit(rich / "2nd-one.yaml", "echo {compute.mem}", "echo")
    done = use_looper("_2nd_one", cwd=rich)
    assert done.code == 0, done.text[-2000:]


def test_extra_inputs_are_inputs(project: Callable[..., Path]) -> None:
    folder = project(RICH)
    job = next(job for job in inspect_json(folder)["jobs"] if job["record"] == "b")
    assert job["inputs"] == ["b.txt", "extra/b.txt"]


TWINS = {
    **TOUCH,
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [short.yaml, long.yaml]
        pipestat: {flag_file_dir: flags, project_name: all}
        """,
    "short.yaml": """
        pipeline_name: count
        sample_interface: {command_template: "echo short {sample.sample_name}"}
        project_interface: {command_template: "echo project"}
        """,
    "long.yaml": """
        pipeline_name: count_lines
        sample_interface: {command_template: "echo long {sample.sample_name}"}
        """,
    "samples.csv": "sample_name\na\nlines_b\nc\n",
}


def test_pipelines_whose_names_begin_alike(project: Callable[..., Path]) -> None:
    """Record `lines_b` of `count` and record `a` of `count_lines`: each rule its own flags."""
    folder = project(TWINS)
    done = use_looper(cwd=folder)
    assert done.code == 0, done.text
    assert "Ambiguous" not in done.text and "InputFunctionException" not in done.text
    logs = folder / "results/submission"
    assert (logs / "count_lines_b.log").read_text() == "short lines_b\n"
    assert (logs / "count_lines_a.log").read_text() == "long a\n"
    assert (logs / "count_lines_lines_b.log").read_text() == "long lines_b\n"
    assert "Nothing to be done" in use_looper(cwd=folder).text


@pytest.mark.parametrize("name", ["a b", "it's", "[x]", "é", "a$b", "a&b", "-x", "x;y", "100"])
def test_sample_names(touch: Path, name: str) -> None:
    edit(
        touch / "touch.yaml",
        "grep -qx {sample.sample_name}",
        "grep -qxFe {sample.sample_name | quote}",
    )
    (touch / "samples.csv").write_text(f'sample_name,file,word\n"{name}",a.txt,w\nz,b.txt,v\n')
    done = use_looper(cwd=touch)
    assert done.code == 0, done.text[-3000:]
    assert (touch / f"results/results_pipeline/{name}/touch_{name}_completed.flag").is_file()
    assert "Nothing to be done" in use_looper(cwd=touch).text


def test_targets_ask_for_the_outputs_of_what_comes_before(tmp_path: Path) -> None:
    """Snakemake makes a missing output only if a target names it, and compares no command then."""
    folder = write(
        tmp_path,
        {
            **TOUCH,
            ".looper.yaml": """
                pep_config: project.yaml
                output_dir: results
                pipeline_interfaces: [touch.yaml, later.yaml]
                """,
            "touch.yaml": """
                pipeline_name: touch
                sample_interface:
                  snakemake: {output: "{sample.sample_name}.out"}
                  command_template: touch {sample.sample_name}.out
                project_interface: {command_template: echo done}
                """,
            "later.yaml": """
                pipeline_name: later
                snakemake: {depends_on: touch}
                sample_interface: {command_template: echo later}
                """,
        },
    )
    text = text_of(folder)
    asked = {
        rule: re.findall(r"jobs\.outputs\((.*)\)", found)
        for rule, found in re.findall(r"^rule (\w+):\n(.*?)(?=^rule |\Z)", text, re.M | re.S)
    }
    targets = ("all", "samples", "project", "touch", "later")
    assert {rule for rule, found in asked.items() if found} == set(targets)
    assert all(asked[rule] == ['"touch_sample"'] for rule in targets if rule != "all")
