"""The quick reader and writer of simple YAML answer exactly as PyYAML does, or leave it the work."""

from __future__ import annotations

import math
import threading
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from snakemake_looper.results import yaml_text
from snakemake_looper.results.plain_yaml import Values, read_plain
from snakemake_looper.results.yaml_text import dump, meaning

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
OF_PIPESTAT = """\
count:
  project: {}
  sample:
    a:
      pipestat_created_time: '2026-11-26 10:00:00'
      reads: 3
      share: 0.25
      word: hg38
      text: two words at https://x.org/a?b
      ok: true
      missing: null
      number_as_text: '007'
      plot:
        path: a/b.png
        title: Plot of a
      names:
      - x
      - 2
"""


def as_pyyaml_writes(data: Any) -> str:
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True))


def seen(data: Any) -> str:
    """Data with its types and order, so that `1`, `1.0` and `True` differ, and NaN equals itself."""
    return repr(data)


def as_pyyaml_reads(text: str) -> str:
    try:
        return seen(yaml.load(text, Loader=_Loader))
    except (yaml.YAMLError, ValueError) as error:
        return f"fault: {type(error).__name__}"


def agree(text: str) -> None:
    """The quick reader reads a text as PyYAML does, or leaves it to PyYAML."""
    found = read_plain(text.encode("utf-8", "surrogatepass"), Values(meaning))
    if found is not None:
        assert seen(found) == as_pyyaml_reads(text), text


def test_a_file_of_pipestat_needs_no_pyyaml() -> None:
    found = read_plain(OF_PIPESTAT.encode(), Values(meaning))
    assert found == yaml.load(OF_PIPESTAT, Loader=_Loader)
    assert seen(found) == as_pyyaml_reads(OF_PIPESTAT)
    assert dump(found) == OF_PIPESTAT


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "a: b: c\n", "- a\n", "a: 1 # no\n", "a:\n - b: 1\n", "a: &x 1\n", "a: |\n  x\n",
        "a: 'it''s'\n", 'a: "x"\n', "a: [1]\n", "7: 1\n", "yes: 1\n", "a: 2026-11-26\n", "a:\tb\n",
        "a: b\n  c\n", "--- \na: 1\n", "a: 1\n...\n", "a: b:\n", "a: <<\n", "? a\n", "a: !x 1\n",
        " a: 1\n", "a: 1\n b: 2\n", "a:\n  b: 1\n c: 2\n", "a: b\n- c\n", "a:\n  - b\n - c\n",
        "a: b \n", "a:\n  - b\n    - c\n", "a: 0x\u2028y\n", "a: 1:30\n".replace("1:30", "x: y"),
        f"{'k' * 2000}: 1\n", "\ufeffa: 1\n", "a: 1\r\nb: 2\r\n", "a: @x\n", "a: %x\n", "a: =\n",
    ],
)  # fmt: skip
def test_other_forms_are_left_to_pyyaml(text: str) -> None:
    assert read_plain(text.encode(), Values(meaning)) is None


@pytest.mark.parametrize(
    "value",
    [
        "1", "-1", "+1", "007", "0o7", "0x1F", "0b1", "1_000", "1.5", "-1.5", "1.", ".5", "1e5",
        "1.0e5", "1.5e+5", "1.5e-5", ".inf", "-.inf", ".nan", "1:30", "1:30.5", "190:20:30", "yes",
        "No", "ON", "off", "y", "n", "True", "FALSE", "null", "Null", "Nil", "none", "12345678901234567890123",
        "08", "0.1.2", "2026-11-26x", "a:b", "a::b", "/x/y z", "-x", "-.5x", "é", "1 2", "a,b", "''",
        "'yes'", "'a: b'", "'#'", "a#b", "x~", "10:00", "-0", "-0.0", "00", "0", "1__2", "0.1e1", "a 'b",
    ],
)  # fmt: skip
def test_a_value_means_the_same(value: str) -> None:
    for text in (f"a: {value}\n", f"a:\n- {value}\n", f"{value}: 1\n", f"a: {value}"):
        agree(text)


@pytest.mark.parametrize(
    "text",
    [
        "a:\n", "a:", "a:\nb: 1\n", "a:\n  b:\nc: 1\n", "a:\n  b:\n    c: 1\n  d: 2\ne: 3\n",
        "a:\n- 1\n- 2\nb: 3\n", "a:\n  - 1\n  - 2\nb: 3\n", "a:\n  b:\n  - 1\n  c: 2\n",
        "a: 1\na: 2\n", "a:\n  b: 1\na:\n  c: 1\n", "a: 1\nb: 2\na: 3\n", "a:\n      b: 1\n      c: 2\n",
        "a: {}\nb: []\n", "a:\n- x\nb:\n- y\n", "'': 1\n", "'a b': 1\n",
    ],
)  # fmt: skip
def test_a_structure_is_the_same(text: str) -> None:
    assert read_plain(text.encode(), Values(meaning)) is not None
    agree(text)


_BITS = st.sampled_from(
    [
        "a",
        "b:",
        "c: ",
        "- ",
        "  ",
        "    ",
        "\n",
        "1",
        "x",
        "'",
        "{}",
        "[]",
        ": ",
        " #",
        "-",
        ".",
        "~",
    ]
)


@given(st.lists(_BITS, max_size=30))
def test_any_text_is_read_as_pyyaml_reads_it(bits: list[str]) -> None:
    agree("".join(bits))


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["a:", "b: 1", "- x", "c: {}", "d: y z"]))
    )
)
def test_any_indents_are_read_as_pyyaml_reads_them(lines: list[tuple[int, str]]) -> None:
    agree("".join(f"{'  ' * indent}{line}\n" for indent, line in lines))


_TEXTS = st.one_of(
    st.text(max_size=12),
    st.text("aeynotrufls019:.-+_ ~#'/?!&*%@", max_size=10),
    st.sampled_from(
        ["yes", "null", "2026-11-26", "2026-11-26 10:00:00", "1e5", "0x1", "=", "<<", ""]
    ),
    st.lists(st.sampled_from(["word", "another", "a:b", "-", "x,"]), min_size=8, max_size=20).map(
        " ".join
    ),
)
_PLAIN = st.one_of(
    _TEXTS, st.integers(), st.floats(), st.booleans(), st.none(), st.dates(), st.binary()
)
_VALUES = st.recursive(
    _PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(_TEXTS, st.integers()), inner, max_size=4),
    ),
    max_leaves=12,
)


@given(st.dictionaries(_TEXTS, _VALUES, min_size=1, max_size=4))
def test_any_data_is_written_as_pyyaml_writes_it(data: dict[str, Any]) -> None:
    assert dump(data) == as_pyyaml_writes(data)
    agree(dump(data))


@pytest.mark.parametrize("shared", [[1], {"a": 1}, {}, [], (1, 2), {1}, [[1]]])
def test_a_value_in_two_places_gets_an_anchor(shared: Any) -> None:
    for data in (
        {"a": shared, "b": {"c": shared}},
        {"a": [[shared], shared]},
        {"a": [shared, shared]},
    ):
        assert "&id001" in as_pyyaml_writes(data)
        assert dump(data) == as_pyyaml_writes(data)


@pytest.mark.parametrize(
    "value", [0.1, 1e-5, 1e16, 1.5e-7, -1e300, math.inf, -math.inf, math.nan, -0.0]
)
def test_a_number_is_written_as_pyyaml_writes_it(value: float) -> None:
    assert dump({"a": value}) == as_pyyaml_writes({"a": value})


def test_two_threads_may_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one of them makes a value, the other one makes all of its own."""
    kind = "tag:yaml.org,2002:int"
    constructors = yaml_text._Loader.yaml_constructors
    first = constructors[kind]

    def interrupted(loader: Any, node: yaml.Node) -> Any:
        other = threading.Thread(target=meaning, args=("yes",))
        other.start()
        other.join()
        return first(loader, node)

    monkeypatch.setitem(constructors, kind, interrupted)
    assert meaning("0x1F") == 31
