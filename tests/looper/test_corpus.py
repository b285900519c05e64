"""What looper 2.1.1 renders for projects that others published, we render.

The corpus is a folder of published looper projects with looper's recorded commands, configs and
resources. It is no part of this repository; where it is absent, these tests are skipped.

Everything recorded is laid out flat, ours in the same way, and the two must be equal, entry by
entry, but for

- what differs in every project (`in_our_way`): our pipestat configs say more than looper's, and
  each record has a results file of its own;
- the faults of looper named in `EXPECTED`, each an edit of looper's text with the number of the
  fault. An edit that finds nothing to change, or that leads elsewhere than to our text, fails.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.running import REPOSITORY

from snakemake_looper.layout import RECORD
from snakemake_looper.model import Job, Plan
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.options.option_sources import from_config

CORPUS = Path(os.environ.get("LOOPER_CORPUS") or REPOSITORY.parent / "shared" / "corpus")
if not (CORPUS / "oracle").is_dir():
    pytest.skip(
        f"no corpus of published projects in {CORPUS}; LOOPER_CORPUS can name another folder",
        allow_module_level=True,
    )
ORACLES = {path.stem: path for path in sorted((CORPUS / "oracle").glob("*.json"))}

Entries = dict[tuple[str, ...], str]
"""What a project comes to. A key says what it is, of which level, pipeline and record."""

LEVELS = {"run": "sample", "runp": "project"}


# --- expected differences ----------------------------------------------------------------------


@dataclass(frozen=True)
class Edit:
    """Turns looper's text into ours. No `old`: looper has nothing; no `new`: we have nothing."""

    quirk: int | None
    """Number in the list of looper's faults; None where the oracle did not record looper's."""
    old: str | None
    new: str | None

    def of(self, text: str | None) -> str | None:
        if self.old is None or text is None:
            assert self.old is None and text is None, f"{self} does not apply to {text!r}"
            return self.new
        assert self.old in text, f"{self.old!r} is no longer in looper's {text!r}"
        return text.replace(self.old, self.new) if self.new is not None else None


Expected = dict[tuple[str, ...], tuple[Edit, ...]]


def rrbs(*samples: str, first: str = "frog_1") -> Expected:
    """The documented example: nested templates are not rendered by looper (2), and every sample
    after the first has the first one's (1)."""
    found: Expected = {}
    for sample in samples:
        unrendered = "{looper.output_dir}/{sample.sample_name}.log"
        edits = [Edit(2, unrendered, f"<ROOT>/results/{sample}.log")]
        if sample != first:
            edits.append(Edit(1, f"<ROOT>/{first}/info.txt", f"<ROOT>/{sample}/info.txt"))
        found["command", "sample", "RRBS", sample] = tuple(edits)
    return found


def rrbs_record(sample: str, multi: str) -> str:
    """The command that looper cannot render, for it knows no `{pipestat.record_identifier}`."""
    return (
        "export PIPESTAT_CONFIG=<ROOT>/results/pipestat_config_RRBS.yaml\n"
        f"export MY_CUSTOM_VAR='<ROOT>/results/config of {sample}.yaml'\n"
        f"<ROOT>/pipeline1.py --input data/{sample}.fq --info <ROOT>/{sample}/info.txt"
        f" --log <ROOT>/results/{sample}.log --tools /opt/mytools/bin {multi} --record {sample} "
    )


UNKNOWN_RECORD = (
    "ERROR Error populating command template: 'yacman.yacman.YAMLConfigManager object' has no"
    " attribute 'record_identifier'; 'yacman.yacman.YAMLConfigManager object' has no attribute"
    " 'record_identifier'"
)

# looper writes one pipestat config for both levels of a pipeline: whichever comes first.
OWN_CONFIG = (Edit(4, ".yaml", "_project.yaml"),)

EXPECTED: dict[str, Expected] = {
    "docs_spec_2x": rrbs("frog_1", "frog_10", "frog_2"),
    "docs_spec_2x@limit": rrbs("frog_1"),
    "docs_spec_2x@sel": rrbs("frog_2", first="frog_2"),
    "docs_spec_2x@skip_checks": rrbs("frog_1", "frog_10", "frog_2", "missing"),
    "docs_spec_2x@lumpn": {
        **(lumped := rrbs("frog_1", "frog_10", "frog_2")),
        # The environment and the resources of a lump are those of all its members in looper.
        ("command", "sample", "RRBS", "frog_1"): (
            *lumped["command", "sample", "RRBS", "frog_1"],
            Edit(15, "config of frog_10.yaml", "config of frog_1.yaml"),
        ),
        ("resources", "sample", "RRBS", "frog_1", "threads"): (Edit(15, "2", "1"),),
        ("resources", "sample", "RRBS", "frog_1", "mem_mb"): (Edit(15, "2000", "1000"),),
        ("resources", "sample", "RRBS", "frog_1", "runtime"): (Edit(15, "180", "60"),),
        # looper says so on its terminal only, where the oracle was not read from.
        ("skipped", "sample", "RRBS", "missing"): (
            Edit(None, None, "missing files: data/nope.fq"),
        ),
    },
    "docs_spec_2x@recid": {
        ("command", "sample", "RRBS", "frog_1"): (
            Edit(17, None, rrbs_record("frog_1", " --each a  --each b  --all a b")),
        ),
        ("command", "sample", "RRBS", "frog_10"): (
            Edit(17, None, rrbs_record("frog_10", " --each c  --all c")),
        ),
        ("command", "sample", "RRBS", "frog_2"): (
            Edit(17, None, rrbs_record("frog_2", " --each d  --each e e  --all d e e")),
        ),
        **{
            ("skipped", "sample", "RRBS", sample): (Edit(17, UNKNOWN_RECORD, None),)
            for sample in ("frog_1", "frog_10", "frog_2")
        },
        ("skipped", "sample", "RRBS", "missing"): (Edit(17, f"; {UNKNOWN_RECORD}", ""),),
    },
    "geofetch_sra": {
        ("command", "sample", "sra_convert", "missing"): (
            Edit(31, "sraconvert --srr <ROOT>/sra/SRR999/SRR999.sra", None),
        ),
        ("skipped", "sample", "sra_convert", "missing"): (
            Edit(31, None, "missing files: <ROOT>/sra/SRR999/SRR999.sra"),
        ),
        ("resources", "sample", "sra_convert", "missing", "threads"): (Edit(31, "1", None),),
        ("resources", "sample", "sra_convert", "missing", "mem_mb"): (Edit(31, "4000", None),),
        ("resources", "sample", "sra_convert", "missing", "runtime"): (Edit(31, "240", None),),
    },
    "hello_input_schema": {
        # `looper runp` was not recorded.
        ("command", "project", "count_lines"): (
            Edit(
                None,
                None,
                "python3 <ROOT>/pipeline/count_lines_plot.py <ROOT>/results/submission/ ",
            ),
        ),
        ("job name", "project", "count_lines"): (
            Edit(None, None, "count_lines_hello_input_schema"),
        ),
        ("resources", "project", "count_lines", "threads"): (Edit(None, None, "1"),),
        ("resources", "project", "count_lines", "mem_mb"): (Edit(None, None, "1000"),),
        ("resources", "project", "count_lines", "runtime"): (Edit(None, None, "60"),),
    },
    "hello_pipestat": {
        ("config", "project", "count_lines", "path"): OWN_CONFIG,
        ("job name", "project", "count_lines"): (
            Edit(32, "count_lines_.", "count_lines_hello_pipestat"),
        ),
    },
    "ngs_analysis_v3": {
        # In a folder of its own, looper's `runp` dies of the project's output schema. After
        # `run`, it finds the sample level's config, takes that, and gives this command.
        ("config", "project", "NGS.analysis", "path"): OWN_CONFIG,
        ("command", "project", "NGS.analysis"): (
            Edit(
                4,
                None,
                "python /store24/project24/becgsc_001/dev/NGS.analysis.office/NGS.analysis/"
                "NGS.analysis.collator.py --config <ROOT>/example/analysis.configuration.yaml"
                " -O <ROOT>/example/results -P 32 -M 20G -n Eugenio.RNA"
                " -r <ROOT>/example/results/samples --pipestat-config"
                " <ROOT>/example/results/pipestat_config_NGS.analysis_project.yaml ",
            ),
        ),
        ("job name", "project", "NGS.analysis"): (Edit(4, None, "NGS.analysis_Eugenio.RNA"),),
        ("resources", "project", "NGS.analysis", "threads"): (Edit(4, None, "32"),),
        ("resources", "project", "NGS.analysis", "mem_mb"): (Edit(4, None, "20480"),),
        ("resources", "project", "NGS.analysis", "runtime"): (Edit(4, None, "60"),),
        ("resources", "project", "NGS.analysis", "slurm_partition"): (Edit(4, None, "slim18"),),
    },
    "ngs_analysis_v3@both_shared": {
        ("config", "sample", "NGS.peaks", "results_file_path"): (
            Edit(3, "results/NGS.analysis/", "results/NGS.peaks/"),
        ),
    },
}

# The corpus numbers looper's faults in its own way.
QUIRKS = {
    "B01": 1,
    "B02": 2,
    "B04": 17,
    "B05": 3,
    "B06": 4,
    "B12": 31,
    "B14": 28,
    "B15": 37,
    "B17": 32,
    "B19": 15,
}

# Faults that change nothing that was recorded.
UNSEEN = {
    "bedmaker": {28},  # recorded from a conversion, see `test_both_generations`
    "geofetch_sra": {37},  # recorded in the project's folder; we plan in another
    "ngs_analysis_v3@both": {3},  # the results file has `{record_identifier}` and is shared anyhow
}

# pipestat wants a project's name, which looper's configs do not have (24); the PEP's, or that of
# the folder where the PEP has none (32).
NAMES = {
    "docs_spec_2x": "docs",
    "hello_pipestat": "hello_pipestat",
    "ngs_analysis_v3": "Eugenio.RNA",
}

# Which samples are in looper's lumps; the oracle has one script for each.
LUMPS = {"docs_spec_2x@lumpn": {"lump1": ("frog_1", "frog_10"), "lump3": ("frog_2",)}}
# The resources of a lump are recorded under the sample that looper saw last.
LUMP_RESOURCES = {"docs_spec_2x@lumpn": {"frog_10": "lump1", "missing": "lump3"}}


# --- what looper makes of a project ------------------------------------------------------------


def theirs(name: str) -> Entries:
    oracle = json.loads(ORACLES[name].read_text(encoding="utf-8"))
    found: Entries = {}
    for pipeline, commands in oracle["sample"].items():
        for record, command in members(name, commands).items():
            found["command", "sample", pipeline, record] = plain(command)
    for pipeline, command in oracle["project"].items():
        found["command", "project", pipeline] = plain(command)
    for pipeline, records in oracle["skipped"].items():
        for record, skip in records.items():
            found["skipped", "sample", pipeline, record] = reason(skip["reason"])
    for verb, configs in oracle["pipestat_config"].items():
        for path, config in configs.items():
            key = ("config", LEVELS[verb], config["pipeline_name"])
            found |= {(*key, item): plain(value) for item, value in config.items()}
            found[*key, "path"] = f"<ROOT>/{path}"
    for verb, pipelines in oracle["resources"].items():
        for pipeline, records in pipelines.items():
            if verb == "runp":
                (project,) = records
                found["job name", "project", pipeline] = f"{pipeline}_{project}"
            for record, values in resources_of_members(name, records).items():
                own = (record,) if verb == "run" else ()
                for item, value in in_snakemake(values).items():
                    found["resources", LEVELS[verb], pipeline, *own, item] = value
    return found


def plain(text: str) -> str:
    """looper keeps the dot of `output_dir: ./results`."""
    return text.replace("/./", "/")


def reason(text: str) -> str:
    return text.replace("Missing files: ", "missing files: ")


def members(name: str, commands: Mapping[str, str]) -> dict[str, str]:
    """Commands by sample; of a lump, each has its line below the environment of all."""
    if name not in LUMPS:
        return dict(commands)
    lumps = LUMPS[name]
    assert lumps.keys() == commands.keys()
    found = {}
    for lump, script in commands.items():
        lines = script.split("\n")
        count = len(lumps[lump])
        assert all(line.startswith("export ") for line in lines[:-count])
        for sample, line in zip(lumps[lump], lines[-count:], strict=True):
            found[sample] = "\n".join([*lines[:-count], line])
    return found


def resources_of_members(
    name: str, records: Mapping[str, Mapping[str, str | None]]
) -> dict[str, Mapping[str, str | None]]:
    """Resources by sample; members of a lump share the lump's."""
    if name not in LUMPS:
        return dict(records)
    assert records.keys() == LUMP_RESOURCES[name].keys()
    return {
        sample: values
        for record, values in records.items()
        for sample in LUMPS[name][LUMP_RESOURCES[name][record]]
    }


def in_snakemake(values: Mapping[str, str | None]) -> dict[str, str]:
    """looper's compute settings under Snakemake's names: memory in MB, time in minutes."""
    time = values["time"]
    clock = re.fullmatch(r"(?:(\d+)-)?(\d+):(\d+):00", time) if time else None
    assert clock or not time, time
    found = {
        "threads": values["cores"] or "1",
        "mem_mb": values["mem"],
        "runtime": clock and str((int(clock[1] or 0) * 24 + int(clock[2])) * 60 + int(clock[3])),
        "slurm_partition": values["partition"],
    }
    return {key: value for key, value in found.items() if value is not None}


def in_our_way(name: str, entries: Entries) -> Entries:
    """looper's entries with what differs in every project.

    Our configs name the level and the project, and a sample reports into a file of its own,
    for pipestat's results file survives no two writers (quirk 21).
    """
    project = name.partition("@")[0]
    changed = dict(entries)
    for kind, level, pipeline, *_ in entries:
        if kind != "config":
            continue
        config = (kind, level, pipeline)
        changed[*config, "pipeline_type"] = level
        changed.setdefault((*config, "project_name"), NAMES[project])
        path = entries[*config, "results_file_path"]
        if level == "project" or RECORD in path:
            continue
        changed[*config, "results_file_path"] = own_results(path, RECORD)
        for key in entries:
            if key[:3] == ("command", level, pipeline):
                changed[key] = entries[key].replace(path, own_results(path, key[3]))
    return changed


def own_results(path: str, record: str) -> str:
    return path.replace(".yaml", f"_records/{record}.yaml")


# --- what we make of it ------------------------------------------------------------------------


def project_of(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project with its input files, in its environment; the folder it is in.

    The working directory is another folder: nothing may depend on it (quirks 18 and 37).
    """
    source = CORPUS / "projects" / name.partition("@")[0]
    root = folder / source.name
    for file in source.rglob("*"):
        if file.is_file():
            copy = root / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)  # not its mode: the corpus may be read-only
    case = json.loads((root / "case.json").read_text(encoding="utf-8"))
    for variable, value in case["env"].items():
        monkeypatch.setenv(variable, value.replace("<ROOT>", str(root)))
    for file_name, size in case["inputs"].items():
        path = root / file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as handle:
            handle.truncate(size)  # sparse: some are of many MB
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return root


def as_config(words: list[str]) -> dict[str, Any]:
    """looper's arguments as Snakemake config; an option without a value is a switch."""
    found: dict[str, Any] = {}
    option = ""
    for word in words:
        if word.startswith("--"):
            option = word.removeprefix("--")
            found[option] = True
        else:
            found[option] = word
    return found


def ours(plan: Plan, root: Path) -> Entries:
    found: Entries = {}
    for job in plan.jobs:
        key = (job.level, job.pipeline, *([job.record] if job.level == "sample" else []))
        found["command", *key] = script(job)
        if job.level == "project":
            found["job name", *key] = Path(job.log).stem
        for item, value in {"threads": job.threads, **job.resources}.items():
            found["resources", *key, item] = str(value)
    for skip in plan.skipped:
        if skip.fault:  # looper does not speak of those who were not chosen
            found["skipped", "sample", skip.pipeline, skip.record] = skip.reason
    for config in plan.configs:
        config_key = ("config", config.interface.level, config.interface.pipeline_name)
        found |= {(*config_key, item): str(value) for item, value in config.content.items()}
        found[*config_key, "path"] = str(config.path)
    return {key: text.replace(str(root), "<ROOT>") for key, text in found.items()}


def script(job: Job) -> str:
    """A job as looper's script has it: exports, then the command."""
    env = dict(job.env)
    # Ours: tells pipestat which record's file is meant.
    assert env.pop("PIPESTAT_RECORD_IDENTIFIER", job.record) == job.record
    return "\n".join([*(f"export {k}={shlex.quote(v)}" for k, v in env.items()), job.command])


def edited(text: str | None, edits: tuple[Edit, ...]) -> str | None:
    for edit in edits:
        text = edit.of(text)
    return text


# --- tests -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ORACLES)
def test_published_project(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    oracle = json.loads(ORACLES[name].read_text(encoding="utf-8"))
    root = project_of(name, tmp_path, monkeypatch)
    options = from_config(as_config(oracle["args"]))
    plan = plan_project(root / oracle["looper_config_for_tool"], options)
    wanted: dict[tuple[str, ...], str | None] = {**in_our_way(name, theirs(name))}
    for key, edits in EXPECTED.get(name, {}).items():
        wanted[key] = edited(wanted.get(key), edits)
    got = ours(plan, root)
    assert got == {key: text for key, text in wanted.items() if text is not None}


@pytest.mark.parametrize("name", ORACLES)
def test_one_sample_alone(name: str) -> None:
    """The edits of fault 1 make looper's text that of looper asked for the sample alone."""
    oracle = json.loads(ORACLES[name].read_text(encoding="utf-8"))
    alone = {
        ("command", "sample", pipeline, sample): command
        for pipeline, commands in oracle.get("isolated_per_sample_differs", {}).items()
        for sample, command in commands.items()
    }
    shared = theirs(name)
    expected = EXPECTED.get(name, {})
    leaks = {
        key: tuple(edit for edit in edits if edit.quirk == 1) for key, edits in expected.items()
    }
    # Lumps cannot be had alone: their members are in one script.
    assert name in LUMPS or alone.keys() == {key for key, edits in leaks.items() if edits}
    assert {key: edited(shared[key], leaks[key]) for key in alone} == alone


@pytest.mark.parametrize("name", ORACLES)
def test_faults_are_accounted_for(name: str) -> None:
    """Each fault of looper that the corpus saw in a project has its edit or its excuse here."""
    oracle = json.loads(ORACLES[name].read_text(encoding="utf-8"))
    seen = {edit.quirk for edits in EXPECTED.get(name, {}).values() for edit in edits}
    known = {QUIRKS[fault] for fault in oracle["known_looper_bugs"]}
    unseen = UNSEEN.get(name, set())
    assert known <= seen | unseen
    assert not seen & unseen
    assert unseen <= known


def test_tables_name_oracles() -> None:
    named = {*EXPECTED, *UNSEEN, *LUMPS, *LUMP_RESOURCES}
    assert named <= ORACLES.keys()


def test_both_generations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """looper 2 refuses the published 1.x interface (quirk 28) and was given a conversion; the
    two are the same project."""
    root = project_of("bedmaker", tmp_path, monkeypatch)
    old = plan_project(root / ".looper.yaml")
    new = plan_project(root / ".looper_v2.yaml")
    assert "pipeline_type" in (root / "pipeline_interface.yaml").read_text(encoding="utf-8")
    assert len(old.jobs) == 4
    assert ours(old, root) == ours(new, root)
