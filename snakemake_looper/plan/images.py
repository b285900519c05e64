"""Container images: what looper's compute settings name, as Snakemake's `container:` has them.

An image is named by `apptainer_image`, `singularity_image` or `docker_image`, wherever compute
settings may stand. Snakemake runs containers with apptainer, so an image made for that is taken
before one from a Docker registry, which apptainer pulls and converts. Where looper's template
decides whether there is a container at all, Snakemake's `--sdm apptainer` does.

A relative image file is relative to the file that names it: for `--compute` that is the looper
config, for a hook or a size table the pipeline interface. A variable that is not set makes an image unusable, and the next one is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import Place, Problems
from ..model import Interface, Level, Pep
from ..read.compute import UnitError, divvy_config
from ..read.settings import Settings
from ..read.yaml_lines import expand, resolve

IMAGES = ("apptainer_image", "singularity_image", "docker_image")
CRATE = "bulker_crate"
NO_BULKER = (
    "bulker is not supported; name an image that has the crate's commands, as"
    " 'snakemake: container: docker://…' in the pipeline interface"
)
_FILES = (".sif", ".img", ".simg")

Layer = tuple[Mapping[str, Any], Path, Place]
"""Compute settings, the folder that their relative paths are relative to, and where they stand."""


def compute_of_pep(pep: Pep) -> Mapping[str, Any]:
    """`looper: compute: resources:` of a PEP."""
    section: Any = pep.config
    for name in ("looper", "compute", "resources"):
        section = section.get(name) if isinstance(section, Mapping) else None
    return section if isinstance(section, Mapping) else {}


def layers(settings: Settings, pep: Pep, level: Level) -> tuple[tuple[Layer, ...], Layer]:
    """Compute settings above those of an interface, the first wins; and those below them."""
    options = settings.options_of(level)
    root = settings.root
    file = resolve(options.settings, root) if options.settings else root
    divvy = divvy_config(settings.options, root) or root
    of_pep = pep.config_file or settings.looper_config
    given = dict(options.compute or ())
    of_file = {k: v for k, v in settings.compute_options.get(level, {}).items() if k not in given}
    above: tuple[Layer, ...] = (
        (given, root, Place("--compute")),
        (of_file, file.parent, Place(str(file))),
        (compute_of_pep(pep), of_pep.parent, Place(str(of_pep))),
    )
    return above, (settings.compute_package, divvy.parent, Place(str(divvy)))


def image_of(compute: Mapping[str, Any], layers: Sequence[Layer], folder: Path) -> str | None:
    """The image of a job as Snakemake names it: a URL, or the absolute path of a file.

    Args:
        compute: the job's settings.
        layers: where they came from, the first wins.
        folder: what a path is relative to that came from none of these.

    Raises:
        UnitError: the name has white space or a brace in it, which Snakemake cannot have.
    """
    for key in IMAGES:
        text = compute.get(key)
        if not text:
            continue
        folders = (place for values, place, _ in layers if values.get(key) == text)
        image = _image(key, str(text).strip(), next(folders, folder))
        if image is not None:
            return image
    return None


def _image(key: str, text: str, folder: Path) -> str | None:
    name = expand(text)
    if "$" in name:
        return None
    if any(one.isspace() or one in "{}" for one in name):
        raise UnitError(f"{key}: '{text}' has white space or a brace; rename the image")
    if "://" in name:
        return name
    if key == "docker_image" and not name.startswith(("/", ".")) and not name.endswith(_FILES):
        return f"docker://{name}"
    return str(resolve(name, folder))


def check_images(
    settings: Settings, pep: Pep, interfaces: Iterable[Interface], problems: Problems
) -> None:
    """Name what cannot be a container, once for each file that says it."""
    for interface in interfaces:
        above, below = layers(settings, pep, interface.level)
        own = (
            interface.compute,
            interface.folder,
            interface.places.get("compute", interface.place),
        )
        found = (*above, own, below)
        for values, _, place in found:
            if values.get(CRATE):
                problems.warn(place, f"compute.{CRATE}", f"'{values[CRATE]}': {NO_BULKER}")
        given = [
            (key, values[key], place)
            for values, _, place in found
            for key in IMAGES
            if values.get(key)
        ]
        unset = [one for one in given if "$" in expand(str(one[1]))]
        if given and len(unset) == len(given) and not interface.directives.get("container"):
            key, text, place = unset[0]
            problems.warn(
                place,
                f"compute.{key}",
                f"'{text}' has a variable that is not set, so there is no container; set it",
            )
