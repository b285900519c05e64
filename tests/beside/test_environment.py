"""The environment of these tests."""

from __future__ import annotations

from pathlib import Path

from support.running import snakemake


def test_snakemake_knows_the_plugins(tmp_path: Path) -> None:
    told = snakemake("--help", cwd=tmp_path).text
    assert "--storage-s3-endpoint-url" in told
    assert "rich" in told and "snkmt" in told
    assert "--htcondor-jobdir" in told
