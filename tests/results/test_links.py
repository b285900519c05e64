"""Links to reported files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from snakemake_looper.results.links import links, make_links
from snakemake_looper.results.records import Results


def linked(folder: Path, **records: dict[str, Any]) -> dict[str, str]:
    """The links of some records, and where each leads to."""
    found = links([Results("p", "sample", None, records)], folder / "links", Path("/root"))
    return {str(one.relative_to(folder)): str(to) for one, to in found.wanted.items()}


def test_files_at_any_depth_have_a_link(tmp_path: Path) -> None:
    values = {
        "plot": {"path": "out/p.png", "title": "P", "thumbnail_path": "out/t.png"},
        "tables": [{"path": "/abs/1.csv"}, {"path": "2.csv"}],
        "nested": {"deep": {"path": "n/d.txt"}},
        "n": 3,
    }
    assert linked(tmp_path, a=values) == {
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


def test_files_of_one_name_have_a_link_each(tmp_path: Path) -> None:
    """Within a result, and across records and results whose names run into each other."""
    plots = [{"path": f"{one}/plot.png"} for one in ("r1", "r2", "r1", "r3")]
    assert linked(tmp_path, a={"plots": plots}) == {
        "links/plots/a_plots_plot.png": "/root/r1/plot.png",
        "links/plots/a_plots_2_plot.png": "/root/r2/plot.png",
        "links/plots/a_plots_3_plot.png": "/root/r3/plot.png",
    }
    values = [{"path": "1/x"}, {"path": "2_x"}, {"path": "2/x"}, {"path": "3/x"}]
    assert list(linked(tmp_path, a={"k": values})) == [
        "links/k/a_k_x",
        "links/k/a_k_2_x",
        "links/k/a_k_3_x",
        "links/k/a_k_4_x",
    ]
    same = {"a_b": {"k": {"c": {"path": "1"}}}, "a": {"k": {"b_c": {"path": "x/1"}}}}
    assert list(linked(tmp_path, **same)) == ["links/k/a_b_c_1", "links/k/a_b_c_2_1"]


@pytest.mark.parametrize(
    "path",
    ["https://example.org/x.png", "S3://bucket/x.png", "file:///x.png", "data:image/png;base64,AA"],
)
def test_addresses_are_no_files(path: str, tmp_path: Path) -> None:
    records = {"a": {"remote": {"path": path, "thumbnail_path": path}, "n": {"path": "a:b.txt"}}}
    found = links([Results("p", "sample", None, records)], tmp_path, Path("/root"))
    assert (list(found.wanted.values()), found.remote) == ([Path("/root/a:b.txt")], ("remote",))


@pytest.mark.parametrize(
    ("key", "record", "path", "link"),
    [
        ("../../x", "a", "f", "links/.._.._x/a_.._.._x_f"),
        ("..", "a", "f", "links/.._/a_.._f"),
        (".", "a", "f", "links/._/a_._f"),
        ("/etc", "../b", "f", "links/_etc/.._b__etc_f"),
        ("-rf", "-a", "f", "links/_rf/_a_-rf_f"),
        ("k\n\x1b[2J\u202e", "a", "f", "links/k__[2J_/a_k__[2J__f"),
        ("k", "a", "x/g\nh", "links/k/a_k_g_h"),
        ("k", "a", "..", "links/k/a_k_.."),
        ("", "", "/", "links/_/__"),
    ],
)
def test_names_lead_nowhere_else(
    key: str, record: str, path: str, link: str, tmp_path: Path
) -> None:
    assert list(linked(tmp_path, **{record: {key: {"path": path}}})) == [link]


def test_long_names_are_shortened_and_differ(tmp_path: Path) -> None:
    values = [{"path": f"{'ä' * 300}{number}.txt"} for number in (1, 2)]
    wanted = links([Results("p", "sample", None, {"a": {"k": values}})], tmp_path, tmp_path).wanted
    assert len(wanted) == 2 and make_links(wanted) == []
    assert all(name.endswith(".txt") for name in os.listdir(tmp_path / "k"))


def test_what_is_in_the_place_of_a_link_stays(tmp_path: Path) -> None:
    """Files and folders, and links of another form; all other links are made."""
    root = tmp_path / "links"
    (root / "folder" / "a").mkdir(parents=True)
    (root / "key").write_text("mine")
    (root / "folder" / "own").symlink_to("/my/own")
    target = tmp_path / "t"
    wanted = {
        root / "folder" / "a": target,
        root / "key" / "a": target,
        root / "folder" / "own": target,
        root / "folder" / "b": Path(f"{tmp_path}/a\0b"),
        root / "folder" / "c": target,
    }
    for _ in range(2):
        assert make_links(wanted) == [
            f"{root}/folder/a: is in the place of a link; move it",
            f"{root}/key: is in the place of a link; move it",
            f"{root}/folder/own: is a link to /my/own, which 'link' did not make; move it",
            f"{root}/folder/b: no link to {tmp_path}/a\0b: it is no path",
        ]
        assert os.readlink(root / "folder" / "c") == "../../t"
