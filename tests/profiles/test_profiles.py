"""Profiles for clusters: those that come along, and those made from a divvy config.

None of these clusters is here. The `qsub` of these tests is a stand-in that runs a script in the
background, as one job of a queue would be, with what its options say noted down.
"""

from __future__ import annotations

import builtins
import io
import keyword
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st
from snakemake import ioutils
from snakemake.profiles import ProfileConfigFileParser
from snakemake.resources import Resource
from snakemake_executor_plugin_slurm.submit_string import get_submit_command
from snakemake_executor_plugin_slurm.validation import validate_slurm_extra
from support.projects import TOUCH, edit, flags, write
from support.running import BIN, PATIENCE, Run, cli, environment, run, snakemake, wait_until

from snakemake_looper.errors import Place, Problems
from snakemake_looper.layout import data_dir
from snakemake_looper.profiles.divvy.apptainer import from_docker, words
from snakemake_looper.profiles.profile import BUNDLED, CONFIG
from snakemake_looper.profiles.profile_text import default_resource, setting_lines

GOLDEN = Path(__file__).parent / "golden"
DIVCFG = GOLDEN / "divvy/divcfg.yaml"
PACKAGES = sorted(yaml.safe_load(DIVCFG.read_text())["compute_packages"])
JOBS = ["touch_sample:a", "touch_sample:b", "touch_sample:c"]


def dry_run(folder: Path, profile: str, *words: str) -> Run:
    return snakemake("--use-looper-config", "--profile", profile, "-n", *words, cwd=folder)


Processes = list["subprocess.Popen[str]"]


@pytest.fixture
def started() -> Iterator[Processes]:
    """Processes that a test starts; those that are still there at its end are killed."""
    processes: Processes = []
    yield processes
    for process in processes:
        with process:
            process.kill()


# --- those that come along ---------------------------------------------------------------------


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
    dry = run(*f"{BIN}/{usage} -n".split(), cwd=touch)
    assert dry.code == 0, dry.err
    assert dry.jobs() == JOBS
    config = touch / "profiles" / name / CONFIG
    text = re.sub(r"^( *)# (?=[a-z][\w-]+: )", r"\1", config.read_text(), flags=re.MULTILINE)
    config.write_text(text)
    dry = run(*f"{BIN}/{usage} -n".split(), cwd=touch)
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


# --- those made from a divvy config ------------------------------------------------------------


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_translated(touch: Path, name: str) -> None:
    """UPDATE_CASES=1 writes the profiles anew: read the difference before committing it."""
    done = cli("profile", "--package", name, "--divvy", str(DIVCFG), cwd=touch)
    assert done.code == 0, done.err
    folder, golden = touch / "profiles" / name, GOLDEN / name
    texts = {path.name: path.read_text() for path in folder.iterdir()}
    scripts = {one: texts.pop(one) for one in ("status.sh", "head_job.sh") if one in texts}
    if os.environ.get("UPDATE_CASES"):
        write(golden, texts)
    assert texts == {path.name: path.read_text() for path in golden.iterdir()}
    assert set(scripts) == SCRIPTS.get(name, set())
    assert dry_run(touch, f"profiles/{name}").jobs() == JOBS
    # Settings without a counterpart are named twice: in a warning, and in the profile.
    named = texts[CONFIG].partition("# Without a counterpart in Snakemake:\n")[2]
    comments = re.sub(r"\n#   ", " ", named).removeprefix("# - ").rstrip("\n").split("\n# - ")
    warnings = [line.removeprefix("warning: ") for line in done.err.splitlines()]
    assert [one.replace(f"{DIVCFG.parent}/", "") for one in warnings] == [c for c in comments if c]


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
    assert (
        done.err
        == f"warning: {touch}/old.yaml:1: compute: older spelling; write 'compute_packages'\n"
    )
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
    ("words", "messages"),
    [
        (["sgee"], ["profile: there is no profile 'sgee'; write one of local, slurm, sge, lsf, generic, or --package NAME for a profile from a divvy config"]),
        (["sge", "-p", "x"], ["profile: give a name or a package, not both"]),
        ([], ["profile: name one: local, slurm, sge, lsf, generic; or --package NAME of a divvy config"]),
        (["-p", "x"], ["--package: 'x' is in no file; give --divvy FILE, or set $DIVCFG"]),
        (["--divvy", "gone.yaml"], ["{here}/gone.yaml: cannot be read: No such file or directory"]),
        (["--divvy", "divcfg.yaml", "-p", "defalt"], ["{here}/divcfg.yaml:2: compute_packages: there is no package 'defalt' (did you mean 'default'?); there are default, short, empty, units"]),
        (["--divvy", "divcfg.yaml", "-p", "short"], ["{here}/divcfg.yaml:4: submission_command: is missing; write it as in looper's own divvy config"]),
        (["--divvy", "divcfg.yaml"], ["{here}/divcfg.yaml:1: adapters: must be a mapping of names", "{here}/divcfg.yaml:3: submission_template: '{here}/gone.sub' cannot be read: No such file or directory; correct it"]),
        (["--divvy", "divcfg.yaml", "-p", "empty"], ["{here}/divcfg.yaml:1: adapters: must be a mapping of names", "{here}/empty.sub:1: has no line with {CODE}, the command; add one"]),
        (["--divvy", "divcfg.yaml", "-p", "units"], [
            "{here}/divcfg.yaml:1: adapters: must be a mapping of names",
            "{here}/t.sub:1: '--comment='it': No closing quotation; correct the quotes",
            "{here}/t.sub:2: --nodes: 'few' is no number of cores; write a whole number above 0",
            "{here}/divcfg.yaml:6: mem: 'much' is no amount of memory; write MB as in 8000, or 8G",
            "{here}/divcfg.yaml:6: time: 'soon' is no wall time; write days-hours:minutes:seconds",
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong(project: Callable[..., Path], words: list[str], messages: list[str]) -> None:
    folder = project(WRONG)
    done = cli("profile", *words, cwd=folder, DIVCFG="")
    assert done.code == 2
    expected = [message.replace("{here}", str(folder)) for message in messages]
    assert done.err.splitlines() == [f"error: {message}" for message in expected]
    assert not (folder / "profiles").exists()


# --- a queue -----------------------------------------------------------------------------------

# Jobs run elsewhere, as on a node; what is known of one is its process.
QUEUE = {
    "qsub": """
        #!/bin/bash
        id=$(mktemp -u XXXXXX)
        printf '%s\\n' "$*" >> "$QUEUE/submitted"
        cd /
        JOB_ID=$id setsid bash "${@: -1}" > "$QUEUE/$id.log" 2>&1 &
        echo $! > "$QUEUE/$id.pid"
        echo "$id"
        """,
    "qstat": """
        #!/bin/bash
        kill -0 "$(< "$QUEUE/$2.pid")" 2> /dev/null && exit
        printf 'Following jobs do not exist: \\n%s\\n' "$2"
        exit 1
        """,
    "qdel": """
        #!/bin/bash
        for id; do kill -- "-$(< "$QUEUE/$id.pid")"; done
        """,
}
QUEUED = {
    **TOUCH,
    "touch.yaml": """
        pipeline_name: touch
        input_schema: schema.yaml
        compute: {mem: 2G, cores: 2, time: "1:30:00"}
        sample_interface:
          command_template: >
            echo "{sample.word} ${FROM_SITE-}" && sleep $SECONDS_EACH && ! grep -qx {sample.sample_name} fail.txt
        """,
}


@pytest.fixture
def queued(project: Callable[..., Path], tmp_path: Path) -> Path:
    queue = write(tmp_path / "queue", QUEUE)
    for path in queue.iterdir():
        path.chmod(0o755)
    return project(QUEUED)


def on_queue(folder: Path, *words: str, **env: str) -> Run:
    return snakemake(*words, cwd=folder, **queue_environment(folder, **env))


def queue_environment(folder: Path, **env: str) -> dict[str, str]:
    queue = folder.parent / "queue" if (folder.parent / "queue").is_dir() else folder.parents[1] / "queue"  # fmt: skip
    path = f"{queue}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "QUEUE": str(queue), "SECONDS_EACH": "0", **env}


def submitted(folder: Path) -> list[str]:
    return sorted((folder.parent / "queue/submitted").read_text().splitlines())


def sge_profile(folder: Path) -> Path:
    """A profile from a divvy package, with a queue that is quick."""
    package = """
        #!/bin/bash
        #$ -N '{JOBNAME}'
        #$ -o {LOGFILE}
        #$ -l mem_free={MEM},h_rt={TIME}
        #$ -pe smp {CORES}
        #$ -q {PARTITION}

        {PRE_COMMAND}
        {CODE}
        echo "$FROM_SITE, code $code" >> $QUEUE/after
        """
    config = """
        adapters: {CODE: looper.command, PRE_COMMAND: compute.pre_command}
        compute_packages:
          sge:
            submission_template: sge.sub
            submission_command: qsub
            partition: long
            pre_command: export FROM_SITE="site {}"
        """
    write(folder, {"divcfg.yaml": config, "sge.sub": package})
    done = cli("profile", "-p", "sge", "--divvy", "divcfg.yaml", cwd=folder)
    assert (done.code, done.err) == (0, "")
    profile = folder / "profiles/sge" / CONFIG
    edit(profile, "between-status-checks: 20", "between-status-checks: 1")
    edit(profile, "latency-wait: 60", "latency-wait: 5")
    return profile.parent


def test_jobs_of_a_translated_package(queued: Path) -> None:
    """Each with what it needs, in the units of the system; the template's shell around it."""
    sge_profile(queued)
    write(queued, {"fail.txt": "b\n"})
    done = on_queue(queued, "--use-looper-config", "--profile", "profiles/sge")
    assert done.code == 1
    states = {"a": "completed", "b": "failed", "c": "completed"}
    assert flags(queued) == [f"touch_{one}_{state}.flag" for one, state in states.items()]
    assert (queued / "results/submission/touch_a.log").read_text() == "one site {}\n"
    options = [line.split() for line in submitted(queued)]
    assert len(options) == 3
    for asked in options:
        assert asked[:3] == ["-terse", "-S", "/bin/bash"]
        assert re.fullmatch(r"touch_sample\.\d+", asked[4])
        assert asked[6] == f"{queued}/.snakemake/cluster_logs/{asked[4]}.log"
        assert asked[7:-1] == ["-l", "mem_free=2048M,h_rt=5400", "-pe", "smp", "2", "-q", "long"]
    after = (queued.parent / "queue/after").read_text().splitlines()
    assert sorted(after) == ["site {}, code 0", "site {}, code 0", "site {}, code 1"]
    write(queued, {"fail.txt": ""})
    done = on_queue(queued, "--use-looper-config", "--profile", "profiles/sge")
    assert (done.code, len(submitted(queued))) == (0, 4), done.text


def test_a_profile_is_found_from_elsewhere(queued: Path) -> None:
    """Its scripts too; and resources can be set on top of it."""
    sge_profile(queued)
    elsewhere = queued / "elsewhere"
    elsewhere.mkdir()
    done = on_queue(
        elsewhere, "--use-looper-config", "--profile", "../profiles/sge", "--set-resources",
        "touch_sample:mem_mb=77", "touch_sample:slurm_partition=short", "--config", "limit=1",
    )  # fmt: skip
    assert done.code == 0, done.text
    (line,) = submitted(queued)
    assert "mem_free=77M,h_rt=5400" in line and "-q short" in line


def test_a_job_that_is_killed_is_not_waited_for(queued: Path, started: Processes) -> None:
    """It leaves no exit code, and is no longer known; its time of grace is cut short here."""
    profile = sge_profile(queued)
    edit(profile / "status.sh", "-mmin +2", "-mmin -2")
    command = [str(BIN / "snakemake"), "--use-looper-config", "--profile", "profiles/sge"]
    env = environment(**queue_environment(queued, SECONDS_EACH="600"))
    controller = subprocess.Popen(command, cwd=queued, env=env, stderr=subprocess.PIPE, text=True)
    started.append(controller)
    wait_until(lambda: len(list(queued.rglob("*_running.flag"))) == 3)
    for path in (queued.parent / "queue").glob("*.pid"):
        os.killpg(int(path.read_text()), signal.SIGKILL)
    _, err = controller.communicate(timeout=PATIENCE)
    assert controller.returncode == 1, err
    assert flags(queued) == [f"touch_{one}_failed.flag" for one in "abc"]


# --- what has become of a job ------------------------------------------------------------------

ANSWERS: dict[str, dict[str, tuple[str, str]]] = {
    "sge": {
        "running": ("qstat", "job_number: 7\nowner: me"),
        "unknown": ("qstat", "Following jobs do not exist: \n7"),
        "broken": ("qstat", "job_number: 7\nerror reason    1: can't chdir to /home/me"),
        "silent": ("qstat", "error: commlib error: got select error (Connection refused)"),
    },
    "lsf": {
        "running": ("bjobs", "JOBID USER STAT QUEUE\n7     me   PEND normal"),
        "unknown": ("bjobs", "Job <7> is not found"),
        "ended": ("bjobs", "JOBID USER STAT QUEUE\n7     me   EXIT normal"),
        "broken": ("bjobs", "JOBID USER STAT QUEUE\n7     me   ZOMBI normal"),
        "silent": ("bjobs", "LSF is down. Please wait ..."),
    },
    "generic": {
        "running": ("qstat", "Job Id: 7.pbs\n    job_state = Q"),
        "unknown": ("qstat", "qstat: Unknown Job Id 7.pbs"),
        "ended": ("qstat", "Job Id: 7\n    job_state = C\n    exit_status = 271"),
        "over": ("qstat", "qstat: 7 Job has finished, use -x or -H to obtain history"),
        "silent": ("qstat", "Connection refused\nqstat: cannot connect to server pbs (errno=111)"),
    },
}
# What is printed at first, and after two minutes.
TELLS = {
    "running": ("running", "running"),
    "silent": ("running", "running"),
    "unknown": ("running", "failed"),
    "ended": ("running", "failed"),
    "over": ("running", "failed"),
    "broken": ("failed", "failed"),
}


@pytest.mark.parametrize(
    ("system", "case"), [(one, case) for one, cases in ANSWERS.items() for case in cases]
)
def test_status_without_an_exit_code(tmp_path: Path, system: str, case: str) -> None:
    program, answer = ANSWERS[system][case]
    tools = write(
        tmp_path / "tools", {program: f"#!/bin/bash\ncat << 'END'\n{answer}\nEND\nexit 1\n"}
    )
    (tools / program).chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    script = str(data_dir(f"profiles/{system}") / "status.sh")
    first, later = TELLS[case]
    done = run("bash", script, "7", cwd=tmp_path, PATH=path)
    assert (done.out, done.err) == (f"{first}\n", "")
    for stamp in tmp_path.rglob("*.gone"):
        os.utime(stamp, (time.time() - 200, time.time() - 200))
    assert run("bash", script, "7", cwd=tmp_path, PATH=path).out == f"{later}\n"


@pytest.mark.parametrize("system", ANSWERS)
@pytest.mark.parametrize(("code", "status"), [("0", "success"), ("1", "failed"), ("137", "failed")])
def test_status_by_the_exit_code(tmp_path: Path, system: str, code: str, status: str) -> None:
    """No queue need be asked."""
    write(tmp_path / ".snakemake/cluster_logs", {"7.exit": f"{code}\n"})
    script = str(data_dir(f"profiles/{system}") / "status.sh")
    assert run("bash", script, "7", cwd=tmp_path).out == f"{status}\n"


@pytest.mark.parametrize(
    ("system", "variable"), [("sge", "JOB_ID"), ("lsf", "LSB_JOBID"), ("generic", "PBS_JOBID")]
)
def test_the_exit_code_is_left(tmp_path: Path, system: str, variable: str) -> None:
    """Whatever Snakemake's command does, which ends with `exit 0 || exit 1`."""
    template = (data_dir(f"profiles/{system}") / "jobscript.sh").read_text()
    (tmp_path / "work/.snakemake/cluster_logs").mkdir(parents=True)
    for word, code in (("true", 0), ("false", 1)):
        command = f"cd {tmp_path}/work && {word} && exit 0 || exit 1"
        write(tmp_path, {"job.sh": template.format(exec_job=command)})
        assert run("sh", "job.sh", cwd=tmp_path, **{variable: word}).code == code
        left = tmp_path / f"work/.snakemake/cluster_logs/{word}.exit"
        assert left.read_text() == f"{code}\n"


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("name", ["TERM", "USR2", "XCPU"])
def test_a_signal_is_no_success(tmp_path: Path, shell: str, name: str) -> None:
    """bash runs what is to be done at the end with the code of the last command, mostly 0."""
    template = (data_dir("profiles/sge") / "jobscript.sh").read_text()
    (tmp_path / ".snakemake/cluster_logs").mkdir(parents=True)
    command = "touch begun; while sleep 0.1; do :; done && exit 0 || exit 1"
    write(tmp_path, {"job.sh": template.format(exec_job=command)})
    env = environment(JOB_ID="7")
    with subprocess.Popen([shell, "job.sh"], cwd=tmp_path, env=env, start_new_session=True) as job:
        wait_until((tmp_path / "begun").exists)
        os.killpg(job.pid, getattr(signal, f"SIG{name}"))
        assert job.wait(timeout=PATIENCE) == 143
    assert (tmp_path / ".snakemake/cluster_logs/7.exit").read_text() == "143\n"


def test_lsf_prints_the_number_only(tmp_path: Path) -> None:
    config = yaml.safe_load((data_dir("profiles/lsf") / CONFIG).read_text())
    command = config["cluster-generic-submit-cmd"].split(" -J ")[0]
    says = "echo 'Job <4711> is submitted to queue <normal>.'"
    tools = write(
        tmp_path / "tools", {"bsub": f'#!/bin/bash\n[[ "$*" == "-n 1 a b" ]] && {says}\n'}
    )
    (tools / "bsub").chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    done = run("sh", "-c", f'{command} -n 1 "a b"', cwd=tmp_path, PATH=path)
    assert (done.code, done.out) == (0, "4711\n")
    assert run("sh", "-c", f"{command} -n 2", cwd=tmp_path, PATH=path).code != 0


# --- the head job ------------------------------------------------------------------------------

HEAD = {
    **QUEUED,
    "mine/config.yaml": "cores: 1\nquiet: [rules, progress]\n",
}


@pytest.fixture
def headed(project: Callable[..., Path]) -> Path:
    return project(HEAD)


def head_job(
    folder: Path, system: str, seconds: str, started: Processes, patience: str = "3000"
) -> subprocess.Popen[str]:
    env = environment(PROFILE="mine", SECONDS_EACH=seconds, SLURM_JOB_ID="1")
    script = folder / f"{system}.sh"
    script.write_text(
        (data_dir(f"profiles/{system}") / "head_job.sh").read_text().replace("3000", patience)
    )
    with (folder / "head.txt").open("w") as output:
        job = subprocess.Popen(
            ["bash", str(script), "--config", "limit=2"],
            cwd=folder, env=env, stdout=output, stderr=output, text=True,
        )  # fmt: skip
    started.append(job)
    return job


def said(folder: Path) -> str:
    return (folder / "head.txt").read_text()


SIGNALS = {"slurm": signal.SIGTERM, "sge": signal.SIGUSR1}


@pytest.mark.parametrize("system", SIGNALS)
def test_the_head_job_ends_in_order(headed: Path, system: str, started: Processes) -> None:
    """No new job is begun, the running one ends; and then the rest is done."""
    edit(headed / "touch.yaml", "sleep $SECONDS_EACH", "until [ -e go ]; do sleep 0.1; done")
    job = head_job(headed, system, "", started)
    wait_until(lambda: bool(list(headed.rglob("*_running.flag"))))
    job.send_signal(SIGNALS[system])
    wait_until(lambda: "exit after finishing currently running jobs" in said(headed))
    (headed / "go").touch()
    assert job.wait(timeout=PATIENCE) == 1, said(headed)
    assert "time runs out: no new jobs" in said(headed)
    assert len([name for name in flags(headed) if "completed" in name]) == 1, said(headed)
    again = head_job(headed, system, "", started)
    assert again.wait(timeout=PATIENCE) == 0, said(headed)
    assert flags(headed) == ["touch_a_completed.flag", "touch_b_completed.flag"]


def test_the_head_job_cancels_what_takes_too_long(headed: Path, started: Processes) -> None:
    job = head_job(headed, "slurm", "6000", started, patience="1")
    wait_until(lambda: bool(list(headed.rglob("*_running.flag"))))
    job.send_signal(signal.SIGTERM)
    assert job.wait(timeout=PATIENCE) == 1, said(headed)
    assert len(list(headed.rglob("*_partial.flag"))) == 1
    assert not list(headed.glob(".snakemake/locks/*"))


def test_the_head_job_says_what_it_lacks(headed: Path) -> None:
    script = str(data_dir("profiles/slurm") / "head_job.sh")
    done = run("/bin/bash", script, cwd=headed)
    assert (done.code, done.err) == (
        2,
        f"there is no profiles/slurm in {headed}: submit from the project's folder, or set PROFILE\n",
    )
    bare = {"PATH": "/usr/bin:/bin"}
    done_bare = subprocess.run(["/bin/bash", script], cwd=headed, env=bare, capture_output=True, text=True)  # fmt: skip
    assert done_bare.returncode == 2
    assert done_bare.stderr.startswith("snakemake is not found: activate its environment before")
