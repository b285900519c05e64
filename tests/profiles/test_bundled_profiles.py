"""The profiles that come with the package: Snakemake takes them, and files of yours are kept."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml
from support.projects import edit, write
from support.running import BIN, Run, cli, run, snakemake

from snakemake_looper.errors import Problems
from snakemake_looper.layout import data_dir
from snakemake_looper.profiles.profile import BUNDLED, CONFIG, bundled, missing_plugin, usage

JOBS = ["touch_sample:a", "touch_sample:b", "touch_sample:c"]


def dry_run(folder: Path, profile: str, *words: str) -> Run:
    return snakemake("--use-looper-config", "--profile", profile, "-n", *words, cwd=folder)


# The other two need their executor plugins: see tests/beside.
HERE = [name for name in BUNDLED if name not in ("lsf", "htcondor")]


@pytest.mark.parametrize("name", HERE)
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


@pytest.mark.parametrize("name", ["lsf", "htcondor"])
def test_an_executor_plugin_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda package: None)
    files = bundled(name, tmp_path, Problems())
    assert missing_plugin(files) == f"snakemake-executor-plugin-{name}"
    assert usage(tmp_path, files) == f"snakemake --use-looper-config --profile {tmp_path}"


def test_the_profile_that_was_called_lsf(touch: Path) -> None:
    """It was for cluster-generic."""
    old = {CONFIG: (data_dir("profiles/lsf-generic") / CONFIG).read_text()}
    write(touch / "profiles/lsf", old)
    done = cli("profile", "lsf", cwd=touch)
    assert done.code == 2
    assert f"profiles/lsf/{CONFIG}: exists and has another content; use --force" in done.err
    assert "write 'snakemake-looper profile lsf-generic -o profiles/lsf'" in done.err


def test_a_file_that_snakemake_may_read_instead(touch: Path) -> None:
    write(touch / "profiles/sge", {"profile.v9+.yaml": "jobs: 1\n"})
    done = cli("profile", "sge", "--force", cwd=touch)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: profiles/sge/profile.v9+.yaml: Snakemake may read it in the place of"
        f" {CONFIG}; move it, or choose another folder with -o\n"
    )


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
