"""Container images: from looper's compute settings to Snakemake's `container:`.

The compute settings `apptainer_image`, `singularity_image` and `docker_image` name an image. Any
source of compute settings may have them. Snakemake runs containers with apptainer. So an image for
apptainer comes first. An image of a Docker registry, which apptainer has to convert, comes last. In
looper, the submission template decides whether jobs run in containers. Here, Snakemake's
`--sdm apptainer` decides this.

A relative path of an image file is relative to the file that names it: to the looper config for
`--compute`, to the pipeline interface for a hook or a size table. If the name of an
image has a variable that is not set, the next image is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import Problems
from ..model import Interface
from ..read.documents.yaml_lines import expand, resolve
from .compute_settings import Layers, sources_of
from .context import PlanContext
from .resources import UnitError

IMAGES = ("apptainer_image", "singularity_image", "docker_image")
"""Compute settings that name an image; the first one wins."""
CRATE = "bulker_crate"
"""The compute setting of bulker, which is not supported."""
NO_BULKER = (
    "bulker is not supported; name an image that has the crate's commands, as"
    " 'snakemake: container: docker://…' in the pipeline interface"
)
_FILES = (".sif", ".img", ".simg")
"""Endings of image files."""


def image_of(compute: Mapping[str, Any], interface: Interface, layers: Layers) -> str | None:
    """The image of a job as Snakemake names it: a URL, or the absolute path of a file.

    Args:
        compute: the job's settings.
        interface: the job's interface. A path from a hook or a size table is relative to it.
        layers: the sources that all jobs of the level have in common.

    Raises:
        UnitError: the image's name has white space or a brace. Snakemake refuses such a name.
    """
    for key in IMAGES:
        text = compute.get(key)
        if not text:
            continue
        sources = sources_of(interface, layers)
        folders = (layer.folder for layer in sources if layer.values.get(key) == text)
        image = _image(key, str(text).strip(), next(folders, interface.folder))
        if image is not None:
            return image
    return None


def _image(key: str, text: str, folder: Path) -> str | None:
    """One image as Snakemake names it; None if a variable in its name is not set."""
    name = expand(text)
    if "$" in name:
        return None
    if any(one.isspace() or one in "{}" for one in name):
        raise UnitError(f"'{text}' has white space or a brace; rename the image", key)
    if "://" in name:
        return name
    if key == "docker_image" and not name.startswith(("/", ".")) and not name.endswith(_FILES):
        return f"docker://{name}"
    return str(resolve(name, folder))


def check_images(context: PlanContext, problems: Problems) -> None:
    """Warn of images that cannot become containers, once for each interface that gets them."""
    for interface in context.project.interfaces:
        sources = sources_of(interface, context.layers[interface.level])
        for layer in sources:
            crate = layer.values.get(CRATE)
            if crate:
                problems.warn(*layer.place_of(CRATE), f"'{crate}': {NO_BULKER}")
        named = [
            (key, layer.values[key], layer)
            for layer in sources
            for key in IMAGES
            if layer.values.get(key)
        ]
        unset = [one for one in named if "$" in expand(str(one[1]))]
        if named and len(unset) == len(named) and not interface.directives.get("container"):
            key, text, layer = unset[0]
            problems.warn(
                *layer.place_of(key),
                f"'{text}' has a variable that is not set, so there is no container; set it",
            )
