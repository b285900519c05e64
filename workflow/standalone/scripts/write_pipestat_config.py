"""Write a pipestat config: fill the folders of this workflow in."""

from pathlib import Path

import yaml


def in_folders(value):
    """A nested value with folders in the place of their names."""
    if isinstance(value, dict):
        return {key: in_folders(one) for key, one in value.items()}
    if isinstance(value, list):
        return [in_folders(one) for one in value]
    if isinstance(value, str):
        for name, folder in snakemake.params.folders.items():  # noqa: F821
            value = value.replace(name, folder)
    return value


source, target = Path(snakemake.input[0]), Path(snakemake.output[0])  # noqa: F821
content = in_folders(yaml.safe_load(source.read_text(encoding="utf-8")))
target.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
