"""Chat templates: balanced as Jinja takes them, and what they reach for."""

from __future__ import annotations

import jinja2
import pytest

from ggufscope.checks.templates import reaches, unbalanced

BALANCED = [
    "plain text",
    "{% if a %}{% elif b %}{% else %}{% endif %}",
    "{%- for m in messages -%}{{ m['content'] }}{%- endfor -%}",
    "{{ '{%' }}{{ \"%}\" }}",
    "{% set x = '{% if' %}{{ x }}",
    "{% set x %}text{% endset %}",
    "{% set ns.x = 1 %}",
    "{# {% if #}",
    "{% raw %}{% if {{ }}{% endraw %}",
    "{% macro f(a='x') %}{% endmacro %}{{ f({'a': {'b': 1}}) }}",
    "{% call f() %}{% endcall %}",
    "{{ {'a': {'b': 1}}['a'] }}",
    "{% if x %}}}{% endif %}",
    "{{- 'it\\'s' -}}",
    "{%+ if a %}{% endif %}",
]
UNBALANCED = [
    "{% if a %}",
    "{% endif %}",
    "{% for a in b %}{% endif %}",
    "{% if a %}{% for b in c %}{% endif %}{% endfor %}",
    "{{ a ",
    "{% if a ",
    "{{ 'a }}",
    "{# never closed",
    "{% raw %}{% if a %}",
    "{% set x %}text",
    "{% else %}",
]


@pytest.mark.parametrize("template", BALANCED)
def test_what_jinja_reads_is_balanced(template: str) -> None:
    jinja2.Environment(autoescape=True).parse(template)
    assert unbalanced(template) is None


@pytest.mark.parametrize("template", UNBALANCED)
def test_what_jinja_refuses_is_not(template: str) -> None:
    with pytest.raises(jinja2.TemplateSyntaxError):
        jinja2.Environment(autoescape=True).parse(template)
    assert unbalanced(template)


def test_blocks_that_hugging_face_added_are_blocks() -> None:
    assert unbalanced("{% generation %}{{ x }}{% endgeneration %}") is None
    assert unbalanced("{% generation %}{{ x }}")


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("{{ x.__class__ }}", "__class__"),
        ("{{ x['__globals__'] }}", "__globals__"),
        ("{{ x | attr('__subclasses__') }}", "__subclasses__"),
        ("{% include 'etc' %}", "include"),
        ("{% from 'a' import b %}", "from"),
        ("{{ lipsum() }}", "lipsum"),
        ("{{ eval('1') }}", "eval("),
    ],
)
def test_a_template_that_reaches_out(template: str, what: str) -> None:
    assert reaches(template) == what


@pytest.mark.parametrize(
    "template",
    [
        "Write __init__ and call eval(x) or os.system.",
        "{{ 'Use __init__ in classes, and exec(code)' }}",
        "{# __class__ #}",
        "{% raw %}{{ x.__class__ }}{% endraw %}",
        "{{ m.content | trim }}",
    ],
)
def test_text_may_speak_of_anything(template: str) -> None:
    assert reaches(template) is None
