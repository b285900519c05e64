"""Two distributions, and the files that publish them: they agree, and say what is missing."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
import tomllib
import zipfile
from collections.abc import Callable
from email.message import Message
from email.parser import Parser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager
from support.projects import edit, write
from support.running import REPOSITORY

from snakemake_looper import __version__

PACKAGING = REPOSITORY / "packaging"
THIN = "packaging/snakemake-logger-plugin-looper"
WORKFLOWS = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))
FORMS = sorted((REPOSITORY / ".github/ISSUE_TEMPLATE").glob("*.yml"))
OWNER = """\
repository = "https://github.com/somebody/snakemake-looper"
[[authors]]
given = "Ada"
family = "Lovelace"
email = "ada@example.org"
orcid = "0000-0000-0000-0001"
"""


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, PACKAGING / f"{name}.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


owner = module("owner")
release = module("release")


def toml(path: str) -> dict[str, Any]:
    return tomllib.loads((REPOSITORY / path).read_text())


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """What a release reads of the repository, ready to be released but for the owner's file."""
    folder = tmp_path / "repository"
    ignore = shutil.ignore_patterns("__pycache__", "dist")
    shutil.copytree(PACKAGING, folder / "packaging", ignore=ignore)
    for name in ("LICENSE", "README.md", "pyproject.toml", "snakemake_looper/version.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, folder / name)
    log = f"# Changelog\n\n## [Unreleased]\n\n## [{__version__}] - 2026-12-01\n\n- New.\n"
    return write(folder, {"CHANGELOG.md": log})


def test_a_release_names_what_the_owner_has_to_fill_in(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(repository, {"packaging/owner.toml": 'repository = ""\n'})
    assert release.main(["--write"], repository) == 0
    assert release.main(["--missing"], repository) == 1
    assert capsys.readouterr().err.splitlines() == [
        "packaging/owner.toml: repository: is empty; write the address of the public repository",
        "packaging/owner.toml: authors: there is none; write a table [[authors]] for each",
    ]
    assert release.main([], repository) == 1, "nothing is built"
    assert not (repository / "dist").exists()


def test_a_release_lacks_nothing(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(repository, {"packaging/owner.toml": OWNER})
    assert release.main(["--missing"], repository) == 1
    assert "CITATION.cff: is out of date; run 'python packaging" in capsys.readouterr().err
    assert release.main(["--write"], repository) == 0
    assert release.main(["--missing", "--tag", f"v{__version__}"], repository) == 0
    assert capsys.readouterr().err == ""
    cited = yaml.safe_load((repository / "CITATION.cff").read_text())
    assert (cited["version"], str(cited["date-released"])) == (__version__, "2026-12-01")
    assert cited["authors"][0]["orcid"] == "https://orcid.org/0000-0000-0000-0001"
    assert cited["repository-code"] == "https://github.com/somebody/snakemake-looper"


def another_version(folder: Path) -> None:
    edit(folder / "snakemake_looper/version.py", __version__, "9.9.9")


def unreleased(folder: Path) -> None:
    edit(folder / "CHANGELOG.md", "## [Unreleased]\n", "## [Unreleased]\n\n- More.\n")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (another_version, "CHANGELOG.md: there is no section of version 9.9.9; write"),
        (another_version, "packaging/conda/recipe.yaml: is out of date"),
        (unreleased, f"CHANGELOG.md: [Unreleased]: has entries; move them below '## [{__version__}]"),
        (lambda one: edit(one / "CHANGELOG.md", " - 2026-12-01", ""), "has no date; write"),
        (lambda one: edit(one / "packaging/owner.toml", "https://github.com", "x"), "is no address"),
        (lambda one: edit(one / "packaging/owner.toml", 'given = "Ada"', ""), "author 1 needs both"),
        (lambda one: edit(one / "LICENSE", "2026", "2027"), f"{THIN}/LICENSE: differs from LICENSE"),
    ],
)  # fmt: skip
def test_a_release_is_checked(
    repository: Path,
    change: Callable[[Path], None],
    fault: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(repository, {"packaging/owner.toml": OWNER})
    assert release.main(["--write"], repository) == 0
    change(repository)
    assert release.main(["--missing"], repository) == 1
    assert fault in capsys.readouterr().err


def test_a_tag_is_that_of_the_version(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release.main(["--missing", "--tag", "v9.9.9"], repository)
    assert f"version.py: is {__version__}, and the tag is v9.9.9" in capsys.readouterr().err


def test_files_that_are_made_are_up_to_date() -> None:
    for name, text in release.made(REPOSITORY, owner.read_owner()).items():
        assert (REPOSITORY / name).read_text() == text, "python packaging/release.py --write"


# --- metadata ------------------------------------------------------------------------------------


def metadata(root: Path) -> Any:
    return ProjectMetadata(str(root), PluginManager()).core


def test_the_readme_leads_to_pages_from_wherever_it_is_shown(repository: Path) -> None:
    write(repository, {"packaging/owner.toml": OWNER})
    sys.modules.pop("owner")  # the hook imports the one beside it
    core = metadata(repository)
    sys.modules["owner"] = owner
    base = "https://github.com/somebody/snakemake-looper"
    assert f"]({base}/blob/v{__version__}/docs/running.md)" in core.readme
    assert (
        f"![The first page of a report]({base}/raw/v{__version__}/docs/report.png)" in core.readme
    )
    assert not re.findall(r"\]\((?!https:|#)", core.readme)
    assert core.urls["Repository"] == base, "the name under which the catalog looks for it"
    assert core.authors == [{"name": "Ada Lovelace", "email": "ada@example.org"}]


def test_links_on_gitlab() -> None:
    one = owner.Owner("https://gitlab.com/a/b", ())
    text = "[![p](x.png)](y.md) [z](#z) [w](https://w)"
    base = "https://gitlab.com/a/b/-"
    expected = f"[![p]({base}/raw/v1/x.png)]({base}/blob/v1/y.md) [z](#z) [w](https://w)"
    assert one.absolute(text, "1") == expected
    assert owner.Owner("", ()).absolute(text, "1") == text


def test_the_thin_distribution_installs_the_same_version_and_nothing_else(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(REPOSITORY / THIN)).build(directory=str(tmp_path))
    with zipfile.ZipFile(wheel) as file:
        folders = {name.split("/")[0] for name in file.namelist()}
        assert folders == {f"snakemake_logger_plugin_looper-{__version__}.dist-info"}
        (name,) = (one for one in file.namelist() if one.endswith("/METADATA"))
        found: Message = Parser().parsestr(file.read(name).decode())
    assert found["Name"] == "snakemake-logger-plugin-looper"
    assert found["Version"] == __version__
    assert found["Metadata-Version"] == "2.4"
    assert found.get_all("Requires-Dist") == [f"snakemake-looper=={__version__}"]


def test_twine_can_read_the_metadata_beside_snakemake() -> None:
    """Snakemake 9.27 wants `packaging` below 26, which knows no metadata after 2.4."""
    for path in ("pyproject.toml", f"{THIN}/pyproject.toml"):
        targets = toml(path)["tool"]["hatch"]["build"]["targets"]
        assert {targets[name]["core-metadata-version"] for name in ("sdist", "wheel")} == {"2.4"}


def test_both_distributions_say_the_same() -> None:
    ours, thin = toml("pyproject.toml")["project"], toml(f"{THIN}/pyproject.toml")["project"]
    for key in ("license", "requires-python", "keywords"):
        assert ours[key] == thin[key]
    assert set(ours["classifiers"]) - set(thin["classifiers"]) == {"Typing :: Typed"}
    assert set(thin["classifiers"]) <= set(ours["classifiers"])


def test_the_conda_recipe_asks_for_the_same() -> None:
    recipe = yaml.safe_load((PACKAGING / "conda/recipe.yaml").read_text())
    ours, thin = recipe["outputs"]
    project = toml("pyproject.toml")["project"]
    asked = {one.replace(" ", "") for one in ours["requirements"]["run"]}
    expected = {f"python{project['requires-python']}", *project["dependencies"]}
    assert asked == {one.replace("snakemake>", "snakemake-minimal>") for one in expected}
    (hatchling,) = toml("pyproject.toml")["build-system"]["requires"]
    assert hatchling in {one.replace(" ", "") for one in ours["requirements"]["host"]}
    assert thin["requirements"]["run"] == ["snakemake-looper ==${{ version }}"]


# --- files for GitHub ----------------------------------------------------------------------------


def test_workflows_run_the_checks_and_publish_without_a_password() -> None:
    workflows = {path.stem: yaml.safe_load(path.read_text()) for path in WORKFLOWS}
    for one in workflows.values():
        runs = [step.get("run") for job in one["jobs"].values() for step in job["steps"]]
        assert "bash .ci/run" in runs
    publish = workflows["release"]["jobs"]["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert "secrets." not in "".join(path.read_text() for path in WORKFLOWS)


def test_each_python_of_the_classifiers_is_tried() -> None:
    classifiers = "\n".join(toml("pyproject.toml")["project"]["classifiers"])
    named = re.findall(r"Python :: (3\.\d+)", classifiers)
    jobs = yaml.safe_load((REPOSITORY / ".github/workflows/ci.yml").read_text())["jobs"]
    assert jobs["everything"]["strategy"]["matrix"]["python"] == named
    steps = str(jobs["packages"]["steps"])
    assert re.findall(r"--python python(3\.\d+)", steps) == named


def test_issue_forms_have_what_github_asks_for() -> None:
    forms = [path for path in FORMS if path.stem != "config"]
    assert forms
    for path in forms:
        form = yaml.safe_load(path.read_text())
        assert {"name", "description", "body"} <= set(form)
        ids = [part["id"] for part in form["body"]]
        assert len(ids) == len(set(ids))
        assert all(part["attributes"]["label"] for part in form["body"])


def test_no_file_names_the_host_of_a_registry() -> None:
    hosts = re.compile(r"pypi\.org|anaconda\.org|conda-forge|docker\.io|ghcr\.io|quay\.io")
    places = [*PACKAGING.rglob("*"), *(REPOSITORY / ".github").rglob("*")]
    texts = [one for one in places if one.is_file() and one.suffix != ".pyc"]
    assert len(texts) > 10
    assert not [str(one) for one in texts if hosts.search(one.read_text())]
