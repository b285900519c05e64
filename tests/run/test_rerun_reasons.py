"""Snakemake's reasons as text in, values out. The texts are those that Snakemake was seen to log."""

from __future__ import annotations

import pytest
from snakemake.jobs import Reason as Original
from snakemake.persistence import ParamsChange

from snakemake_looper.run.rerun_reasons import Params, Reason, read_reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason()),
        ("Forced execution", Reason(is_forced=True)),
        ("Missing output files: a.flag, b.bam", Reason(missing=("a.flag", "b.bam"))),
        (
            "Missing output files: a.flag; Input files updated by another job: c.yaml, d",
            Reason(missing=("a.flag",), made_anew=("c.yaml", "d")),
        ),
        ("Incomplete output files: a.flag", Reason(is_cut_off=True)),
        ("Updated input files: data/a b.txt", Reason(newer=("data/a b.txt",))),
        ("Set of input files has changed since last execution", Reason(has_other_inputs=True)),
        ("Code has changed since last execution", Reason(has_other_rule=True)),
        (
            "Software environment definition has changed since last execution",
            Reason(has_other_software=True),
        ),
        ("Params have changed since last execution: True", Reason(params=Params())),
        ("A sentence of a later version", Reason()),
    ],
)
def test_each_sentence(text: str, reason: Reason) -> None:
    assert read_reason(text) == reason


NASTY = ["it's; now: 'x', \\ before: \"y\" ", "a\nb; Updated input files: z", ""]


@pytest.mark.parametrize("before", NASTY)
@pytest.mark.parametrize("now", ["plain", *NASTY])
def test_params_of_any_text(before: str, now: str) -> None:
    """The texts are commands of users, with the words in them that stand around them."""
    original = Original()
    original.input_changed = True
    original.params_changed = ParamsChange({repr(before)}, {repr(now)}, {"a.flag"})
    read = read_reason(str(original))
    assert read == Reason(has_other_inputs=True, params=Params((before,), (now,)))


def test_several_params_and_none_on_one_side() -> None:
    original = Original()
    original.params_changed = ParamsChange({"'a'"}, set(), {"a.flag"})
    original.software_stack_changed = True
    read = read_reason(str(original))
    assert read == Reason(params=Params(("a",), ()), has_other_software=True)
    original.params_changed = ParamsChange({"'a'", "'b'"}, {"'c'"}, {"a.flag"})
    params = read_reason(str(original)).params
    assert params is not None and sorted(params.before) == ["a", "b"] and params.now == ("c",)
