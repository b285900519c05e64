"""Make the page `keys.md` from the tables that the checks use: python docs/make_keys.py."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from snakemake_looper.create.json_schemas import FILES
from snakemake_looper.read.keys.key import File, Key

PAGE = Path(__file__).with_name("keys.md")
HEAD = """\
# Keys

This page lists each key of a project's files: its type, its meaning and an example. A project needs
few of them: [Your first project](first-project.md) shows a whole one.
[Project files](project-files.md) explains what goes beyond looper. A warning names each key that is
not on this page, unless it is for templates. In `snakemake:` and `pre_submit:` of an interface, such
a key is an error.

Editors can complete and check these keys. `snakemake-looper init` writes JSON Schemas to the folder
`.schemas` of a new project, and a first line to each file that names its schema. Editors with
yaml-language-server read this line: VS Code with the YAML extension, Neovim, Emacs and others. For
a project that is there already:

```console
$ snakemake-looper schema pipeline_interface -o .schemas/pipeline_interface.json
.schemas/pipeline_interface.json
```

```yaml
# yaml-language-server: $schema=.schemas/pipeline_interface.json
pipeline_name: count_lines
```

The path is relative to the file. `snakemake-looper schema` lists the schemas. A schema marks wrong
types, missing keys and unknown directives. `snakemake-looper inspect` also finds what needs other
files: paths that lead nowhere, attributes that no sample has.

"""
_OF_KEYS = "| key | type | meaning | example |\n|---|---|---|---|\n"


def page() -> str:
    """The whole page."""
    return HEAD + "\n".join(map(_of_file, FILES.values()))


def _of_file(file: File) -> str:
    parts = [f"## {file.title}\n\n{_wrapped(file.about)}\n\n"]
    parts.append(
        f"Schema: `snakemake-looper schema {file.name}`\n\n{_table(file.keys, in_yaml=file.name != 'size_table')}"
    )
    if file.name == "looper_config":  # the section has a part of its own
        below = [one for one in file.keys if one.name != "pipestat"]
    else:
        below = list(file.keys)
    groups: dict[str, tuple[tuple[Key, ...], list[str]]] = {}  # places that have the same keys
    for path, keys in _sections(tuple(below), ""):
        groups.setdefault(repr(keys), (keys, []))[1].append(path)
    for keys, paths in groups.values():
        parts.append(f"\n### Below {' and '.join(f'`{path}`' for path in paths)}\n\n{_table(keys)}")
    for title, keys in file.deeper.items():
        parts.append(f"\n### {title}\n\n{_table(keys)}")
    if file.old:
        parts.append(f"\n### Older keys: {file.title}\n\n{_older(file.old)}")
    return "".join(parts)


def _sections(keys: tuple[Key, ...], above: str) -> Iterator[tuple[str, tuple[Key, ...]]]:
    for key in keys:
        if key.keys:
            path = f"{above}{key.name}:"
            yield path, key.keys
            yield from _sections(key.keys, f"{path} ")


def _table(keys: tuple[Key, ...], in_yaml: bool = True) -> str:
    return _OF_KEYS + "".join(_row(key, in_yaml) for key in keys)


def _row(key: Key, in_yaml: bool) -> str:
    shown = f"{key.name}: {key.example}" if in_yaml else key.example.strip("'")
    example = f"`{shown}`" if key.example else ""
    cells = (f"`{key.name}`", key.form.words.removeprefix("a "), key.meaning, example)
    return f"| {' | '.join(one.replace('|', chr(92) + '|') for one in cells)} |\n"


def _older_cell(text: str) -> str:
    """The words of a message, with marks of Markdown for its quotes."""
    return re.sub(r"'([^']+)'", r"`\1`", text).replace("|", r"\|")


def _older(old: Mapping[str, str]) -> str:
    rows = "".join(f"| `{name}` | {_older_cell(new)} |\n" for name, new in old.items())
    return "These are not read any more, and a warning or an error says so.\n\n" + (
        f"| key | write |\n|---|---|\n{rows}"
    )


def _wrapped(text: str) -> str:
    lines = [""]
    for word in text.split(" "):
        if len(lines[-1]) + len(word) >= 100:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
