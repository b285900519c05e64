"""Projects written from text."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files, without the indentation of their texts; returns the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).removeprefix("\n"), encoding="utf-8")
    return folder


# A project whose pipeline is quick, for tests of what happens around it. A sample named in
# `fail.txt` fails.
TOUCH: Mapping[str, str] = {
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [touch.yaml]
        """,
    "project.yaml": """
        pep_version: 2.1.0
        name: demo
        sample_table: samples.csv
        """,
    "samples.csv": "sample_name,file,word\na,a.txt,one\nb,b.txt,two\nc,c.txt,three\n",
    "a.txt": "a\n",
    "b.txt": "b\n",
    "c.txt": "c\n",
    "fail.txt": "",
    "touch.yaml": """
        pipeline_name: touch
        input_schema: schema.yaml
        sample_interface:
          command_template: >
            echo {sample.word} && ! grep -qx {sample.sample_name} fail.txt
        """,
    "schema.yaml": """
        properties:
          samples:
            type: array
            items:
              type: object
              properties:
                sample_name: {type: string}
                file: {type: string}
              required: [sample_name, file]
              tangible: [file]
        """,
}


def flags(folder: Path) -> list[str]:
    """The names of all flags below a folder. Jobs may make and remove folders meanwhile."""
    found = (name for _, _, names in os.walk(folder) for name in names)
    return sorted(name for name in found if name.endswith(".flag"))


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text in a file, which must have it."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path}"
    path.write_text(text.replace(old, new), encoding="utf-8")
