"""The profiles that come with the package: Snakemake takes them, and files of yours are kept."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml
from support.projects import edit
from support.running import BIN, Run, cli, run, snakemake

from snakemake_looper.layout import data_dir
from snakemake_looper.profiles.profile import BUNDLED, CONFIG

JOBS = ["touch_sample:a", "touch_sample:b", "touch_sample:c"]


def dry_run(folder: Path, profile: str, *words: str) -> Run:
    return snakemake("--use-looper-config", "--profile", profile, "-n", *words, cwd=folder)


@pytest.mark.parametrize("name", BUNDLED)
def test_snakemake_takes_it(touch: Path, name: str) -> None:
    """With every line that is commented out put in, too."""
    done = cli("profile", name, cwd=touch)
    assert done.code == 0, done.err
    *written, usage = done.out.splitlines()
    assert [Path(one).name for one in written] == sorted(
        path.name for path in data_dir(f"profiles/{BUNDLED[name]}").iterdir()
    )
    cores = " --cores all" if name == "local" else ""
    assert usage == f"snakemake --use-looper-config --profile profiles/{name}{cores}"
    dry = run(*f"{BIN}/{usage} -n -p".split(), cwd=touch)
    assert dry.code == 0, dry.err
    assert dry.jobs() == JOBS
    config = touch / "profiles" / name / CONFIG
    text = re.sub(r"^( *)# (?=[a-z][\w-]+: )", r"\1", config.read_text(), flags=re.MULTILINE)
    config.write_text(text)
    dry = run(*f"{BIN}/{usage} -n -p".split(), cwd=touch)
    assert dry.code == 0, dry.text
    with config.open("a") as file:
        file.write("nonsense: 1\n")
    assert "--nonsense" in dry_run(touch, f"profiles/{name}").err


@pytest.mark.parametrize("name", [name for name in BUNDLED if name != "local"])
def test_nothing_of_a_job_is_in_a_profile(name: str) -> None:
    config = yaml.safe_load((data_dir(f"profiles/{name}") / CONFIG).read_text())
    assert not {"set-resources", "set-threads", "cores"} & set(config)
    submit = config.get("cluster-generic-submit-cmd", "{threads} {resources.mem_mb}")
    assert "{threads}" in submit and "{resources.mem_mb}" in submit
    asked = set(re.findall(r"\{resources\.(\w+)\}", submit))
    assert asked <= set(config["default-resources"]), "or a job that says nothing cannot be sent"


def test_files_of_yours_are_kept(touch: Path) -> None:
    assert cli("profile", "sge", "-o", "site/cluster", cwd=touch).code == 0
    config, status = touch / "site/cluster" / CONFIG, touch / "site/cluster/status.sh"
    assert "--profile site/cluster" in config.read_text()
    assert os.access(status, os.X_OK)
    usage = "snakemake --use-looper-config --profile site/cluster\n"
    assert cli("profile", "sge", "-o", "site/cluster", cwd=touch).out == usage
    edit(config, "jobs: 100", "jobs: 7")
    status.unlink()
    done = cli("profile", "sge", "-o", "site/cluster", cwd=touch)
    assert (done.code, done.out) == (2, "")
    assert (
        done.err == f"error: site/cluster/{CONFIG}: exists and has another content; use --force\n"
    )
    assert not status.exists()
    done = cli("profile", "sge", "-o", "site/cluster", "--force", cwd=touch)
    assert done.out == f"site/cluster/{CONFIG}\nsite/cluster/status.sh\n{usage}"
    assert "jobs: 100" in config.read_text()
