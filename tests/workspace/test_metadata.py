"""Snakemake's records of outputs, read without Snakemake."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest

from snakemake_looper.workspace.metadata import Metadata, read_metadata

FLAG = "flags/p_a_completed.flag"
RECORD: dict[str, Any] = {
    "record_format_version": 6,
    "params": ["'x'"],
    "input": ["a.txt"],
    "input_checksums": {"a.txt": "sha256:12", "b.txt": "34"},
}


def put(folder: Path, text: str, *parts: str) -> Path:
    path = folder.joinpath(
        ".snakemake/metadata", *parts or [urlsafe_b64encode(FLAG.encode()).decode()]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_record(tmp_path: Path) -> None:
    assert read_metadata(tmp_path, FLAG) is None
    put(tmp_path, json.dumps(RECORD))
    found = read_metadata(tmp_path, FLAG)
    assert found == Metadata(
        frozenset({"'x'"}), frozenset({"a.txt"}), {"a.txt": "12", "b.txt": "34"}
    )


def test_a_long_name_is_cut_into_folders(tmp_path: Path) -> None:
    """As `snakemake.persistence` cuts it."""
    long = f"flags/{'x' * 400}"
    name = urlsafe_b64encode(long.encode()).decode()
    put(tmp_path, json.dumps(RECORD), f"@{name[:254]}", f"@{name[254:508]}", name[508:])
    assert read_metadata(tmp_path, long) is not None


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "[" * 100_000,
        json.dumps(RECORD | {"record_format_version": 5}),
        json.dumps(RECORD | {"record_format_version": 7}),
        json.dumps(RECORD | {"params": None}),
        json.dumps(RECORD | {"params": [1]}),
        json.dumps(RECORD | {"input": "a.txt"}),
        json.dumps(RECORD | {"input_checksums": ["a.txt"]}),
    ],
)  # fmt: skip
def test_a_record_that_is_damaged_or_of_another_version(tmp_path: Path, text: str) -> None:
    put(tmp_path, text)
    assert read_metadata(tmp_path, FLAG) is None


def test_a_record_that_is_no_file(tmp_path: Path) -> None:
    path = put(tmp_path, "")
    path.unlink()
    os.mkfifo(path)
    assert read_metadata(tmp_path, FLAG) is None
    path.unlink()
    path.parent.rmdir()
    path.parent.write_text("")
    assert read_metadata(tmp_path, FLAG) is None
