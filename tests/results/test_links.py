"""Links to reported files."""

from __future__ import annotations

import os
from pathlib import Path

from snakemake_looper.results.links import links, make_links
from snakemake_looper.results.records import Results


def test_files_at_any_depth_have_a_link(tmp_path: Path) -> None:
    values = {
        "plot": {"path": "out/p.png", "title": "P", "thumbnail_path": "out/t.png"},
        "tables": [{"path": "/abs/1.csv"}, {"path": "2.csv"}],
        "nested": {"deep": {"path": "n/d.txt"}},
        "n": 3,
    }
    found = links([Results("p", "sample", None, {"a": values})], tmp_path / "links", Path("/root"))
    assert {str(one.relative_to(tmp_path)): str(to) for one, to in found.items()} == {
        "links/plot/a_plot_p.png": "/root/out/p.png",
        "links/tables/a_tables_1.csv": "/abs/1.csv",
        "links/tables/a_tables_2.csv": "/root/2.csv",
        "links/nested/a_deep_d.txt": "/root/n/d.txt",
    }


def test_links_are_relative_and_replace_only_links(tmp_path: Path) -> None:
    target = tmp_path / "data" / "new.txt"
    link, taken = tmp_path / "links" / "a.txt", tmp_path / "links" / "b.txt"
    link.parent.mkdir()
    link.symlink_to("elsewhere")
    taken.write_text("mine")
    make_links({link: target, taken: target})
    assert os.readlink(link) == "../data/new.txt"
    assert taken.read_text() == "mine" and not taken.is_symlink()
