"""Files of a generated workflow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
import yaml
from support.projects import TOUCH, edit, write

from snakemake_looper import remote_files
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.options.options import OPTIONS, Options
from snakemake_looper.workspace import sized_plan
from snakemake_looper.workspace.generated_workflow import config_text, write_workflow
from snakemake_looper.workspace.structure import digest_of, structure_of

CONFIG = """\
# yaml-language-server: $schema=../workflow/schemas/config.schema.yaml
# The looper config: relative to the folder that Snakemake is started in.
looper_config: .looper.yaml

# Which samples. Values compare as text; `toggle: 0` in the sample table turns a sample off.
# limit: "2:5"            # only these of the selected samples: 3, 2:5, :4 or 6-
# skip: "3"               # all but these
# samples: [a, b]         # only samples of these names
# sel_attr: protocol      # attribute that sel_incl and sel_excl are about
# sel_incl: [RRBS]        # only samples with these values
# sel_excl: [WGBS]        # no samples with these values

# How jobs run. Other options change the rules (output_dir, amend, compute, …): give them
# to 'snakemake-looper generate'.
# command_extra: "--fast" # appended to every command
# skip_file_checks: true  # do not check samples against the input schema

limit: '3'
compute:
  mem: '4'
"""


def test_the_generated_config_explains_options_and_has_those_that_were_given() -> None:
    plan: Any = SimpleNamespace(looper_config=Path("/project/.looper.yaml"))
    content = config_text(plan, Options(limit="3", compute=(("mem", "4"),)), Path("/project"))
    assert content == CONFIG
    assert yaml.safe_load(content) == {
        "looper_config": ".looper.yaml",
        "limit": "3",
        "compute": {"mem": "4"},
    }


def test_rules_whose_resources_depend_on_sizes_of_remote_files_are_those_of_a_run(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the sizes, all jobs would share their cores, and each run would refuse the rules."""
    sizes = {"s3://b/a.fq": 3 * 1024**3, "s3://b/b.fq": 1}
    folder = project(TOUCH)
    files = {
        "samples.csv": "sample_name,file,word\na,s3://b/a.fq,x\nb,s3://b/b.fq,y\n",
        "sizes.tsv": "max_file_size\tcores\n1\t1\nNaN\t2\n",
    }
    write(folder, files)
    with (folder / "touch.yaml").open("a") as file:
        file.write("compute: {size_dependent_variables: sizes.tsv}\n")
    monkeypatch.setattr(remote_files, "_is_installed", lambda plugin: True)
    asked = SimpleNamespace(sizes=lambda addresses: {one: sizes[one] for one in addresses})
    monkeypatch.setattr(sized_plan, "answers_by_default", lambda: asked)
    generated(folder)
    run = plan_project(folder / ".looper.yaml", Options(), ask=asked.sizes)
    assert digest_of(structure_of(run)) in (folder / "workflow" / "Snakefile").read_text()


# --- for the workflow catalog --------------------------------------------------------------------


@pytest.fixture
def touch(project: Callable[..., Path]) -> Path:
    return project(TOUCH)


def generated(folder: Path, force: bool = False) -> list[str]:
    written = write_workflow(folder / ".looper.yaml", Options(), folder, force)
    return [str(path.relative_to(folder)) for path in written]


def test_a_workflow_has_what_the_catalog_asks_for(touch: Path) -> None:
    assert {".snakemake-workflow-catalog.yml", "README.md"} < set(generated(touch))
    catalog = yaml.safe_load((touch / ".snakemake-workflow-catalog.yml").read_text())
    assert catalog["usage"]["software-stack-deployment"] == {
        "conda": False, "singularity": False, "singularity+conda": False,
    }  # fmt: skip
    readme = (touch / "README.md").read_text()
    assert readme.startswith("# Snakemake workflow: ")
    assert "| `touch_sample` | touch | each sample |\n" in readme


@pytest.mark.parametrize(
    ("added", "method"),
    [
        ("snakemake: {conda: env.yaml}", "conda"),
        ("compute: {docker_image: debian}", "singularity"),
        ("snakemake: {container: 'docker://debian'}", "singularity"),
    ],
)
def test_the_catalog_says_how_software_is_deployed(touch: Path, added: str, method: str) -> None:
    write(touch, {"env.yaml": "dependencies: []\n"})
    with (touch / "touch.yaml").open("a") as interface:
        interface.write(f"{added}\n")
    generated(touch)
    catalog = yaml.safe_load((touch / ".snakemake-workflow-catalog.yml").read_text())
    deployment = catalog["usage"]["software-stack-deployment"]
    assert [name for name, is_used in deployment.items() if is_used] == [method]


def test_the_schema_accepts_the_config(touch: Path) -> None:
    generated(touch)
    schema = yaml.safe_load((touch / "workflow/schemas/config.schema.yaml").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    written = (touch / "config/config.yaml").read_text()
    for text in (written, *(one.example for one in OPTIONS if one.example)):
        config = {"looper_config": "x", **yaml.safe_load(text)}
        jsonschema.validate(config, schema)
        assert set(config) <= set(schema["properties"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"looper_config": "x", "skip_file_checks": ["yes"]}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({}, schema)


def test_a_readme_of_the_project_stays(touch: Path) -> None:
    """Also with `--force`, and also if this command wrote it and somebody changed it."""
    write(touch, {"README.md": "# Mine\n"})
    for force in (False, True):
        assert "README.md" not in generated(touch, force)
    assert (touch / "README.md").read_text() == "# Mine\n"
    edit(touch / ".snakemake-workflow-catalog.yml", "report: true", "report: false")
    assert generated(touch) == []
    (touch / "README.md").unlink()
    assert generated(touch) == ["README.md"]
    assert generated(touch) == []
