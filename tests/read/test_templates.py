"""Templates: text in, text out."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snakemake_looper.read.templates.template_braces import protect
from snakemake_looper.read.templates.templates import Template, TemplateError, faults_of, template

NAMESPACES = {
    "sample": {"name": "a b", "files": ["x", "y"], "empty": "", "number": 3},
    "looper": {"output_dir": "/out"},
}


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("run {sample.name}", "run a b"),
        ("run {sample.files}", "run x y"),
        ("run {sample.name | quote} {sample.files | quote}", "run 'a b' 'x y'"),
        ("{% if sample.empty %}no{% endif %}{% if sample.empty is defined %}yes{% endif %}", "yes"),
        ("{% if sample.nothing is defined %}no{% endif %}-", "-"),
        ("{% for f in sample.files %}[{f}]{% endfor %}", "[x][y]"),
        ("{sample.number + 1} {sample['name']}", "4 a b"),
        ("awk '{print $1}' {sample.number}", "awk '{print $1}' 3"),
        ("${HOME}/{looper.output_dir} ${HOME:-x}", "${HOME}//out ${HOME:-x}"),
        ("touch {1..3}", "touch {1..3}"),
        ("awk '{ n += NF } END { print n }'", "awk '{ n += NF } END { print n }'"),
        ("f() { echo hi; }; f", "f() { echo hi; }; f"),
        ("{'{'}x{'}'}", "{x}"),
        ("{# a remark #}x", "x"),
        ("jq '{a: .b}' }", "jq '{a: .b}' }"),
        ("trailing\n", "trailing"),
    ],
)
def test_rendered(text: str, rendered: str) -> None:
    assert template(text).render(NAMESPACES) == rendered


def test_braces_that_look_like_variables() -> None:
    """`{a,b}` is a tuple to Jinja2: it is explained, not silently dropped."""
    (first, second) = faults_of("touch {a,b}.txt", NAMESPACES)
    assert first.message.startswith("{a} is not a namespace; there are project, sample, ")
    assert first.message.endswith("; a literal brace is written {'{'}")
    assert second.message.startswith("{b} is not a namespace")
    with pytest.raises(TemplateError, match=r"\{a\} is not a namespace"):
        Template("touch {a,b}.txt").render(NAMESPACES)


def test_templates_inside_literal_braces() -> None:
    text = """echo '{"name": "{sample.name}", "more": {"files": "{sample.files}"}}'"""
    rendered = template(text).render(NAMESPACES)
    assert rendered == text.replace("{sample.name}", "a b").replace("{sample.files}", "x y")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{sample.nam}", "{sample.nam} is undefined (did you mean 'name'?); sample has"),
        ("{sample.x.y}", "{sample.x} is undefined"),
        ("{sample['fils']}", "{sample.fils} is undefined (did you mean 'files'?)"),
        ("{% for x in sample.nope %}{x}{% endfor %}", "{sample.nope} is undefined"),
        ("{% if sample.nope %}x{% endif %}", "{sample.nope} is undefined"),
        ("{pipestat.x}", "{pipestat} is undefined; there is looper, sample"),
    ],
)
def test_undefined(text: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        template(text).render(NAMESPACES)
    assert str(caught.value).startswith(message)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_values_go_in_as_they_are(value: str) -> None:
    """Whatever an attribute holds, braces and statements included, is text in the command."""
    rendered = template("run {sample.value} end").render({"sample": {"value": value}})
    assert rendered == f"run {value} end"
    quoted = template("{sample.value | quote}").render({"sample": {"value": value}})
    if "\n" not in value and "\r" not in value:
        assert shlex.split(quoted) == [value]


@given(st.text(alphabet="{}$%#'\" ab.1(|", max_size=30))
def test_any_text_is_a_template_or_is_explained(text: str) -> None:
    try:
        Template(text)
    except TemplateError as error:
        assert str(error)
    assert protect(text).replace("{% raw %}", "").replace("{% endraw %}", "") == text
