"""Text of a profile stays the same text, for Snakemake and for its executors."""

from __future__ import annotations

import builtins
import io
import keyword
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st
from snakemake import ioutils
from snakemake.profiles import ProfileConfigFileParser
from snakemake.resources import Resource
from snakemake_executor_plugin_slurm.submit_string import get_submit_command
from snakemake_executor_plugin_slurm.validation import validate_slurm_extra
from support.running import cli

from snakemake_looper.profiles.profile import CONFIG
from snakemake_looper.profiles.profile_text import default_resource, setting_lines

DIVCFG = Path(__file__).parent / "golden/divvy/divcfg.yaml"


class Resources(dict[str, Any]):
    """As the executor sees those of a job."""

    __getattr__ = dict.__getitem__


def evaluated(name: str, text: Any) -> Any:
    """A default resource as Snakemake understands it."""
    return Resource.cli_evaluator(
        name, str(text), wildcards=None, input=[], attempt=1, threads=1, async_run=None
    )


def understood(line: str) -> Any:
    """A setting that a profile holds, as Snakemake's command line has it."""
    stream = io.StringIO(line)
    stream.name = "profiles/x/config.v9+.yaml"
    (value,) = ProfileConfigFileParser().parse(stream).values()
    return value


def handed_over(text: str) -> Any:
    """A default resource on its whole way: as a line of a profile, and then evaluated."""
    (argument,) = understood(f"default-resources:\n  slurm_partition: {default_resource(text)}\n")
    name, _, value = argument.partition("=")
    return evaluated(name, value)


def test_what_sbatch_is_called_with(touch: Path) -> None:
    """The executor itself makes the call, and refuses nothing in it."""
    assert cli("profile", "-p", "slurm", "--divvy", str(DIVCFG), cwd=touch).code == 0
    config = yaml.safe_load((touch / "profiles/slurm" / CONFIG).read_text())
    resources = {key: evaluated(key, text) for key, text in config["default-resources"].items()}
    job: Any = SimpleNamespace(
        threads=2, resources=Resources(resources | {"mem_mb": 8192, "runtime": 60})
    )
    validate_slurm_extra(job)
    params = dict.fromkeys(("run_uuid", "slurm_logfile", "comment_str", "workdir"), "x")
    settings: Any = SimpleNamespace(
        requeue=False,
        no_requeue=config["slurm-no-requeue"],
        qos=None,
        reservation=config["slurm-reservation"],
    )
    call = get_submit_command(job, params | {"account": "", "partition": ""}, settings)
    for option in (
        "-C 'haswell|skylake'", "--qos=normal", "--no-requeue", "--reservation=workshop",
        "--mem 8192", "-t 60", "--cpus-per-task=2", "--ntasks=1",
        "--distribution=block --mail-type=FAIL --mail-user=me@lab.org",
    ):  # fmt: skip
        assert option in call


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="$"), min_size=1)
# Words that Python, Snakemake's evaluation or YAML know.
WORDS = sorted(
    {*dir(builtins), *keyword.kwlist, *keyword.softkwlist, *dir(ioutils)}
    | {"wildcards", "input", "attempt", "threads", "rulename", "system_tmpdir", "shutil"}
    | {"async_run", "__builtins__", "yes", "no", "on", "off", "true", "false", "null", "~", "none"}
    | {
        "long",
        "1-2",
        "0123",
        "1e3",
        "1_0",
        "0x10",
        ".inf",
        "-1",
        "1:30",
        "2026-01-01",
        "'a'",
        "a=b",
    }
)


@given(TEXT | st.sampled_from(WORDS))
@example("__builtins__")
@example("~root")
def test_text_stays_text(text: str) -> None:
    """A partition called `all` or `1-2` is not what Python makes of these words. A `$` is expanded,
    as everywhere in a profile."""
    assert handed_over(text) == text


def test_words_that_mean_something() -> None:
    assert [handed_over(text) for text in WORDS] == WORDS


@given(TEXT | st.sampled_from(WORDS))
@example("no")
@example("a\x85b")
@example(" a\n b\n")
def test_options_stay_text(text: str) -> None:
    """Options that are not evaluated, as the name of a reservation. A text that is a file of the
    profile's folder means that file, and `~` at the front means a home."""
    assume(not text.startswith("~"))
    assert understood("\n".join(setting_lines("slurm-reservation", text))) == text
