"""Images and environments of jobs.

apptainer can be had here neither from Debian nor from PyPI, so the `apptainer` of these tests is a
stand-in: Snakemake's own code calls it, it checks what it is called with, and runs the command
without any container. What is inside an image is therefore not tested.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.projects import TOUCH, edit, flags, write
from support.running import Run, cli, snakemake, use_looper

from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.options.options import Options
from snakemake_looper.workspace.snakefile import snakefile
from snakemake_looper.workspace.structure import structure_of

APPTAINER = """
    #!/bin/bash
    # Takes the place of apptainer: notes the image and the options, and runs the command here.
    if [[ $1 == --version ]]; then echo "apptainer version 1.3.4"; exit; fi
    if [[ $1 == pull ]]; then echo "pull $4" >> "$CALLS"; touch "$3"; exit; fi
    [[ $1 == exec && $2 == --home && $3 == "$PWD" ]] || { echo "called with $*" >&2; exit 255; }
    shift 3
    options=()
    while [[ $1 == -* ]]; do
        options+=("$1")
        [[ $1 == --bind || $1 == --env ]] && { options+=("$2"); shift; }
        shift
    done
    [[ -e $1 ]] || { echo "no image $1" >&2; exit 255; }
    echo "exec ${1##*/}${options[*]:+ ${options[*]}}" >> "$CALLS"
    export IMAGE=$1
    shift
    exec "$@"
    """
IN_CONTAINER: dict[str, str] = {
    **TOUCH,
    "touch.yaml": """
        pipeline_name: touch
        input_schema: schema.yaml
        inject_env_vars: {WORD: "{sample.word}"}
        sample_interface:
          command_template: >
            echo "$WORD in ${IMAGE-none}" && ! grep -qx {sample.sample_name} fail.txt
        compute: {docker_image: "debian:12"}
        """,
}


@pytest.fixture
def contained(project: Callable[..., Path]) -> Path:
    return project(IN_CONTAINER)


def with_apptainer(folder: Path, *words: str) -> Run:
    """Run in containers; the stand-in is outside of the project."""
    tools = write(folder.parent / "tools", {"apptainer": APPTAINER})
    (tools / "apptainer").chmod(0o755)
    (folder.parent / "calls").touch()
    return use_looper(
        "--sdm", "apptainer", *words, cwd=folder,
        PATH=f"{tools}{os.pathsep}{os.environ['PATH']}", CALLS=str(folder.parent / "calls"),
    )  # fmt: skip


def calls(folder: Path) -> list[str]:
    path = folder.parent / "calls"
    found = sorted(path.read_text().splitlines())
    path.write_text("")
    return found


def text_of(folder: Path) -> str:
    return snakefile(
        structure_of(plan_project(folder / ".looper.yaml")), "../scripts", "scripts/job.sh"
    )


def images(folder: Path, **options: Any) -> list[str | None]:
    plan = plan_project(folder / ".looper.yaml", Options(**options))
    return [job.container for job in plan.jobs]


@pytest.mark.parametrize(
    ("compute", "image"),
    [
        ("{docker_image: databio/pepatac}", "docker://databio/pepatac"),
        ("{docker_image: 'docker://debian:12'}", "docker://debian:12"),
        ("{docker_image: 'quay.io/x/y@sha256:ab'}", "docker://quay.io/x/y@sha256:ab"),
        ("{docker_image: ./made.sif}", "made.sif"),
        ("{docker_image: images/made.sif}", "images/made.sif"),
        ("{apptainer_image: images/made.sif}", "images/made.sif"),
        ("{singularity_image: images/made}", "images/made"),
        ("{singularity_image: 'library://a/b'}", "library://a/b"),
        ("{singularity_image: /opt/made.sif}", "/opt/made.sif"),
        ("{singularity_image: '${SIMAGES}made'}", "/images/made"),
        ("{docker_image: a, singularity_image: s, apptainer_image: p}", "p"),
        ("{docker_image: a, singularity_image: s}", "s"),
        ("{docker_image: a, singularity_image: '${UNSET_HERE}s'}", "docker://a"),
        ("{docker_image: a, singularity_image: ''}", "docker://a"),
        ("{docker_image: ''}", None),
        ("{mem: 1G}", None),
    ],
)
def test_name_of_an_image(
    contained: Path, compute: str, image: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMAGES", "/images/")
    edit(contained / "touch.yaml", '{docker_image: "debian:12"}', compute)
    assert set(images(contained)) == {image}


def test_one_image_is_in_the_rule(contained: Path) -> None:
    assert '    container:\n        "docker://debian:12"\n' in text_of(contained)


def test_sources_of_an_image(contained: Path) -> None:
    """As for other compute settings; a file is relative to the file that names it."""
    write(
        contained,
        {
            "touch.yaml": "pipeline_name: touch\nsample_interface:\n  command_template: x\n",
            "site/divcfg.yaml": "compute_packages: {default: {apptainer_image: a.sif}, other: {}}",
            "sub/settings.yaml": "apptainer_image: b.sif\n",
        },
    )
    assert images(contained) == [None] * 3
    options: dict[str, Any] = {"divvy": "site/divcfg.yaml"}
    found = images(contained, **options, package="other")
    assert found == ["site/a.sif"] * 3, "`default` is below all"
    write(contained, {"sizes.tsv": "max_file_size\tapptainer_image\nNaN\tc.sif\n"})
    with (contained / "touch.yaml").open("a") as file:
        file.write("compute:\n  size_dependent_variables: sizes.tsv\n")
    assert images(contained, **options) == ["c.sif"] * 3
    with (contained / "touch.yaml").open("a") as file:
        file.write("  apptainer_image: d.sif\n")
    assert images(contained, **options) == ["d.sif"] * 3
    (contained / "pep").mkdir()
    (contained / "samples.csv").rename(contained / "pep/samples.csv")
    write(contained / "pep", {"project.yaml": TOUCH["project.yaml"]})
    edit(contained / ".looper.yaml", "project.yaml", "pep/project.yaml")
    with (contained / "pep/project.yaml").open("a") as file:
        file.write("looper: {compute: {resources: {apptainer_image: e.sif}}}\n")
    assert images(contained, **options) == ["pep/e.sif"] * 3
    options["settings"] = "sub/settings.yaml"
    assert images(contained, **options) == ["sub/b.sif"] * 3
    options["compute"] = (("apptainer_image", "f.sif"),)
    assert images(contained, **options) == ["f.sif"] * 3
    with (contained / "touch.yaml").open("a") as file:
        file.write("snakemake: {container: g.sif}\n")
    assert images(contained, **options) == [None] * 3
    assert f'container:\n        "{contained}/g.sif"' in text_of(contained)


DIFFERENT = {
    **IN_CONTAINER,
    "b.txt": "b" * 2000,
    "sizes.tsv": "max_file_size\tdocker_image\n0.000001\tsmall\nNaN\tbig\n",
    "touch.yaml": IN_CONTAINER["touch.yaml"].replace(
        'docker_image: "debian:12"', "size_dependent_variables: sizes.tsv"
    ),
}


def test_jobs_run_in_their_images(project: Callable[..., Path]) -> None:
    """The image is looked up where samples differ; another one runs its jobs again."""
    folder = project(DIFFERENT)
    assert 'container:\n        jobs.container("touch_sample")' in text_of(folder)
    done = with_apptainer(folder)
    assert done.code == 0, done.text
    found = calls(folder)
    assert [one.split()[0] for one in found] == ["exec"] * 3 + ["pull"] * 2
    assert found[3:] == ["pull docker://big", "pull docker://small"]
    logs = {one: (folder / f"results/submission/touch_{one}.log").read_text() for one in "abc"}
    assert all(" in " in log and "none" not in log for log in logs.values())
    assert logs["a"].split()[2] == logs["c"].split()[2] != logs["b"].split()[2]
    assert logs["b"].startswith("two in ")
    assert flags(folder) == [f"touch_{one}_completed.flag" for one in "abc"]
    assert with_apptainer(folder, "-n").jobs() == []
    edit(folder / "sizes.tsv", "big", "bigger")
    assert with_apptainer(folder, "-n").jobs() == ["touch_sample:b"]
    edit(folder / "sizes.tsv", "bigger", "")
    assert with_apptainer(folder).jobs() == ["touch_sample:b"]
    assert (folder / "results/submission/touch_b.log").read_text() == "two in none\n"


def test_without_the_option_images_are_ignored(contained: Path) -> None:
    assert use_looper(cwd=contained).code == 0
    assert (contained / "results/submission/touch_a.log").read_text() == "one in none\n"
    edit(contained / "touch.yaml", "debian:12", "debian:13")
    assert use_looper("-n", cwd=contained).jobs() == []


def test_a_failure_inside_is_a_failure(contained: Path) -> None:
    write(contained, {"fail.txt": "b\n"})
    assert with_apptainer(contained).code == 1
    states = {"a": "completed", "b": "failed", "c": "completed"}
    assert flags(contained) == [f"touch_{one}_{state}.flag" for one, state in states.items()]


def test_options_of_apptainer_get_there(contained: Path) -> None:
    done = with_apptainer(contained, "--apptainer-args", "--bind /opt:/opt:ro --cleanenv")
    assert done.code == 0, done.text
    options = [one.split(maxsplit=2)[2] for one in calls(contained)[:3]]
    assert all(one.startswith("--bind /opt:/opt:ro --cleanenv") for one in options)


def test_jobs_of_a_cluster_run_in_containers(contained: Path) -> None:
    """A process of its own for each job finds the image in the job table, and job.sh by its path."""
    done = with_apptainer(
        contained, "--executor", "cluster-generic", "--cluster-generic-submit-cmd", "bash",
        "-j", "1", "--seconds-between-status-checks", "1", "--latency-wait", "1",
    )  # fmt: skip
    assert done.code == 0, done.text
    assert "none" not in (contained / "results/submission/touch_a.log").read_text()
    assert [one.split()[0] for one in calls(contained)] == ["exec"] * 3 + ["pull"]


def test_conda(contained: Path) -> None:
    """The environment is in the rule, relative to the interface, and `--sdm conda` asks for it."""
    write(contained, {"envs/tools.yaml": "dependencies: [samtools]\n"})
    with (contained / "touch.yaml").open("a") as file:
        file.write("snakemake: {conda: envs/tools.yaml}\n")
    assert f'conda:\n        "{contained}/envs/tools.yaml"' in text_of(contained)
    tools = write(contained.parent / "tools", {"conda": CONDA})
    (tools / "conda").chmod(0o755)
    done = snakemake(
        "--use-looper-config", "-n", "--sdm", "conda", cwd=contained,
        PATH=f"{tools}{os.pathsep}{os.environ['PATH']}",
    )  # fmt: skip
    assert "envs/tools.yaml will be created" in done.text
    assert use_looper("-n", cwd=contained).code == 0, "without the option no conda is needed"


def test_where_pipelines_name_their_software_lint_has_no_remark(contained: Path) -> None:
    """Rules of our own need nothing but what Snakemake runs in, and say so."""
    own = "    conda:\n        lambda wildcards: None\n"
    assert own in text_of(contained).partition("rule report:")[2]
    done = use_looper("--lint", cwd=contained)
    assert "your workflow is in a good condition" in done.text
    edit(contained / "touch.yaml", 'compute: {docker_image: "debian:12"}', "")
    assert own not in text_of(contained)


# Says of itself what Snakemake asks before it makes an environment.
CONDA = """
    #!/bin/bash
    case $* in
        --version) echo "conda 24.9.0" ;;
        "info --json") echo '{"conda_prefix": "/opt/conda", "platform": "linux-64"}' ;;
        "config --get channel_priority --json") echo '{"get": {"channel_priority": "strict"}}' ;;
        *) echo "{}" ;;
    esac
    """


def test_what_cannot_be_a_container_is_said(contained: Path) -> None:
    """The run goes on: a project may have these for others than us."""
    edit(
        contained / "touch.yaml",
        '{docker_image: "debian:12"}',
        "{bulker_crate: databio/pepatac, singularity_image: '${UNSET_HERE}x'}",
    )
    done = cli("inspect", "--compute", "bulker_crate=other", cwd=contained)
    assert done.code == 0
    lines = [line for line in done.err.splitlines() if "container" in line]
    assert [line.split(": '")[0] for line in lines] == [
        "warning: --compute: bulker_crate",
        f"warning: {contained}/touch.yaml:7: compute.bulker_crate",
        f"warning: {contained}/touch.yaml:7: compute.singularity_image",
    ]
    assert "'snakemake: container: docker://…'" in lines[1]


def test_an_image_that_snakemake_cannot_have(contained: Path) -> None:
    edit(contained / "touch.yaml", "debian:12", "debian 12")
    done = cli("inspect", cwd=contained)
    assert done.code == 2
    assert (
        f"{contained}/touch.yaml:7: compute.docker_image: 'debian 12' has white space" in done.err
    )
