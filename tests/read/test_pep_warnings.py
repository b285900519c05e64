"""PEP configs with slips: what peppy ignores is a warning, what it refuses an error, at its line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from support.peps import FILES, messages, read, sound, warnings

PEP = FILES["project.yaml"]
TABLE = "sample_name,x,y\na,1,p\nb,2,p\n"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH", raising=False)


def pep(text: str, **files: str) -> dict[str, str]:
    """A project whose PEP has more lines; the first of them is line 4."""
    return {"project.yaml": PEP + text, "samples.csv": TABLE, **files}


def modified(text: str) -> dict[str, str]:
    """A project with sample modifiers; the first of them is in line 5."""
    return pep(f"sample_modifiers:\n{text}")


IGNORED = {
    "an unknown modifier": (
        modified("  appned: {q: 1}\n"),
        "5: sample_modifiers.appned: unknown modifier, ignored (did you mean 'append'?); there are"
        " append, duplicate, remove, imply, derive",
    ),
    "a key that is near a known one": (
        pep("sample_modifier: {append: {q: 1}}\n"),
        "4: sample_modifier: is no key of PEPs, and has no effect on samples (did you mean"
        " 'sample_modifiers'?); correct it",
    ),
    "a list of tables under a near key": (
        pep("subsample_tables: [more.csv]\n"),
        "4: subsample_tables: is no key of PEPs, and has no effect on samples (did you mean"
        " 'subsample_table'?); correct it",
    ),
    "an unknown project modifier": (
        pep("project_modifiers: {imports: [more.yaml]}\n"),
        "4: project_modifiers.imports: unknown key, ignored (did you mean 'import'?)",
    ),
    "an import of no file": (
        pep("project_modifiers:\n  import:\n    - gone.yaml\n"),
        "6: project_modifiers.import: nothing is imported: 'gone.yaml' does not exist (gone.yaml);"
        " correct the path, it is relative to this file",
    ),
    "an import with a variable": (
        pep("project_modifiers:\n  import: [$NO_SUCH/a.yaml]\n"),
        "5: project_modifiers.import: nothing is imported: '$NO_SUCH/a.yaml': the environment"
        " variable NO_SUCH is not set; set it, or write the value itself",
    ),
    "duplicate of no attribute": (
        modified("  duplicate: {xx: z}\n"),
        "5: sample_modifiers.duplicate.xx: no sample has an attribute 'xx' (did you mean 'x'?), so"
        " this has no effect; correct the name, or remove it",
    ),
    "imply on no attribute": (
        modified("  imply:\n    - if: {genome: hg38}\n      then: {z: 1}\n"),
        "6: sample_modifiers.imply.if.genome: no sample has an attribute 'genome', so this has no"
        " effect; correct the name, or remove it",
    ),
    "derive of no attribute": (
        modified("  derive:\n    attributes: [xy]\n    sources: {s: t}\n"),
        "6: sample_modifiers.derive.attributes: no sample has an attribute 'xy' (did you mean 'y'?),"
        " so this has no effect; correct the name, or remove it",
    ),
    "a source of no attribute": (
        modified("  derive:\n    attributes: [y]\n    sources:\n      p: 'd/{SRR}_{x}.fq'\n"),
        "8: sample_modifiers.derive.sources.p: {SRR} is no attribute, and stays in y as it is; write"
        " the name of an attribute in the braces (for b and 1 more)",
    ),
    "a source with a near name": (
        modified("  derive: {attributes: [y], sources: {p: '{smple_name}'}}\n"),
        "5: sample_modifiers.derive.sources.p: {smple_name} is no attribute (did you mean"
        " 'sample_name'?), and stays in y as it is; write the name of an attribute in the braces (for"
        " b and 1 more)",
    ),
    "a source with an open brace": (
        modified("  derive: {attributes: [y], sources: {p: 'd/{x.fq'}}\n"),
        "5: sample_modifiers.derive.sources.p: 'd/{x.fq' cannot be filled, and y stays 'p'; write"
        " names of attributes in the braces, as in '{sample_name}', and '{{' for a brace (for b and"
        " 1 more)",
    ),
    "a variable of command templates in a source": (
        modified("  derive: {attributes: [y], sources: {p: 'd/{sample.x}'}}\n"),
        "5: sample_modifiers.derive.sources.p: {sample.x} is no attribute, and y stays 'p'; write"
        " {x} (for b and 1 more)",
    ),
    "a source without a name in its brace": (
        modified("  derive: {attributes: [y], sources: {p: 'd/{}'}}\n"),
        "5: sample_modifiers.derive.sources.p: 'd/{}' cannot be filled, and y stays 'p'; write names"
        " of attributes in the braces, as in '{sample_name}', and '{{' for a brace (for b and 1"
        " more)",
    ),
    "a source with a variable": (
        modified("  derive: {attributes: [y], sources: {p: '${NO_SUCH}/{x}', q: $NO_SUCH/r}}\n"),
        "5: sample_modifiers.derive.sources.p: the environment variable NO_SUCH is not set; set it,"
        " or write the value itself",
    ),
    "a variable in two sources": (
        modified(
            "  append: {f: q}\n  derive:\n    attributes: [y, f]\n    sources:\n"
            "      p: $NO_SUCH/{x}\n      q: $NO_SUCH/f\n"
        ),
        "9: sample_modifiers.derive.sources.p: the environment variable NO_SUCH is not set; set it,"
        " or write the value itself (also line 10)",
    ),
    "an appended path with a variable": (
        modified("  append: {path: $NO_SUCH/x, price: $NO_SUCH}\n"),
        "5: sample_modifiers.append.path: the environment variable NO_SUCH is not set; set it, or"
        " write the value itself",
    ),
    "a cell of no source": (
        modified("  derive: {attributes: [y], sources: {pp: 'd'}}\n"),
        "5: sample_modifiers.derive.sources: 'p' in y is no source (did you mean 'pp'?), and stays as"
        " it is; write pp (for b and 1 more)",
    ),
    "a text in the place of a list": (
        modified("  remove: y\n"),
        "5: sample_modifiers.remove: must be a list of attributes, not 'y'; write '[y]'",
    ),
    "remove of no column": (
        modified("  remove: [x, yy]\n"),
        "5: sample_modifiers.remove: the table has no column 'yy' (did you mean 'y'?), so this has no"
        " effect; correct the name, or remove it",
    ),
    "append of a column": (
        modified("  append:\n    y: q\n"),
        "6: sample_modifiers.append.y: the table has a column 'y', so this has no effect; remove one"
        " of them",
    ),
    "an implication with another word": (
        modified("  imply:\n    - if: {x: '1'}\n      then: {z: q}\n      else: {z: r}\n"),
        "8: sample_modifiers.imply.else: unknown key, ignored; remove it",
    ),
    "a number that no cell can be": (
        modified("  imply:\n    - if: {x: [1, '2']}\n      then: {z: 1}\n"),
        "6: sample_modifiers.imply.if.x: '1' is not text, but all cells are; put it in quotes:"
        " '\"1\"'",
    ),
    "no sources": (
        modified("  derive: {attributes: [x], sources: }\n"),
        "5: sample_modifiers.derive.sources: must be a mapping of source to path, not an empty value; correct"
        " it",
    ),
    "a source that is a list": (
        modified("  derive: {attributes: [y], sources: {p: [a, b]}}\n"),
        "5: sample_modifiers.derive.sources.p: must be a path with attributes in braces, not a list;"
        " write a text",
    ),
    "modifiers at the top": (
        pep("derive: {attributes: [y], sources: {p: q}}\n"),
        "4: derive: is no key at the top of a PEP, and has no effect on samples; move it below"
        " 'sample_modifiers:'",
    ),
    "a list of implications at the top": (
        pep("imply: [{if: {x: '1'}, then: {q: z}}]\n"),
        "4: imply: is no key at the top of a PEP, and has no effect on samples; move it below"
        " 'sample_modifiers:'",
    ),
    "amend at the top": (
        pep("amend: {other: {name: z}}\n"),
        "4: amend: is no key at the top of a PEP, and has no effect on samples; move it below"
        " 'project_modifiers:'",
    ),
    "amendments at the top": (
        pep("amendments: {other: {name: z}}\n"),
        "4: amendments: is no key at the top of a PEP, and has no effect on samples; write"
        " 'project_modifiers: amend:', with the same lines below it",
    ),
    "another word for the subsample table": (
        pep("subannotation: more.csv\n"),
        "4: subannotation: is no key at the top of a PEP, and has no effect on samples; write"
        " 'subsample_table: more.csv'",
    ),
    "a source that is a number": (
        modified("  derive:\n    attributes: [x]\n    sources:\n      1: d/q\n      '2': d/r\n"),
        "8: sample_modifiers.derive.sources.1: the key 1 is a number, and '1' in x stays as it is;"
        " write '\"1\":' (for a)",
    ),
    "a mapping of no source": (
        modified("  derive: {attributes: [y], sources: {}}\n"),
        "5: sample_modifiers.derive.sources: 'p' in y is no source, and stays as it is; write"
        " 'p: PATH' below it (for b and 1 more)",
    ),
    "an attribute that is appended empty": (
        modified("  append: {z: ''}\n  derive: {attributes: [y], sources: {p: 'd/{z}.fq'}}\n"),
        "6: sample_modifiers.derive.sources.p: z is empty, and nothing stands for {z} in 'd/{z}.fq'"
        " (y); write a value (for b and 1 more)",
    ),
    "other names by a modifier": (
        modified("  duplicate: {x: sample_name}\n"),
        "5: sample_modifiers.duplicate.x: replaces the names in 'sample_name'; write"
        " 'sample_table_index: x' in the PEP if these are the names, or another name than"
        " 'sample_name' here",
    ),
}


@pytest.mark.parametrize(("files", "message"), IGNORED.values(), ids=IGNORED)
def test_parts_without_effect(tmp_path: Path, files: Mapping[str, str], message: str) -> None:
    files = {**files, "samples.csv": "sample_name,x,y\nb,2,p\na,1,p\n"}
    assert warnings(tmp_path, files) == [f"project.yaml:{message}"]


REFUSED = {
    "lost indentation": (
        pep("sample_modifiers:\nappend: {a: b}\n"),
        "4: sample_modifiers: is empty, since its line stands beside it: 'append' (line 5); indent by"
        " two spaces",
    ),
    "an empty section": (
        pep("sample_modifiers:\n"),
        "4: sample_modifiers: is empty: are its lines indented? Indent them, or remove the key",
    ),
    "an empty section of project modifiers": (
        pep("project_modifiers:\n"),
        "4: project_modifiers: must be a mapping of 'amend:' and 'import:'; indent them below it, or"
        " remove it",
    ),
    "lost indentation of project modifiers": (
        pep("project_modifiers:\namend: {a: {b: c}}\n"),
        "4: project_modifiers: is empty, since its line stands beside it: 'amend' (line 5); indent by"
        " two spaces",
    ),
    "modifiers in a list": (
        modified("  - append: {a: b}\n"),
        "4: sample_modifiers: must be a mapping of modifiers; write 'append:', 'derive:' or the like"
        " below it",
    ),
    "append in a list": (
        modified("  append: [x]\n"),
        "5: sample_modifiers.append: must be a mapping of attribute to value, not a list; correct it",
    ),
    "append of nothing": (
        modified("  append:\n"),
        "5: sample_modifiers.append: is empty; write a mapping of attribute to value below it, or"
        " remove it",
    ),
    "append of a number": (
        modified("  append: {1: x}\n"),
        "5: sample_modifiers.append.1: '1' is no text, and cannot be the name of an attribute; put it"
        " in quotes",
    ),
    "duplicate in a list": (
        modified("  duplicate: [x]\n"),
        "5: sample_modifiers.duplicate: must be a mapping of attribute to its second name, not"
        " a list; correct it",
    ),
    "duplicate under two names": (
        modified("  duplicate:\n    x: [a, b]\n"),
        "6: sample_modifiers.duplicate.x: must be the second name of the attribute, not a list;"
        " write a text",
    ),
    "remove of the names": (
        modified("  remove: [x, sample_name]\n"),
        "5: sample_modifiers.remove: removes 'sample_name', which names the samples; leave it out",
    ),
    "imply with a number": (
        modified("  imply:\n    - if:\n        x: 1\n      then: {z: 1}\n"),
        "7: sample_modifiers.imply.if.x: '1' is not text, but all cells are; put it in quotes:"
        " '\"1\"'",
    ),
    "imply with yes": (
        modified("  imply:\n    - if: {x: yes}\n      then: {z: 1}\n"),
        "6: sample_modifiers.imply.if.x: 'true' is not text, but all cells are; put the text of the"
        " cells in quotes",
    ),
    "imply without then": (
        modified("  imply:\n    - if: {x: '1'}\n"),
        "6: sample_modifiers.imply: needs 'if:' and 'then:'; write both below one '-'",
    ),
    "imply of a mapping": (
        modified("  imply: {x: y}\n"),
        "5: sample_modifiers.imply: must be a list of 'if:' and 'then:', not a mapping; correct it",
    ),
    "derive with a slip": (
        modified("  derive: {attribute: [x], sources: {s: t}}\n"),
        "5: sample_modifiers.derive: has no 'attributes' (instead of 'attribute'?); write a list of"
        " attributes there",
    ),
    "sources in a list": (
        modified("  derive: {attributes: [x], sources: [s]}\n"),
        "5: sample_modifiers.derive.sources: must be a mapping of source to path, not a list; correct"
        " it",
    ),
    "a list that is derived": (
        modified("  append: {z: [s, t]}\n  derive: {attributes: [z], sources: {s: t}}\n"),
        "5: sample_modifiers.append.z: is a derived attribute, and cannot be a list or a mapping;"
        " write a text",
    ),
    "a number that is compared with text": (
        modified("  append: {z: 1}\n  imply:\n    - if: {z: '1'}\n      then: {w: 2}\n"),
        "5: sample_modifiers.append.z: is compared with text, but '1' is no text; put it in quotes",
    ),
    "a key of a mapping that is a number": (
        modified("  append: {z: {1: a}}\n"),
        "5: sample_modifiers.append.z: has a key that is no text; put it in quotes",
    ),
    "a version of two numbers": (
        {"project.yaml": "sample_table: samples.csv\npep_version: 2.1\n"},
        "2: pep_version: '2.1' is no version of three numbers; write 'pep_version: 2.1.0'",
    ),
    "an old version": (
        {"project.yaml": "pep_version: 0.4.0\nsample_table: samples.csv\n"},
        "1: pep_version: PEPs of version 0.4.0 are not read; write 'pep_version: 2.1.0'",
    ),
    "a key that is a number": (pep("1: x\n"), "4: 1: the key is no text; put it in quotes"),
    "an index that is a list": (
        pep("sample_table_index: [x]\n"),
        "4: sample_table_index: must be the name of a column, not a list; write a text",
    ),
    "a name that is a list": (
        {"project.yaml": "sample_table: samples.csv\nname: [x]\n"},
        "2: name: must be text, not a list; write letters, digits, '-' and '_'",
    ),
    "imports of a mapping": (
        pep("project_modifiers:\n  import: {a: b}\n"),
        "5: project_modifiers.import: must be a list of paths; write '- PATH' lines below it",
    ),
    "an import of a number": (
        pep("project_modifiers:\n  import:\n  - 3\n"),
        "6: project_modifiers.import: '3' is not a path; write the path of a file",
    ),
    "an import of a list": (
        pep("project_modifiers:\n  import:\n  - [f]\n"),
        "6: project_modifiers.import: a list is not a path; write the path of a file",
    ),
    "a second name that is empty": (
        modified("  duplicate: {x: null}\n"),
        "5: sample_modifiers.duplicate.x: must be the second name of the attribute, not an empty"
        " value; write a text",
    ),
    "one name for all samples": (
        modified("  duplicate: {y: sample_name}\n"),
        "5: sample_modifiers.duplicate.y: gives 'a' and 'b' the same name 'p', and they are merged"
        " into one sample; write another name than 'sample_name'",
    ),
    "an import of itself": (
        pep("project_modifiers:\n  import: [./project.yaml]\n"),
        "5: project_modifiers.import: './project.yaml' leads back to this file, without end; remove"
        " one of the imports",
    ),
    "an import of a folder": (
        pep("project_modifiers:\n  import: [more]\n", **{"more/x": ""}),
        "5: project_modifiers.import: 'more' is a folder; write the path of a file",
    ),
}


@pytest.mark.parametrize(("files", "message"), REFUSED.values(), ids=REFUSED)
def test_parts_that_peppy_refuses(tmp_path: Path, files: Mapping[str, str], message: str) -> None:
    assert messages(tmp_path, {"samples.csv": TABLE, **files}) == [f"project.yaml:{message}"]


def test_an_index_that_modifiers_give_to_some(tmp_path: Path) -> None:
    some = "sample_modifiers: {imply: [{if: {x: '1'}, then: {z: q}}]}\nsample_table_index: z\n"
    assert messages(tmp_path, pep(some)) == [
        "samples.csv:1: z: there is no column 'z', and the modifiers do not give it to every sample;"
        " add the column"
    ]


def test_an_attribute_is_removed_alone(tmp_path: Path) -> None:
    """In peppy, the removal of `y` also removes `x`, if `x` is the value of `y`; lists are refused."""
    files = {**modified("  remove: [y]\n"), "samples.csv": "sample_name,x,y\na,1,x\nb,2,p\n"}
    assert [set(one.attributes) for one in sound(tmp_path, files).samples] == [
        {"sample_name", "x"}, {"sample_name", "x"},
    ]  # fmt: skip
    own = {".looper.yaml": FILES[".looper.yaml"] + "sample_modifiers: {remove: [y]}\n"}
    files = {**pep(""), **own, "samples.csv": "sample_name,y\na,1\na,2\n"}
    assert dict(sound(tmp_path, files).samples[0].attributes) == {"sample_name": "a"}


def test_imports_that_lead_in_a_circle(tmp_path: Path) -> None:
    files = pep("project_modifiers: {import: [a.yaml]}\n")
    files["a.yaml"] = "project_modifiers:\n  import: [b.yaml]\n"
    files["b.yaml"] = "project_modifiers:\n  import: [a.yaml]\n"
    assert messages(tmp_path, files) == [
        "b.yaml:2: project_modifiers.import: 'a.yaml' leads back to this file, without end; remove"
        " one of the imports"
    ]


def test_imports_that_double_at_each_step(tmp_path: Path) -> None:
    """Without a limit, reading them takes two to the power of thirty steps."""
    files = pep("project_modifiers: {import: [i0.yaml]}\n")
    for number in range(30):
        following = f"i{number + 1}.yaml"
        files[f"i{number}.yaml"] = f"project_modifiers: {{import: [{following}, {following}]}}\n"
    files["i30.yaml"] = "word: x\n"
    (message,) = messages(tmp_path, files)
    assert message.endswith(": there are more than 100 imports; import each file once")


def test_an_import_that_is_empty(tmp_path: Path) -> None:
    files = pep("project_modifiers: {import: [a.yaml]}\n", **{"a.yaml": ""})
    assert messages(tmp_path, files) == [
        "a.yaml: is empty; write 'key: value' lines, or do not import it"
    ]


def test_the_place_of_a_key_is_in_the_file_that_has_it(tmp_path: Path) -> None:
    files = {
        "project.yaml": "project_modifiers: {import: [a/more.yaml]}\n",
        "a/more.yaml": "pep_version: 2.1.0\nsample_table: gone.csv\n",
    }
    (message,) = messages(tmp_path, files)
    assert message.startswith("a/more.yaml:2: sample_table: 'a/gone.csv' does not exist;")


def test_an_import_does_not_take_the_index_away(tmp_path: Path) -> None:
    modifiers = "sample_table_index: id\nproject_modifiers: {import: [more.yaml]}\n"
    files = {"project.yaml": PEP + modifiers, "samples.csv": "id,x\na,1\n"}
    assert sound(tmp_path, {**files, "more.yaml": "word: x\n"}).index == "id"
    assert sound(tmp_path, {**files, "more.yaml": "sample_table_index: x\n"}).index == "id"
    files["project.yaml"] = files["project.yaml"].replace("sample_table_index: id\n", "")
    assert sound(tmp_path, {**files, "more.yaml": "sample_table_index: id\n"}).index == "id"


AMENDED = """project_modifiers:
  amend:
    big:
      sample_table: gone.csv
    odd:
      sample_modifiers:
        appned: {a: b}
    none:
    index:
      sample_table_index: x
"""


@pytest.mark.parametrize(
    ("amendment", "message"),
    [
        ("bigg", "--amend: the PEP has no amendment 'bigg' (did you mean 'big'?); write one of big, odd, none, index"),
        ("big", "project.yaml:7: sample_table: 'gone.csv' does not exist; correct the path, it is relative to this file"),
        ("none", "project.yaml:11: project_modifiers.amend.none: must be a mapping of keys to replace; write 'key: value' lines below it"),
    ],
)  # fmt: skip
def test_amendments_that_peppy_refuses(tmp_path: Path, amendment: str, message: str) -> None:
    assert messages(tmp_path, pep(AMENDED), amend=(amendment,)) == [message]


def test_parts_of_amendments_without_effect(tmp_path: Path) -> None:
    assert warnings(tmp_path, pep(AMENDED), amend=("odd", "index")) == [
        "project.yaml:13: project_modifiers.amend.index.sample_table_index: an amendment cannot"
        " change it, ignored; write it at the top of the PEP",
        "project.yaml:10: sample_modifiers.appned: unknown modifier, ignored (did you mean"
        " 'append'?); there are append, duplicate, remove, imply, derive",
    ]


def test_an_amendment_of_a_pep_without_any(tmp_path: Path) -> None:
    assert messages(tmp_path, pep(""), amend=("big",)) == [
        "--amend: the PEP has no amendment 'big'; it has none, so leave this out"
    ]


def test_modifiers_of_the_looper_config(tmp_path: Path) -> None:
    own = "sample_modifiers:\n  appned: {a: b}\n  duplicate: {z: w}\n  remove: [x]\n"
    files = {
        **modified("  duplicate: {x: w}\n"),
        ".looper.yaml": FILES[".looper.yaml"] + own,
    }
    assert warnings(tmp_path, files) == [
        ".looper.yaml:5: sample_modifiers.appned: unknown modifier, ignored (did you mean 'append'?);"
        " there are append, duplicate, remove, imply, derive",
        ".looper.yaml:6: sample_modifiers.duplicate.z: no sample has an attribute 'z', so this has no"
        " effect; correct the name, or remove it",
    ]
    files[".looper.yaml"] = (
        files[".looper.yaml"].replace("[x]", "[sample_name]").replace("{z: w}", "3")
    )
    assert messages(tmp_path, files) == [
        ".looper.yaml:6: sample_modifiers.duplicate: must be a mapping of attribute to its second"
        " name, not '3'; correct it"
    ]


def test_modifiers_of_the_looper_config_and_of_the_pep_together(tmp_path: Path) -> None:
    own = "sample_modifiers:\n  imply: [{if: {x: '1'}, then: {w: v}}]\n"
    files = {**modified("  append: {q: [s, t]}\n"), ".looper.yaml": FILES[".looper.yaml"] + own}
    files[".looper.yaml"] += "  derive: {attributes: [q], sources: {s: t}}\n"
    assert messages(tmp_path, files) == [
        "project.yaml:5: sample_modifiers.append.q: is a derived attribute, and cannot be a list or a"
        " mapping; write a text"
    ]
    files = {**pep(""), ".looper.yaml": FILES[".looper.yaml"] + own}
    files["samples.csv"] = "sample_name,x\na,1\na,2\n"
    assert messages(tmp_path, files) == [
        ".looper.yaml:4: sample_modifiers: cannot be applied to samples that the PEP has modified;"
        " move them into the PEP"
    ]


def test_lists_of_different_lengths_in_a_source(tmp_path: Path) -> None:
    modifiers = """subsample_table: [f.csv, g.csv]
sample_modifiers:
  derive: {attributes: [y], sources: {p: 'd/{f}{g}'}}
"""
    files = pep(
        modifiers, **{"f.csv": "sample_name,f\na,1\na,2\n", "g.csv": "sample_name,g\na,1\nb,2\n"}
    )
    assert warnings(tmp_path, files) == [
        "project.yaml:6: sample_modifiers.derive.sources.p: {f} is no attribute, and stays in y as it"
        " is; write the name of an attribute in the braces (for b)",
        "project.yaml:6: sample_modifiers.derive.sources.p: f and g have different numbers of values,"
        " and y stays 'p'; give them the same number (for a)",
    ]


def test_derived_attributes_that_are_lists(tmp_path: Path) -> None:
    derive = "sample_modifiers:\n  derive: {attributes: [y], sources: {p: 'd', q: 'e'}}\n"
    files = pep(f"{derive}subsample_table: more.csv\n", **{"more.csv": "sample_name,y\na,p\n"})
    assert messages(tmp_path, files) == [
        "more.csv:1: y: is a derived attribute, and a subsample table makes it a list; rename the"
        " column, or take 'y' from derive.attributes in the PEP"
    ]
    files = {**pep(derive), "samples.csv": "sample_name,y\na,p\nb,p\na,q\nb,p\n"}
    assert messages(tmp_path, files) == [
        "samples.csv:4: y: is a derived attribute, and the rows of sample 'a' have 'p' (line 2) and"
        " 'q' for it; write the same source in all its rows"
    ]


def test_problems_of_all_kinds_and_files_together(tmp_path: Path) -> None:
    files = {
        "project.yaml": """
            pep_version: 2
            sample_table: samples.csv
            subsample_table: gone.csv
            sample_modifiers:
              append:
              derive: {attribute: [x], sources: {}}
            project_modifiers:
              import: x
            """,
        "samples.csv": "sample_name;x\n",
    }
    assert [message.partition(": ")[0] for message in messages(tmp_path, files)] == [
        "project.yaml:8", "project.yaml:1", "project.yaml:5", "project.yaml:6", "samples.csv:1",
        "project.yaml:3",
    ]  # fmt: skip


def test_a_missing_import_may_have_named_the_table(tmp_path: Path) -> None:
    """The first problem explains why there is no table: there is no second one."""
    files = {"project.yaml": "project_modifiers: {import: [a.yaml]}\n", "a.yaml": "x: y: z\n"}
    (message,) = messages(tmp_path, files)
    assert message.startswith("a.yaml:1: not valid YAML")


@pytest.mark.parametrize("key", ["sample_types", "samples", "protocols", "sample", "descriptors"])
def test_keys_of_one_s_own(tmp_path: Path, key: str) -> None:
    assert warnings(tmp_path, pep(f"{key}: [x]\n")) == []


def test_modifiers_without_a_fault(tmp_path: Path) -> None:
    modifiers = """
  append: {file: p, word: one, number: 1, note: a $ b, x: again}
  duplicate: {y: z}
  remove: [x]
  imply:
    - if: {y: [p, q], number: [1]}
      then: {w: two}
  derive:
    attributes: y
    sources: {p: 'd/{sample_name}/{{x}}.fq', unused: '{SRR}/$NO_SUCH/x'}
"""
    files = modified(modifiers.removeprefix("\n"))
    assert warnings(tmp_path, files) == []
    assert sound(tmp_path, files).samples[0].attributes["y"] == "d/a/{x}.fq"


def test_cells_that_are_paths_already(tmp_path: Path) -> None:
    derive = "  derive: {attributes: [y], sources: {p: 'd/{x}'}}\n"
    table = "sample_name,x,y\na,1,p\nb,2,data/b.fq\nc,3,\nd,4,d.fq\n"
    assert warnings(tmp_path, {**modified(derive), "samples.csv": table}) == []


def test_warnings_of_tables_stand_beside_the_problems(tmp_path: Path) -> None:
    files = {**modified("  append: [x]\n"), "samples.csv": "sample_name,x\na\n"}
    pep, problems, _ = read(tmp_path, files)
    assert pep is None and len(problems) == 1
    (warning,) = problems.warnings
    assert "samples.csv:2: the row has 1 cell for 2 columns" in warning


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("d/{x}.fq", "2"),
        ("d/{sample_name}_{x}.fq", "2"),
        ("d/{sample_name}{x}.fq", ""),
        ("d/{sample_name}_R1{x}.fq", ""),
        ("d/${x}/{y}.fq", ""),
    ],
)
def test_empty_cells_in_derived_paths(
    tmp_path: Path, source: str, lines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("x", "set")
    derive = f"  derive: {{attributes: [y], sources: {{p: '{source}'}}}}\n"
    files = {**modified(derive), "samples.csv": "sample_name,x,y\na,,p\nb,2,p\nc,,p\nd,,\n"}
    what = f"x: is empty in this row, and nothing stands for {{x}} in '{source}' (y); write a value"
    expected = [f"samples.csv:{lines}: {what} (also line 4)"] if lines else []
    assert warnings(tmp_path, files) == expected


def test_empty_cells_of_subsamples_in_derived_paths(tmp_path: Path) -> None:
    derive = "sample_modifiers: {derive: {attributes: [y], sources: {p: 'd/{x}.fq'}}}\n"
    files = {
        **pep(f"subsample_table: more.csv\n{derive}"),
        "samples.csv": "sample_name,y\na,p\nb,p\n",
        "more.csv": "sample_name,x\na,1\na,\nb,2\n",
    }
    assert warnings(tmp_path, files) == [
        "more.csv:3: x: is empty in this row, and nothing stands for {x} in 'd/{x}.fq' (y); write"
        " a value"
    ]


@pytest.mark.parametrize(
    ("modifiers", "table"),
    [
        ("{duplicate: {x: sample_name}}", "x,y\na,1\nb,2\n"),
        ("{remove: [sample_name], duplicate: {x: sample_name}}", "sample_name,x\na,1\nb,2\n"),
        ("{duplicate: {x: sample_name}}", "sample_name,x\na,a\nb,b\n"),
        ("{duplicate: {sample_name: x}}", "sample_name,y\na,1\nb,2\n"),
    ],
)
def test_second_names_that_replace_no_name(tmp_path: Path, modifiers: str, table: str) -> None:
    sound_pep = pep(f"sample_modifiers: {modifiers}\n")
    assert warnings(tmp_path, {**sound_pep, "samples.csv": table}) == []


@pytest.mark.parametrize("line", ["append: text", "remove: false", "derive: 3", "import: genes"])
def test_words_of_modifiers_as_keys_of_one_s_own(tmp_path: Path, line: str) -> None:
    assert warnings(tmp_path, pep(f"{line}\n")) == []


def test_an_amendment_of_a_table(tmp_path: Path) -> None:
    files = {**FILES, ".looper.yaml": FILES[".looper.yaml"].replace("project.yaml", "samples.csv")}
    assert messages(tmp_path, files, amend=("big",)) == [
        "--amend: the PEP has no amendment 'big'; it has none, so leave this out"
    ]
