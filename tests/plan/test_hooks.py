"""`pre_submit`: what hooks see, what they change, when they run, and how they fail.

The five functions that looper ships are compared with what looper itself writes for one sample.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.projects import TOUCH, edit, write
from support.running import cli, inspect_json, run, use_looper

from snakemake_looper import Options, ProjectError
from snakemake_looper.plan.hooks import SHIPPED
from snakemake_looper.plan.planner import explain, plan_project

HOOKED = {
    **TOUCH,
    "touch.yaml": """
        pipeline_name: touch
        input_schema: schema.yaml
        var_templates:
          where: "{looper.output_dir}/{sample.word}"
        compute:
          mem: 100
          cores: 1
        pre_submit:
          python_functions: [hooks_of_test.first, hooks_of_test.second]
          command_templates:
            - >-
              echo {sample.sample_name} >> ran.txt;
              echo '{'{'}"compute": {'{'}"mem": "{sample.size}G"{'}'}{'}'}'
            - "echo '{'{'}\\"looper\\": {'{'}\\"note\\": \\"{compute.mem}\\"{'}'}{'}'}'"
        sample_interface:
          command_template: >
            echo {sample.size} {sample.seen} {compute.mem} {compute.cores} {looper.note}
        """,
    "hooks_of_test.py": """
        def first(namespaces):
            assert namespaces["sample"].word == namespaces["sample"]["word"]
            print("a hook may print")
            return {"sample": {"size": len(namespaces["sample"]["word"])}}


        def second(namespaces):
            namespaces["compute"]["cores"] = 2
            namespaces["sample"]["seen"] = namespaces["pipeline"]["var_templates"]["where"][-5:]
            namespaces["extra"] = {"a": 1}
        """,
}


@pytest.fixture
def hooked(project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = project(HOOKED)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_functions_then_commands_change_what_follows(hooked: Path) -> None:
    """Functions see rendered var_templates; commands see what functions changed, and each other's
    changes; compute values that a hook sets are those that the job is scheduled with."""
    plan = inspect_json(hooked)
    job = plan["jobs"][2]
    assert job["command"].strip() == "echo 5 three 5G 2 5G"
    assert (job["threads"], job["resources"]["mem_mb"]) == (2, 5 * 1024)
    assert plan["jobs"][0]["command"].strip() == "echo 3 s/one 3G 2 3G"
    assert job["compute"]["mem"] == "5G"


def test_a_function_may_bring_a_namespace(hooked: Path) -> None:
    edit(hooked / "touch.yaml", "{looper.note}", "{extra.a}")
    assert inspect_json(hooked)["jobs"][0]["command"].strip().endswith(" 1")


def test_run_once_for_each_planned_job(hooked: Path) -> None:
    """Not for skipped samples (quirk 16), not again where nothing changed, also in a dry run."""
    (hooked / "b.txt").unlink()
    assert use_looper("-n", cwd=hooked).code == 0
    ran = hooked / "ran.txt"
    assert sorted(ran.read_text().split()) == ["a", "c"]
    assert use_looper(cwd=hooked).code == 0
    assert use_looper(cwd=hooked).code == 0
    assert sorted(ran.read_text().split()) == ["a", "c"]
    log = hooked / "results/submission/touch_c.log"
    assert log.read_text() == "5 three 5G 2 5G\n"
    edit(hooked / "samples.csv", "three", "four")
    assert use_looper("-n", cwd=hooked).jobs() == ["touch_sample:c"]


def test_a_changed_function_makes_a_new_plan(hooked: Path) -> None:
    assert use_looper(cwd=hooked).code == 0
    edit(hooked / "hooks_of_test.py", '["cores"] = 2', '["cores"] = 2 + 0')
    assert use_looper("-n", cwd=hooked).jobs() == []
    assert len((hooked / "ran.txt").read_text().split()) == 6


def test_commands_run_side_by_side(project: Callable[..., Path]) -> None:
    """Each waits for another one to have begun: one after another, none would get on."""
    count = min(2, os.cpu_count() or 1)
    if count < 2:
        pytest.skip("one core: commands of hooks run one after another")
    wait = "touch {sample.sample_name}.up; for i in $(seq 3000); do set -- *.up;"
    wait += " [ $# -ge 2 ] && break; sleep 0.1; done; [ $# -ge 2 ] && echo null"
    interface = {
        "pipeline_name": "touch",
        "pre_submit": {"command_templates": [wait]},
        "sample_interface": {"command_template": "true"},
    }
    folder = project({**TOUCH, "touch.yaml": yaml.safe_dump(interface)})
    assert len(plan_project(folder / ".looper.yaml").jobs) == 3


def test_nothing_runs_where_anything_is_wrong(hooked: Path) -> None:
    edit(hooked / ".looper.yaml", "output_dir: results", "output_dir: results\npipestat: 3")
    done = cli("inspect", cwd=hooked)
    assert done.code == 2
    assert not (hooked / "ran.txt").exists()


def test_dynamic_variables(project: Callable[..., Path]) -> None:
    """They replace the interface's and the PEP's settings; the command line still wins."""
    interface = {
        "pipeline_name": "touch",
        "compute": {
            "mem": 5,
            "dynamic_variables_command_template": 'echo \'{"mem": "{sample.word}", "cores": 3}\'',
        },
        "sample_interface": {"command_template": "run {compute.mem}"},
    }
    files = {**TOUCH, "touch.yaml": yaml.safe_dump(interface)}
    files["samples.csv"] = "sample_name,file,word\na,a.txt,10\nb,b.txt,20\n"
    folder = project(files)
    plan = plan_project(folder / ".looper.yaml")
    assert [(job.command.strip(), job.threads) for job in plan.jobs] == [
        ("run 10", 3),
        ("run 20", 3),
    ]
    assert plan.jobs[1].resources == {"mem_mb": 20}
    assert any("is deprecated by looper" in warning for warning in plan.warnings)
    over = plan_project(folder / ".looper.yaml", Options(compute=(("cores", "7"),)))
    assert [job.threads for job in over.jobs] == [7, 7]


# --- how they fail -----------------------------------------------------------------------------


def failing(folder: Path, hooks: dict[str, Any]) -> list[str]:
    interface = {
        "pipeline_name": "touch",
        "pre_submit": hooks,
        "sample_interface": {"command_template": "true"},
    }
    write(folder, {"touch.yaml": yaml.safe_dump(interface, sort_keys=False)})
    with pytest.raises(ProjectError) as caught:
        plan_project(folder / ".looper.yaml")
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


COMMANDS = "touch.yaml:4: pre_submit.command_templates: "
FUNCTIONS = "touch.yaml:4: pre_submit.python_functions: "


@pytest.mark.parametrize(
    ("hooks", "message"),
    [
        (
            {"command_templates": ["echo doing; echo no such genome >&2; exit 3"]},
            COMMANDS
            + "'echo doing; echo no such genome >&2; exit 3' exited with 3: no such genome;"
            " correct the command (for a and 2 more)",
        ),
        (
            {"command_templates": ["[ {sample.sample_name} != b ] && echo null"]},
            COMMANDS + "'[ b != b ] && echo null' exited with 1; correct the command (for b)",
        ),
        (
            {"command_templates": ["true"]},
            COMMANDS + "'true' did not print JSON, it printed nothing; print at least '{}'"
            " (for a and 2 more)",
        ),
        (
            {"command_templates": ["echo no json"]},
            COMMANDS + "'echo no json' did not print JSON: no json; print at least '{}'"
            " (for a and 2 more)",
        ),
        (
            {"command_templates": ["echo [1]"]},
            COMMANDS + "echo [1] returned list '[1]'; return a mapping: namespace to values"
            " (for a and 2 more)",
        ),
        (
            {"command_templates": ["echo '{\"cores\": 4}'"]},
            COMMANDS + "echo '{\"cores\": 4}' returned 'cores', which is no namespace; there are"
            " project, compute, pipestat, pipeline, sample, looper (for a and 2 more)",
        ),
        (
            {"command_templates": ["echo '{\"compute\": 4}'"]},
            COMMANDS + "echo '{\"compute\": 4}' returned int '4' for 'compute'; return a mapping of"
            " values (for a and 2 more)",
        ),
        (
            {"command_templates": ["echo {sample.wrd}"]},
            COMMANDS + "{sample.wrd} is undefined (did you mean 'word'?); sample has file,"
            " sample_name, word (for a and 2 more)",
        ),
        (
            {"python_functions": ["failing_hooks.raises"]},
            FUNCTIONS + "failing_hooks.raises failed: KeyError: 'genome' (failing_hooks.py:2);"
            " correct it (for a and 2 more)",
        ),
        (
            {"python_functions": ["failing_hooks.text"]},
            FUNCTIONS + "failing_hooks.text returned str 'done'; return a mapping: namespace to"
            " values (for a and 2 more)",
        ),
        (
            {"python_functions": ["failing_hooks.nothing"]},
            "touch.yaml:4: pre_submit.python_functions: 'failing_hooks' has no function 'nothing'",
        ),
        (
            {"python_functions": ["failing_hooks.NUMBER"]},
            "touch.yaml:4: pre_submit.python_functions: 'failing_hooks.NUMBER' is no function; write"
            " 'package.function'",
        ),
        (
            {"python_functions": ["no_such_package.hook"]},
            "touch.yaml:4: pre_submit.python_functions: there is no module"
            " 'no_such_package'; correct the name, or install it where snakemake-looper is",
        ),
        (
            {"python_functions": ["looper.write_sample_yml"]},
            "touch.yaml:4: pre_submit.python_functions: looper ships no 'write_sample_yml' (did you"
            " mean 'write_sample_yaml'?)",
        ),
        (
            {"python_functions": ["looper.write_custom_template"]},
            FUNCTIONS + "looper.write_custom_template failed: there is no template; name"
            " one in 'var_templates: custom_template'; correct it (for a and 2 more)",
        ),
    ],
)
def test_message(
    project: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    hooks: dict[str, Any],
    message: str,
) -> None:
    folder = project(TOUCH)
    write(
        folder,
        {
            "failing_hooks.py": """
                NUMBER = 3
                def raises(namespaces): namespaces["sample"]["genome"]
                def text(namespaces): return "done"
                """
        },
    )
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(__import__("sys").modules, "failing_hooks", raising=False)
    assert failing(folder, hooks) == [message]


@pytest.mark.parametrize(
    ("hooks", "more"),
    [
        (
            {"python_function": ["no_such_package.hook"], "command_templates": ["{sample.zz}"]},
            "touch.yaml:4: pre_submit.python_functions: there is no module 'no_such_package';"
            " correct the name, or install it where snakemake-looper is",
        ),
        (
            {"other": 1, "python_functions": ["no_such_package.hook"]},
            "touch.yaml:5: pre_submit.python_functions: there is no module 'no_such_package';"
            " correct the name, or install it where snakemake-looper is",
        ),
        (
            {"other": 1, "command_templates": ["echo {sample.wrd}", "echo {sample.set_by_first}"]},
            "touch.yaml:5: pre_submit.command_templates: {sample.wrd} is undefined (did you mean"
            " 'word'?); sample has file, sample_name, word (for a and 2 more)",
        ),
        (
            {"other": 1, "python_functions": ["this.f"], "command_templates": ["{sample.zz}"]},
            None,  # the function may set the variable, and it is not imported: that runs its code
        ),
    ],
)
def test_an_unknown_key_hides_no_other_fault(
    project: Callable[..., Path], hooks: dict[str, Any], more: str | None
) -> None:
    first, *others = sorted(failing(project(TOUCH), hooks), key=lambda one: ": unknown" not in one)
    assert ": unknown" in first
    assert others == ([more] if more else [])


# --- the functions that looper ships ------------------------------------------------------------

SHIPPED_PROJECT = {
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [interface.yaml]
        """,
    "project.yaml": """
        pep_version: 2.1.0
        name: shipped
        sample_table: samples.csv
        subsample_table: subsamples.csv
        genome: hg38
        """,
    "samples.csv": "sample_name,reads,folder,empty,text\na,data/a.fq,data,,it's é\n",
    "subsamples.csv": "sample_name,lane\na,1\na,2\n",
    "data/a.fq": "x",
    "schema.yaml": """
        properties:
          samples:
            type: array
            items:
              type: object
              properties: {reads: {type: string}}
              files: [reads]
              directories: [folder]
        """,
    "custom.txt": "{{ sample.sample_name }} on {{ project.genome }}: {{ looper.job_name }}{{ nobody }}\n",
    "interface.yaml": """
        pipeline_name: shipped
        input_schema: schema.yaml
        sample_interface:
          command_template: "run {sample.sample_name}"
        """,
}


def both(folder: Path, function: str, variables: dict[str, str]) -> tuple[Path, Path]:
    """Results folders of looper and of ours."""
    interface = yaml.safe_load((folder / "interface.yaml").read_text())
    interface["pre_submit"] = {"python_functions": [f"looper.{function}"]}
    interface["var_templates"] = variables
    (folder / "interface.yaml").write_text(yaml.safe_dump(interface))
    done = run("looper", "run", "--dry-run", cwd=folder)
    assert done.code == 0, done.text
    theirs = folder / "theirs"
    (folder / "results").rename(theirs)
    plan_project(folder / ".looper.yaml")
    return theirs, folder / "results"


@pytest.mark.parametrize(
    ("function", "file", "variables"),
    [
        ("write_sample_yaml", "submission/a_sample.yaml", {}),
        ("write_sample_yaml", "x/a.yaml", {"sample_yaml_path": "{looper.output_dir}/x/a.yaml"}),
        ("write_sample_yaml_prj", "submission/a_sample_prj.yaml", {}),
        ("write_sample_yaml_cwl", "submission/a_sample_cwl.yaml", {}),
        (
            "write_sample_yaml_cwl",
            "y/a.yml",
            {"sample_cwl_yaml_path": "{looper.output_dir}/y/a.yml"},
        ),
    ],
)
def test_shipped_functions_write_what_looper_writes(
    project: Callable[..., Path], function: str, file: str, variables: dict[str, str]
) -> None:
    folder = project(SHIPPED_PROJECT)
    theirs, ours = both(folder, function, variables)
    wanted = yaml.safe_load((theirs / file).read_text())
    # looper appends the interfaces to samples and project: its own bookkeeping.
    del wanted["pipeline_interfaces"]
    wanted.get("prj", {}).pop("sample_modifiers", None)
    assert yaml.safe_load((ours / file).read_text()) == wanted
    assert sorted(path.name for path in ours.rglob("*.y*ml")) == sorted(
        path.name for path in theirs.rglob("*.y*ml")
    )


def test_write_custom_template(project: Callable[..., Path]) -> None:
    """The same text; in the file that the documentation names (looper forgets the `_`), and with
    the template beside the interface from wherever it is called (quirk 37)."""
    folder = project(SHIPPED_PROJECT)
    theirs, ours = both(folder, "write_custom_template", {"custom_template": "custom.txt"})
    mine = (ours / "submission/a_config.yaml").read_text()
    assert mine == (theirs / "submission/aconfig.yaml").read_text() == "a on hg38: shipped_a"


def test_write_submission_yaml(project: Callable[..., Path]) -> None:
    """All namespaces, as plain YAML (looper's needs looper's own classes to be read)."""
    folder = project(SHIPPED_PROJECT)
    theirs, ours = both(folder, "write_submission_yaml", {"submission_yaml_path": "results/sub"})
    assert (theirs / "submission/a_submission.yaml").exists()
    written = yaml.safe_load((ours / "sub/a_submission.yaml").read_text())
    ((_, namespaces),) = explain(folder / ".looper.yaml", None, "a")
    assert written == json.loads(json.dumps(namespaces, default=dict))
    assert set(written) == {"project", "sample", "pipeline", "looper", "compute", "pipestat"}


def test_shipped_functions_change_the_sample(project: Callable[..., Path]) -> None:
    folder = project(SHIPPED_PROJECT)
    edit(folder / "interface.yaml", "run {sample.sample_name}", "cwl {sample.sample_yaml_cwl}")
    interface = yaml.safe_load((folder / "interface.yaml").read_text())
    interface["pre_submit"] = {"python_functions": ["looper.write_sample_yaml_cwl"]}
    (folder / "interface.yaml").write_text(yaml.safe_dump(interface))
    (job,) = plan_project(folder / ".looper.yaml").jobs
    assert job.command.strip() == f"cwl {folder}/results/submission/a_sample_cwl.yaml"


def test_all_that_looper_ships_is_here() -> None:
    import looper.conductor
    import looper.plugins

    found = {**vars(looper.plugins), **vars(looper.conductor)}
    theirs = {
        name
        for name, value in found.items()
        if name.startswith("write_") and getattr(looper, name, None) is value
    }
    assert len(theirs) == 5
    assert {f"looper.{name}" for name in theirs} == set(SHIPPED)


def test_a_function_that_replaces_the_sample(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As refgenconf's does, with a plain dict; what comes after it still works (quirk 39)."""
    folder = project(SHIPPED_PROJECT)
    write(
        folder,
        {
            "populate_hook.py": "def populate(n):\n    n['sample'] = dict(n['sample'])\n    return dict(n)\n"
        },
    )
    monkeypatch.syspath_prepend(str(folder))
    interface = yaml.safe_load((folder / "interface.yaml").read_text())
    interface["pre_submit"] = {
        "python_functions": ["populate_hook.populate", "looper.write_sample_yaml"]
    }
    (folder / "interface.yaml").write_text(yaml.safe_dump(interface))
    assert len(plan_project(folder / ".looper.yaml").jobs) == 1
    assert (folder / "results/submission/a_sample.yaml").exists()
