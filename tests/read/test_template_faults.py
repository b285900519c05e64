"""Messages of templates, in the project's own words, at the line where the mend is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.projects import TOUCH

from snakemake_looper import ProjectError
from snakemake_looper.plan.namespaces import looper_namespace
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.templates.template_braces import left_over
from snakemake_looper.read.templates.template_faults import LOOPER_KEYS
from snakemake_looper.read.templates.template_undefined import Partial
from snakemake_looper.read.templates.templates import TemplateError, faults_of, template

SAMPLE: Mapping[str, Any] = {
    "name": "a b", "read-type": "single", "reads": ["x", "y"], "file name": "f", "read.len": 5,
    "number": 3, "a:b": 1,
}  # fmt: skip
NAMESPACES: Mapping[str, Any] = {
    "sample": SAMPLE,
    "looper": {"output_dir": "/out", "results_subdir": "/out/r"},
    "compute": {"mem": 1},
    "pipestat": {},
    "project": {"name": "demo"},
}
THERE = "there are project, sample, samples, pipeline, looper, compute, pipestat"
HAS = "sample has a:b, file name, name, number, read-type, read.len, reads"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{reads}", "{reads} is not a namespace; write {sample.reads}"),
        ("{read-type}", "{read-type} is not a namespace; write {sample['read-type']}"),
        ("{output_dir}", "{output_dir} is not a namespace; write {looper.output_dir}"),
        ("{raeds}", f"{{raeds}} is not a namespace (did you mean {{sample.reads}}?); {THERE}"),
        ("{MEM}", "{MEM} is not a namespace; write {compute.mem}"),
        ("{JOBNAME}", "{JOBNAME} is not a namespace; write {looper.job_name}"),
        ("{lipsum}", f"{{lipsum}} is not a namespace; {THERE}; a literal brace is written {{'{{'}}"),
        ("{sample.read-type}", "{sample.read-type} is read as a subtraction; write {sample['read-type']}"),
        ("{% if sample.read-type %}{% endif %}", "{sample.read-type} is read as a subtraction; write {sample['read-type']}"),
        ("{sample.file name}", "{sample.file name} is no variable: the name needs quotes; write {sample['file name']}"),
        ("{sample.2nd}", "{sample.2nd} is no variable: the name needs quotes; write {sample['2nd']}"),
        ("{sample.name | quot}", "'| quot': there is no filter 'quot' (did you mean 'quote'?); correct the name"),
        ("{% if sample.name is defned %}{% endif %}", "'is defned': there is no test 'defned' (did you mean 'defined'?); correct the name"),
        ("{% if sample.name %}x", "{% if %} is not closed; write {% endif %} where it ends"),
        ("{% for x in sample.reads %}x", "{% for %} is not closed; write {% endfor %} where it ends"),
        ("x{% endif %}", "{% endif %} closes nothing; write {% if … %} before it"),
        ("x{% else %}", "{% else %} closes nothing; write {% if … %} before it"),
        ("{% esle %}", "{% esle %} is no statement (did you mean 'else'?); there are if, elif, else, endif, for, endfor, set, endset, raw, endraw"),
        ("{% if 1 %}{% for x in %}{% endfor %}{% endif %}", "{% for x in %} cannot be read; correct it: a literal brace is written {'{'}, and statements {% ... %}"),
        ("{% include 'x' %}", "{% include %} is no statement; there are if, elif, else, endif, for, endfor, set, endset, raw, endraw"),
        ("{sample.number:03d}", "{sample.number:03d} is no variable: templates have no formats; write {'%03d' | format(sample.number | int)}"),
        ("{sample.number:.2f}", "{sample.number:.2f} is no variable: templates have no formats; write {'%.2f' | format(sample.number | float)}"),
        ("{sample.name:>9}", "{sample.name:>9} is no variable: templates have no formats; write {'%9s' | format(sample.name)}"),
        ("{sample.number:,}", "{sample.number:,} is no variable: templates have no formats; write {sample.number}, with a filter such as '| round(2)' if the value needs one"),
        ("{sample.a:b}", "{sample.a:b} is no variable: the name needs quotes; write {sample['a:b']}"),
        ("{% if sample.name = 1 %}{% endif %}", "{% if sample.name = 1 %} cannot be read; write '==' instead of '='"),
        ("{% if sample.name && !sample.number %}{% endif %}", "{% if sample.name && !sample.number %} cannot be read; write 'and' instead of '&&' and 'not' instead of '!'"),
        ("{% if 1 %}{% elseif sample.name %}{% endif %}", "{% elseif sample.name %} is no statement; write {% elif … %}"),
        ("{% if 1 %}{% else if sample.name %}{% endif %}", "{% else if sample.name %} is no statement; write {% elif … %}"),
        ("{% if 1 %}{% fi %}", "{% fi %} is no statement; there are if, elif, else, endif, for, endfor, set, endset, raw, endraw"),
        ("{sample.}", "{sample.} is no variable and no expression; correct it: a literal brace is written {'{'}, and statements {% ... %}"),
    ],
)  # fmt: skip
def test_faults_for_all_samples(text: str, message: str) -> None:
    (fault,) = faults_of(f"run {text}", NAMESPACES)
    assert fault.message == message
    assert fault.position >= 4, "the fault stands behind `run `"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{sample.keys}", f"{{sample.keys}} is undefined; {HAS}"),
        ("{sample['items']}", f"{{sample.items}} is undefined; {HAS}"),
        ("{sample.raeds}", f"{{sample.raeds}} is undefined (did you mean 'reads'?); {HAS}"),
        ("{sample.read_type}", f"{{sample.read_type}} is undefined (did you mean 'read-type'?); write {{sample['read-type']}}; {HAS}"),
        ("{sample.read.len}", "{sample.read.len} is undefined: it needs quotes; write {sample['read.len']}"),
        ("{looper.output_folder}", "{looper.output_folder} is undefined; write {looper.results_subdir} (or {looper.output_dir}, its parent)"),
        ("{looper.submission_folder}", "{looper.submission_folder} is undefined; write {looper.submission_subdir}"),
        ("{looper.reads}", "{looper.reads} is undefined; looper has output_dir, results_subdir; write {sample.reads}"),
        ("{pipestat.results_file}", "{pipestat.results_file} is undefined: the looper config has no 'pipestat:' section; add one"),
        ("{samples.name}", "{samples} is undefined; at the sample level, write {sample.…}"),
        ("{sample.name.upper}", "{sample.name.upper} is undefined: sample.name is a text; write '.upper()' for the method"),
        ("{sample.name.__class__}", "{sample.name.__class__} is undefined: sample.name is a text; correct the template"),
        ("{sample.__class__}", f"{{sample.__class__}} is undefined; {HAS}"),
        ("{% for one in [sample] %}{one.x}{% endfor %}", f"{{sample.x}} is undefined; {HAS}"),
        ("{sample.reads[5]}", "{sample.reads[5]} is undefined: sample.reads has too few items; correct the template"),
        ("{compute.threads}", "{compute.threads} is undefined; compute has mem; write 'threads:' under 'compute:'"),
        ("{sample.x * 2}", f"{{sample.x}} is undefined; {HAS}"),
        ("{sample.number / 0}", "{sample.number / 0} cannot be computed: it divides by zero; correct it"),
        ("{sample.number + sample.name}", "{sample.number + sample.name} cannot be computed: its values are not of the types that the operation needs, as text and number; correct it"),
        ("{sample.name()}", "{sample.name()} cannot be computed: it calls a text, which is no function; remove the '(…)'"),
        ("{% for x in sample.number %}{% endfor %}", "the template cannot be computed: it loops over a number, which is no list; write '[…]' around it"),
        ("{sample.reads | map('upper')}", "{sample.reads | map('upper')} cannot be computed: it shows a sequence that is not a list yet; write '| list' after it"),
        ("{sample.name | replace}", "{sample.name | replace} cannot be computed: its values are not of the types that the operation needs, as text and number; correct it"),
        ("{% macro f() %}{f()}{% endmacro %}{f()}", "the template cannot be computed: a macro calls itself without end; correct it"),
        ("{% for i in range(10 ** 9) %}x{% endfor %}", "the template cannot be computed: range(1000000000) has more than 1,000,000 numbers; correct it"),
        ("{'x' * 10 ** 12}", None),
        ("{sample.number ** (10 ** 9)}", "the template cannot be computed: 3 ** 1000000000 is too large a number; correct it"),
        ("{range}", None),
    ],
)  # fmt: skip
def test_faults_of_one_rendering(text: str, message: str | None) -> None:
    with pytest.raises(TemplateError) as caught:
        template(f"run {text}").render(NAMESPACES)
    if message:
        assert str(caught.value) == message
    else:
        assert " cannot be computed: it " in str(caught.value)


def test_a_variable_in_the_section_of_a_level_is_not_offered() -> None:
    """A warning says to move it to the top of the file."""
    level = {"var_templates": {"q": "x"}, "command_template": "x"}
    pipeline = {"var_templates": {}, "project_interface": level}
    with pytest.raises(TemplateError) as caught:
        template("{pipeline.var_templates.q}").render({"pipeline": pipeline})
    assert str(caught.value) == (
        "{pipeline.var_templates.q} is undefined; pipeline.var_templates has nothing"
    )


def test_loops_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit counts the rounds of all loops together, and calls."""
    text = "{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}"
    assert template(text).render(NAMESPACES) == ""
    deep = "{% for c in range(9) %}" + text + "{% endfor %}"
    with pytest.raises(
        TemplateError, match=r"it has loops of more than 2,000,000 rounds"
    ) as caught:
        template(deep).render(NAMESPACES)
    assert caught.value.hopeless, "no other job tries it"


def test_all_undefined_variables_are_named() -> None:
    """Those of a branch that is not taken are no faults."""
    text = "{sample.x} {looper.y}{% if sample.z %}{sample.not_seen}{% endif %}{sample.x}"
    with pytest.raises(TemplateError) as caught:
        template(text).render(NAMESPACES)
    errors = [caught.value, *caught.value.more]
    assert [str(one).split()[0] for one in errors] == ["{sample.x}", "{looper.y}", "{sample.z}"]


def test_of_many_names_some_are_shown() -> None:
    sample = {f"column_{number:04}": 1 for number in range(3000)}
    with pytest.raises(TemplateError) as caught:
        template("{sample.zz}").render({"sample": sample})
    shown = ", ".join(list(sample)[:12])
    assert str(caught.value) == f"{{sample.zz}} is undefined; sample has {shown} and 2,988 more"


def test_formats_as_messages_advise_them() -> None:
    advised = "{'%03d' | format(sample.n | int)} {'%.2f' | format(sample.n | float)}"
    assert template(advised).render({"sample": {"n": "7"}}) == "007 7.00"


def test_a_value_that_could_not_be_made_is_no_second_fault() -> None:
    with pytest.raises(TemplateError) as caught:
        template("{compute.cores}").render({"compute": Partial(mem=1)})
    assert caught.value.known
    assert template("{compute.mem}").render({"compute": Partial(mem=1)}) == "1"


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("{{ sample.name }}", ["{{ sample.name }} leaves braces around the value in the command; write {sample.name}"]),
        ("a {{looper.x}}{{sample['y']}}", ["{{looper.x}} leaves braces around the value in the command; write {looper.x}",
                                          "{{sample['y']}} leaves braces around the value in the command; write {sample['y']}"]),
        ("${sample.name}", ["${sample.name} leaves a '$' before the value in the command; write {sample.name}"]),
        ("${{sample.name}} ${HOME} {{1..3}} awk '{{print $1}}' {sample.name}", []),
        ("{% raw %}{{ sample.name }}{% endraw %}{# ${sample.name} #}", []),
        ("""echo '{"a": {"b": "{sample.name}"}}' '{"a": {sample.number}}' {% if 1 %}}{% endif %}{""", []),
        ("run {sample.name}} x", ["{sample.name}} leaves a brace behind the value in the command; write {sample.name}"]),
        ("run {{sample.name} x", ["{{sample.name} leaves a brace before the value in the command; write {sample.name}"]),
        ("run {sample.name x", ["{sample.name has no closing brace and stays in the command; write {sample.name}"]),
        ("awk '{sample.x}' {sample: 1} { sample.sh", []),
    ],
)  # fmt: skip
def test_braces_that_stay_in_the_command(text: str, warned: list[str]) -> None:
    assert [what for _, what in left_over(text)] == warned


# --- keys and methods ----------------------------------------------------------------------------

METHODS = ("copy", "items", "keys", "values", "get", "pop", "update", "clear", "setdefault",
           "popitem", "to_dict", "fromkeys")  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_a_key_comes_before_a_method(name: str) -> None:
    values = {name: "v", "deep": {name: ["x", {name: "y"}]}}
    everywhere = dict.fromkeys(("sample", "project", "pipeline", "looper", "compute"), values)
    for one in everywhere:
        text = f"{{{one}.{name}}} {{{one}['{name}']}} {{{one}.deep.{name}[1].{name}}}"
        assert template(text).render(everywhere) == "v v y"
    several = {"samples": [values, {"other": 1}]}
    text = f"{{% for one in samples %}}{{% if one.{name} is defined %}}{{one.{name}}}{{% endif %}}{{% endfor %}}"
    assert template(text).render(several) == "v"
    listed = f"{{samples[:1] | map(attribute='{name}') | join}}"
    assert template(listed).render(several) == "v"


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_not_defined(name: str) -> None:
    text = f"{{% if sample.{name} is defined %}}yes{{% endif %}}{{sample.{name} | default('no')}}"
    assert template(text).render({"sample": {"x": 1}}) == "no"
    with pytest.raises(TemplateError, match=rf"{{sample.{name}}} is undefined"):
        template(f"{{sample.{name}}}").render({"sample": {"x": 1}})


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("{% for key, value in sample.items() %}{key}={value} {% endfor %}", "a=1 b=x y "),
        ("{sample.keys() | join(',')} {sample.get('c', 'none')}", "a,b none"),
        ("{% set found = [] %}{% set _ = found.append(3) %}{found}", "3"),
        ("{sample.b[0].upper()} {'{:03}'.format(sample.a)}", "X 001"),
        ("{% for one in sample.b %}{loop.index}{loop.last}{loop.cycle('p', 'q')}{% endfor %}",
         "1Falsep2Trueq"),
        ("{% set ns = namespace(n=0) %}{% for x in [1, 2] %}{% set ns.n = ns.n + x %}{% endfor %}{ns.n}",
         "3"),
        ("{% macro m(x) %}<{x}>{% endmacro %}{m('a')}", "<a>"),
        ("{% for x in [1, 2] if x > 1 %}{x}{% else %}none{% endfor %}", "2"),
    ],
)  # fmt: skip
def test_methods_can_be_called(text: str, rendered: str) -> None:
    assert template(text).render({"sample": {"a": 1, "b": ["x", "y"]}}) == rendered


# --- lines ---------------------------------------------------------------------------------------


def said(folder: Path) -> list[str]:
    with pytest.raises(ProjectError) as caught:
        plan_project(folder / ".looper.yaml")
    return [str(one).replace(f"{folder}/", "") for one in caught.value.problems]


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("|\n    echo\n    {sample.gone}\n    end", 5),
        (">\n    echo\n    {sample.gone}\n    end", 5),
        (">-\n    echo\n\n\n    more {sample.word}\n    {% if 1 %}\n    {sample.gone}\n    {% endif %}", 9),
        ("echo\n    more\n    {sample.gone} end", 5),
        ("'it''s\n\n    {sample.gone}'", 5),
        ('"a \\"b\\"\n    {sample.word} \\\n    {sample.gone}"', 5),
        (">\n    echo\n    {looper.nothing}", 5),
        (">\n    echo\n    {gone}\n    {sample.word}", 5),
        (">\n    echo\n    {sample.word | quot}\n    end", 5),
        (">\n    {% if 1 %}\n    {% if 2 %}{% endif %}\n    end", 4),
        (">\n    {sample.word}\n    {1 / looper.total_input_size}\n    end", 5),
        ("|\n    {% for one in sample.word %}\n    {{ sample.word.\n    gone}\n    {% endfor %}", 5),
    ],
)  # fmt: skip
def test_the_line_of_a_fault(project: Callable[..., Path], command: str, line: int) -> None:
    text = f"pipeline_name: t\nsample_interface:\n  command_template: {command}\n"
    found = said(project({**TOUCH, "touch.yaml": text}))
    assert [one.split(" ", 1)[0] for one in found] == [f"touch.yaml:{line}:"], found


def test_problems_do_not_hide_each_other(project: Callable[..., Path]) -> None:
    """Two pipelines; of `more`, values that were not made are used, which is no fault."""
    files = {
        ".looper.yaml": "pep_config: project.yaml\noutput_dir: r\npipeline_interfaces: [touch.yaml, more.yaml]\n",
        "touch.yaml": """
            pipeline_name: touch
            sample_interface:
              command_template: >
                run {sample.gone}
                {word}
            inject_env_vars:
              A: "{sample.lost}"
            compute:
              cores: many
              mem: 5x
            """,
        "more.yaml": """
            pipeline_name: more
            input_schema: nowhere.yaml
            var_templates:
              deep: {x: "{sample.away}", y: "{sample.word}"}
            sample_interface:
              command_template: "{pipeline.var_templates.deep.x} {compute.mem}"
            compute:
              size_dependent_variables: nowhere.tsv
              time: soon
            snakemake:
              input: ["{sample.word}", "{sample.none}"]
            """,
    }  # fmt: skip
    has = "sample has file, sample_name, word (for a and 2 more)"
    assert said(project({**TOUCH, **files})) == [
        "more.yaml:8: compute.size_dependent_variables: 'nowhere.tsv' does not exist; correct the path",
        "more.yaml:2: input_schema: 'nowhere.yaml' does not exist (nowhere.yaml); correct the path",
        "touch.yaml:5: command_template: {word} is not a namespace; write {sample.word}",
        f"more.yaml:4: var_templates.deep.x: {{sample.away}} is undefined; {has}",
        f"touch.yaml:4: command_template: {{sample.gone}} is undefined; {has}",
        f"touch.yaml:7: inject_env_vars.A: {{sample.lost}} is undefined; {has}",
        "touch.yaml:9: compute.cores: 'many' is no number of cores; write a whole number above 0 (for a and 2 more)",
        "touch.yaml:10: compute.mem: '5x' is no amount of memory; write MB as in 8000, or 8G (for a and 2 more)",
        f"more.yaml:11: snakemake.input: {{sample.none}} is undefined; {has}",
        "more.yaml:9: compute.time: 'soon' is no wall time; write days-hours:minutes:seconds (for a and 2 more)",
    ]  # fmt: skip


def test_templates_are_checked_even_if_no_sample_runs(project: Callable[..., Path]) -> None:
    text = "pipeline_name: t\nsample_interface:\n  command_template: '{wrod}'\n"
    table = "sample_name,word,toggle\na,one,0\n"
    found = said(project({**TOUCH, "touch.yaml": text, "samples.csv": table}))
    assert found == [
        "touch.yaml:3: command_template: {wrod} is not a namespace (did you mean {sample.word}?);"
        f" {THERE}"
    ]


def test_hooks_see_the_same_names(project: Callable[..., Path]) -> None:
    files = {
        "samples.csv": "sample_name,pop,items\na,P,I\n",
        "touch.yaml": """
            pipeline_name: touch
            var_templates: {keys: "{sample.pop}"}
            sample_interface:
              command_template: "{sample.items} {pipeline.var_templates.keys} {compute.copy}"
            compute:
              dynamic_variables_command_template: >
                echo '{"copy": "{sample.items}"}'
            pre_submit:
              command_templates:
                - >
                  echo '{"sample": {"items": "{sample.items}-{pipeline.var_templates.keys}"}}'
            """,
    }
    (job,) = plan_project(project({**TOUCH, **files}) / ".looper.yaml").jobs
    assert job.command.split() == ["I-P", "P", "I"]


def test_a_warning_of_braces_has_its_line(project: Callable[..., Path]) -> None:
    text = (
        "pipeline_name: t\nsample_interface:\n  command_template: >\n    run\n    {{sample.word}}\n"
    )
    folder = project({**TOUCH, "touch.yaml": text})
    plan = plan_project(folder / ".looper.yaml")
    assert plan.jobs[0].command.split() == ["run", "{one}"]
    assert plan.warnings == (
        f"{folder}/touch.yaml:5: command_template: {{{{sample.word}}}} leaves braces around the"
        " value in the command; write {sample.word}",
    )


def test_the_keys_of_the_looper_namespace(touch: Path) -> None:
    """Messages know them before there is such a namespace."""
    from snakemake_looper.plan.context import plan_context
    from snakemake_looper.read.project import read_project

    project = read_project(touch / ".looper.yaml")
    made = looper_namespace(plan_context(project), project.interfaces[0], "a", 0.0)
    assert set(made) == set(LOOPER_KEYS)
