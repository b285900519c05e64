"""Profiles made from compute packages of a divvy config."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from support.projects import write
from support.running import Run, cli, snakemake

from snakemake_looper.errors import Place, Problems
from snakemake_looper.profiles.divvy.apptainer import from_docker, words
from snakemake_looper.profiles.profile import CONFIG, from_package, write_profile

GOLDEN = Path(__file__).parent / "golden"
DIVCFG = GOLDEN / "divvy/divcfg.yaml"
PACKAGES = sorted(yaml.safe_load(DIVCFG.read_text())["compute_packages"])
JOBS = ["touch_sample:a", "touch_sample:b", "touch_sample:c"]


def dry_run(folder: Path, profile: str, *words: str) -> Run:
    return snakemake("--use-looper-config", "--profile", profile, "-n", *words, cwd=folder)


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_translated(touch: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """UPDATE_CASES=1 writes the profiles anew: read the difference before committing it."""
    monkeypatch.chdir(touch)
    folder, golden, problems = Path("profiles") / name, GOLDEN / name, Problems()
    files = from_package(str(DIVCFG), name, folder, problems)
    write_profile(folder, files, force=False, problems=problems)
    texts = {path.name: path.read_text() for path in folder.iterdir()}
    assert texts == files
    scripts = {one: texts.pop(one) for one in ("status.sh", "head_job.sh") if one in texts}
    if os.environ.get("UPDATE_CASES"):
        write(golden, texts)
    assert texts == {path.name: path.read_text() for path in golden.iterdir()}
    assert set(scripts) == SCRIPTS.get(name, set())
    assert dry_run(touch, f"profiles/{name}").jobs() == JOBS
    # Settings without a counterpart are named twice: in a warning, and in the profile.
    named = texts[CONFIG].partition("# Without a counterpart in Snakemake:\n")[2]
    comments = re.sub(r"\n#   ", " ", named).removeprefix("# - ").rstrip("\n").split("\n# - ")
    warnings = [line.replace(f"{DIVCFG.parent}/", "") for line in problems.warnings]
    assert warnings == [comment for comment in comments if comment]


_SLURM, _SGE, _STATUS = {"head_job.sh"}, {"head_job.sh", "status.sh"}, {"status.sh"}
SCRIPTS = {
    "slurm": _SLURM, "singularity_slurm": _SLURM, "bulker_slurm": _SLURM, "sge": _SGE,
    "lsf": _STATUS, "pbs": _STATUS,
}  # fmt: skip


def test_the_environment_names_the_divvy_config(touch: Path) -> None:
    done = cli("profile", "-p", "local", cwd=touch, DIVCFG=str(DIVCFG))
    assert done.code == 0, done.err
    assert (touch / "profiles/local" / CONFIG).read_text() == (
        GOLDEN / "local" / CONFIG
    ).read_text()


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ("-v /a:/a -v/b:/c:ro --volume=$HOME/x:/x:rw,z", "--bind /a --bind /b:/c:ro --bind $HOME/x:/x"),
        ("--mount type=bind,source=/a,target=/b,readonly -e A=1 -eB=2 -e C", "--bind /a:/b:ro --env A=1 --env B=2"),
        ('--user=$(id -u):$(id -g) -it --rm --net=host --workdir="`pwd`" -w $(pwd)', ""),
        ('-e "A=b c" --gpus all --env-file env.txt image --volume /not:/this', '--env "A=b c" --nv --env-file env.txt'),
        ("-v /tmp/.X11-unix:/tmp/.X11-unix -v /etc/passwd:/etc/passwd:ro", ""),
    ],
)  # fmt: skip
def test_options_of_docker(options: str, kept: str) -> None:
    problems = Problems()
    assert " ".join(from_docker(words(options), Place("x"), problems)) == kept
    assert not problems.warnings


def test_the_older_spelling(touch: Path) -> None:
    write(touch, {"old.yaml": "compute:\n  default: {submission_template: t.sub, submission_command: sh}\n", "t.sub": "{CODE}\n"})  # fmt: skip
    done = cli("profile", "--divvy", "old.yaml", cwd=touch)
    assert done.code == 0
    message = f"{touch}/old.yaml:1: compute: older spelling; write 'compute_packages'"
    assert done.err == f"warning: {message}\n"
    assert (touch / "profiles/default" / CONFIG).is_file()


WRONG = {
    "divcfg.yaml": """
        adapters: [CODE]
        compute_packages:
          default: {submission_template: gone.sub, submission_command: sh}
          short: {submission_command: ""}
          empty: {submission_template: empty.sub}
          units: {submission_template: t.sub, submission_command: sbatch, mem: much, time: soon}
        """,
    "empty.sub": "#!/bin/bash\n# {CODE}\n",
    "t.sub": "#SBATCH --comment='it\n#SBATCH --nodes=few\n{CODE}\n",
}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sgee"], "profile: there is no profile 'sgee'; write one of local, slurm, lsf, htcondor, sge, lsf-generic, generic, or --package NAME for a profile from a divvy config"),
        (["sge", "-p", "x"], "profile: give a name or a package, not both"),
        ([], "profile: name one: local, slurm, lsf, htcondor, sge, lsf-generic, generic; or --package NAME of a divvy config"),
        (["--divvy", "gone.yaml"], "{here}/gone.yaml: cannot be read: No such file or directory"),
    ],
)  # fmt: skip
def test_faults_of_a_command(project: Callable[..., Path], words: list[str], message: str) -> None:
    folder = project(WRONG)
    done = cli("profile", *words, cwd=folder, DIVCFG="")
    assert (done.code, done.err) == (2, f"error: {message.replace('{here}', str(folder))}\n")
    assert not (folder / "profiles").exists()


@pytest.mark.parametrize(
    ("divvy", "package", "messages"),
    [
        (None, "x", ["--package: 'x' is in no file; give --divvy FILE, or set $DIVCFG"]),
        ("gone.yaml", "default", ["{here}/gone.yaml: cannot be read: No such file or directory"]),
        ("divcfg.yaml", "defalt", ["{here}/divcfg.yaml:2: compute_packages: there is no package 'defalt' (did you mean 'default'?); there are default, short, empty, units"]),
        ("divcfg.yaml", "short", ["{here}/divcfg.yaml:4: submission_command: is missing; write it as in looper's own divvy config"]),
        ("divcfg.yaml", "default", ["{here}/divcfg.yaml:1: adapters: must be a mapping of names", "{here}/divcfg.yaml:3: submission_template: '{here}/gone.sub' cannot be read: No such file or directory; correct it"]),
        ("divcfg.yaml", "empty", ["{here}/divcfg.yaml:1: adapters: must be a mapping of names", "{here}/empty.sub:1: has no line with {CODE}, the command; add one"]),
        ("divcfg.yaml", "units", [
            "{here}/divcfg.yaml:1: adapters: must be a mapping of names",
            "{here}/t.sub:1: '--comment='it': No closing quotation; correct the quotes",
            "{here}/t.sub:2: --nodes: 'few' is no number of cores; write a whole number above 0",
            "{here}/divcfg.yaml:6: mem: 'much' is no amount of memory; write MB as in 8000, or 8G",
            "{here}/divcfg.yaml:6: time: 'soon' is no wall time; write days-hours:minutes:seconds",
        ]),
    ],
)  # fmt: skip
def test_faults_of_a_package(
    project: Callable[..., Path],
    divvy: str | None,
    package: str,
    messages: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = project(WRONG)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DIVCFG", "")
    problems = Problems()
    from_package(divvy, package, Path("profiles"), problems)
    expected = [message.replace("{here}", str(folder)) for message in messages]
    assert [str(problem) for problem in problems] == expected


def test_a_package_for_htcondor(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """condor_submit takes no script: HTCondor has a profile of its own."""
    divvy = """
        compute_packages:
          condor: {submission_template: c.sub, submission_command: condor_submit}
        """
    monkeypatch.chdir(project({"divcfg.yaml": divvy, "c.sub": "request_cpus = {CORES}\n{CODE}\n"}))
    problems = Problems()
    from_package("divcfg.yaml", "condor", Path("profiles"), problems)
    assert any("write 'snakemake-looper profile htcondor'" in one for one in problems.warnings)
