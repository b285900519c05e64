"""Addresses of input files: which can be inputs, and the links to their copies."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from snakemake_looper import remote_files
from snakemake_looper.remote_files import (
    FORBIDDEN,
    SILENT,
    UNREACHABLE,
    address_fault,
    copies_of,
    copy_of,
    is_remote,
    link_lines,
    why_absent,
    with_addresses,
    with_copies,
)

FLAG = "flags/p_a_completed.flag"


@pytest.fixture(autouse=True)
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_files, "_is_installed", lambda plugin: plugin in ("s3", "http"))


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("s3://b/a.fq", True),
        ("git+ssh://host/a", True),
        ("data/s3://b", False),
        ("C://a", False),
        ("a.fq", False),
        ("/data/a.fq", False),
    ],
)
def test_an_address_begins_with_a_scheme(path: str, wanted: bool) -> None:
    assert is_remote(path) is wanted


@pytest.mark.parametrize(
    ("address", "kind", "words"),
    [
        ("file:///data/a.fq", "file", "write it without 'file://'"),
        ("foo://b/a.fq", "scheme foo", "or one of s3://, gs://, http://, https://"),
        ("gcs://b/a.fq", "scheme gcs", "gs://"),
        ("https://me:word@host/a.fq", "login", "has a login in it"),
        ("https://me:wo/rd@host/a.fq", "login", "has a login in it"),
        ("https://host/a.fq?X-Amz-Signature=abc", "query", "has a '?' or '#'"),
        ("s3://b/a#1.fq", "query", "has a '?' or '#'"),
        ("s3://b/../c/a.fq", "dots", "has a '..' in it"),
        ("s3://b", "name", "names no file"),
        ("https:///a.fq", "name", "names no file"),
        ("gs://b/a.fq", "plugin gs", "pip install snakemake-storage-plugin-gcs"),
    ],
)
def test_addresses_that_cannot_be_inputs(address: str, kind: str, words: str) -> None:
    fault = address_fault(address)
    assert fault is not None
    assert fault.kind == kind
    assert words in fault.text
    assert "word" not in fault.text and "abc" not in fault.text


@pytest.mark.parametrize(
    "address",
    [
        "s3://b/a.fq",
        "https://host:8080/x/a.fq",
        "s3://b/a b's $x..y.fq",
        "s3://b/folder/",
        "http://[::1]:80/me@x",
    ],
)
def test_addresses_that_can_be_inputs(address: str) -> None:
    assert address_fault(address) is None


def test_a_missing_plugin_of_the_extra_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_files, "_is_installed", lambda plugin: False)
    fault = address_fault("s3://b/a.fq")
    assert fault is not None
    assert fault.text == (
        "needs Snakemake's storage plugin for s3; pip install snakemake-storage-plugin-s3, or"
        " 'snakemake-looper[storage]'"
    )


def test_reasons() -> None:
    sizes = {"s3://b/x": FORBIDDEN, "https://h/y": UNREACHABLE, "h://z": SILENT, "h://e": -500}
    assert why_absent(["a.fq", *sizes, "b.fq"], sizes, " (in /run)") == (
        "missing files: a.fq, b.fq (in /run); forbidden: s3://b/x; cannot be reached: https://h/y;"
        " no answer within 10 seconds: h://z; the server answers 500: h://e"
    )


# --- links ----------------------------------------------------------------------------------------


def test_a_link_has_the_name_of_the_file_in_a_folder_without_special_letters() -> None:
    path = copy_of("s3://b/a folder/it's $5.fq", FLAG)
    folder, _, name = path.rpartition("/")
    assert name == "it's $5.fq"
    assert folder.startswith(".snakemake/looper/remote/")
    assert folder.rpartition("/")[2].isalnum()


def test_files_of_one_folder_are_beside_each_other_and_jobs_have_links_of_their_own() -> None:
    bam, index = copy_of("s3://b/x/a.bam", FLAG), copy_of("s3://b/x/a.bam.bai", FLAG)
    assert index == f"{bam}.bai"
    assert copy_of("s3://b/y/a.bam", FLAG) != bam
    assert copy_of("s3://b/x/a.bam", "flags/p_b_completed.flag") != bam


def test_a_name_that_no_file_can_have_becomes_another_one() -> None:
    assert "\n" not in copy_of("s3://b/a\nb", FLAG)


def test_a_whole_address_is_replaced_and_no_part_of_a_longer_one() -> None:
    addresses = ["s3://b/a.bam", "s3://b/a.bam.bai"]
    copies = {"s3://b/a.bam": "/L/a.bam", "s3://b/a.bam.bai": "/L/a.bam.bai"}
    text = "x --in=s3://b/a.bam,s3://b/a.bam.bai 's3://b/a.bam' -Is3://b/a.bam s3://b/a.bam/x"
    assert with_copies(text, copies) == (
        "x --in=/L/a.bam,/L/a.bam.bai '/L/a.bam' -I/L/a.bam s3://b/a.bam/x"
    )
    assert with_copies("echo a.bam", dict.fromkeys(addresses, "")) == "echo a.bam"


def test_links_become_addresses_again_also_where_a_name_was_quoted() -> None:
    address = "s3://b/x/it's.fq"
    link = copies_of([address], FLAG, "/work")[address]
    quoted = link.replace("'", "'\"'\"'")
    text = f"cat {link} --out={link}.txt '{quoted}'"
    assert with_addresses(text, [address], FLAG, "/work") == (
        f"cat {address} --out={address}.txt 's3://b/x/it'\"'\"'s.fq'"
    )


def test_a_script_makes_its_links(tmp_path: Path) -> None:
    address = "s3://b/a folder/it's $HOME.fq"
    copy = tmp_path / "copies of s3" / "it's $HOME.fq"
    copy.parent.mkdir()
    copy.write_text("content")
    copies = copies_of([address], FLAG, str(tmp_path))
    lines = list(link_lines(copies, lambda one: str(copy), lambda one: 3))
    for _ in range(2):  # a retry makes them again
        subprocess.run(["bash", "-euc", "\n".join(lines)], check=True)
    assert Path(copies[address]).read_text() == "content"
    assert Path(copies[address]).is_symlink()


@pytest.mark.parametrize(("size", "code"), [(7, 0), (8, 1), (0, 0), (-2, 0)])
def test_a_part_of_a_file_from_a_web_server_is_no_input(
    tmp_path: Path, size: int, code: int
) -> None:
    address = "https://host/a.fq"
    copy = tmp_path / "a.fq"
    copy.write_text("content")
    copies = copies_of([address], FLAG, str(tmp_path))
    lines = list(link_lines(copies, lambda one: str(copy), lambda one: size))
    done = subprocess.run(
        ["bash", "-euc", "\n".join(lines)], capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    if code:
        assert done.stdout == (
            "https://host/a.fq was fetched in part, or has changed; start the run again\n"
        )
    assert copy.exists() is (code == 0), "the next run fetches it again"


def test_a_file_that_was_not_fetched_is_no_input(tmp_path: Path) -> None:
    copies = copies_of(["s3://b/a.fq"], FLAG, str(tmp_path))
    lines = list(link_lines(copies, lambda one: str(tmp_path / "a.fq"), lambda one: 1))
    done = subprocess.run(
        ["bash", "-euc", "\n".join(lines)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (
        1,
        "s3://b/a.fq could not be fetched; start the run again\n",
    )
