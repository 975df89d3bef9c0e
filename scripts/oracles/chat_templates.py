"""Writes test/fixtures/templates/expected.json: what Python's jinja2 makes of the templates there, as Hugging Face sets it up;
and features.json: what it makes of one feature at a time, lists that can grow and `{% do %}` among them.

Run once by hand, in the repository's root: pip install jinja2==3.1.6 && python scripts/oracles/chat_templates.py
The clock stands at 2025-01-05 14:03:09. The templates of that folder are short ones with the features that the real ones of a family use.
"""
import datetime
import json
import pathlib

from jinja2 import TemplateSyntaxError, nodes
from jinja2.ext import Extension, do, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment

FOLDER = pathlib.Path("test/fixtures/templates")
NOW = datetime.datetime(2025, 1, 5, 14, 3, 9)


class Refused(Exception):
    """The template called raise_exception."""


class Generation(Extension):
    """`{% generation %}` marks what the assistant said, for training; it renders what it holds."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body, lineno=line)


def refuse(message):
    raise Refused(message)


def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def environment(kind=ImmutableSandboxedEnvironment):
    made = kind(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols, do])
    made.filters["tojson"] = to_json
    made.globals.update(raise_exception=refuse, strftime_now=NOW.strftime)
    return made


def said(role, content, **more):
    return {"role": role, "content": content, **more}


FUNCTIONS = [
    {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "The \"city\" <name>"},
                "days": {"type": "integer"},
                "units": {"type": "array", "items": {"type": "string", "enum": ["C", "F"]}},
            },
            "required": ["city"],
        },
    },
    {"name": "now", "description": "The time", "parameters": {"type": "object", "properties": {}}},
]
TOOLS = [{"type": "function", "function": function} for function in FUNCTIONS]
CALL = {"name": "get_weather", "arguments": {"city": "Zürich", "days": 2}}
CALLED = said("assistant", "", tool_calls=[{"id": "call12345", "type": "function", "function": CALL}])
RESULT = said("tool", '{"temp": 3, "sky": "☁"}', tool_call_id="call12345", name="get_weather")
CLEAR = said("user", "One")
TWO = said("assistant", "<think>\nhm\n</think>\n\nTwo ")

CASES = {
    "one message": {"messages": [said("user", " Hi <there> & \"you\" 👋 ")]},
    "a system message": {"messages": [said("system", "Be brief. /no_think"), CLEAR]},
    "several turns": {"messages": [CLEAR, TWO, said("user", "Three\n")]},
    "an ended conversation": {"messages": [said("system", "S"), CLEAR, TWO], "add_generation_prompt": False},
    "two questions at once": {"messages": [CLEAR, said("user", "Two")]},
    "tools": {"messages": [said("system", "S"), CLEAR], "tools": TOOLS},
    "a call": {"messages": [CLEAR, CALLED, RESULT], "tools": TOOLS},
    "two results": {"messages": [CLEAR, CALLED, RESULT, RESULT, said("assistant", "Cold."), said("user", "Thanks")], "tools": TOOLS},
    "no thinking": {"messages": [CLEAR], "enable_thinking": False},
    "thinking": {"messages": [CLEAR], "enable_thinking": True, "reasoning_effort": "high"},
}


FEATURE_MESSAGES = [said("system", "S"), said("user", "One"), said("assistant", "Two", name="Bo"), said("user", "Three")]
FEATURES = r"""
{{ tools[0] | string }}
{{ tools[0].function.parameters }} {{ [1, 2.5, true, none, 'it\'s', "a\n\t\\"] }} {{ ('a', 1) }} {{ {} }}
{{ "it's \"both\"" | list | string }} {{ ['é', '👋', '\u00a0', '\u200b'] | string }}
{{ "<\/think>" }} {{ '\d\8\ \-\{\%\é'.split('\\')[1:4] }} {{ "\101\60\7\12\0612|\777" }} {{ "\a\b\f\v\x41\u00e9abcd\U0001F600" }} {{ '\'"\"' }} {{ "\\/\\n" }}
{{ 'one\
 line' }} {{ {'a': {'b': "\/"}}['a']['b'] }} {% set x = "%}\/" %}{{ x }} {# it's "\/ #}{{ "}}\/" }} it's "\/" \101 {{ "{{ \/ }}" }}
{{ true }} {{ 1.0 }} {{ 2 * 3 }} {{ 7 // 2 }} {{ 7 % 3 }} {{ 2 ** 3 }} {{ 1 / 4 }}
{{ 'a' ~ 1 ~ true ~ none ~ [1] ~ nothing }}
{{ '=' * 5 }} {{ 3 * 'ab' }} {{ [1] + [2] }}
{{ [3, 1, 2] | min }} {{ [3, 1, 2] | max }} {{ ['b', 'A'] | min }} {{ messages | max(attribute='content') }}
{{ [1, 2, 3] | sum }} {{ [1, 2.5] | sum }} {{ [{'n': 1}, {'n': 2}] | sum(attribute='n', start=10) }} {{ [] | sum }}
{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.345 | round(2) }} {{ 2.1 | round(method='ceil') }} {{ 2.9 | round(0, 'floor') }} {{ 7 | round }}
{% set d = {1: 'one', 2: 'two', 'three': 3} %}{{ d[1] }}{{ d[3] }}{{ d['three'] }} {{ d }} {{ 1 in d }} {{ 3 in d }} {{ d.get(2) }} {{ d.get(9, 'no') }}
{% set d = {1: 'one', 2: 'two'} %}{% for k in d %}{{ k + 1 }}{% endfor %} {% for k, v in d.items() %}{{ k * 2 }}{{ v }}{% endfor %} {{ d | items | map('join') | list }} {{ d.keys() | list }}
{{ {1: {2: (3, 4)}} | tojson }} {{ {1: [2]} | tojson(indent=2) }}
{% set l = [] %}{% for m in messages %}{{ l.append(m.role) or '' }}{% endfor %}{{ l | join(',') }}
{% set l = [] %}{% for m in messages %}{% set _ = l.append(m.role) %}{% endfor %}{{ l }}
{% set l = [1] %}{% do l.append(2) %}{% do l.append([l | length]) %}{{ l }}
{% set ns = namespace(items=[]) %}{% for m in messages %}{%- do ns.items.append(m.content) -%}{% endfor %}{{ ns.items | length }}{{ ns.items }}
{% macro f() %}{% set inner = [] %}{% do inner.append('x') %}{{ inner | first }}{% endmacro %}{{ f() }}{{ f() }}
{{ messages | map(attribute='role') | join(', ') }} {{ messages | map(attribute='no', default='-') | join }}
{{ ['a', 'b'] | map('upper') | join(' ') }} {{ ['a-b'] | map('replace', '-', '+') | list }} {{ [[1, 2], [3]] | map('length') | list }} {{ ['x'] | map('string') | map('upper') | first }}
{{ [0, 1, '', 'a', none] | select | list }} {{ [0, 1, 2] | reject | list }} {{ [1, 2, 3] | select('odd') | list }} {{ [1, 2, 3] | reject('greaterthan', 1) | list }} {{ [1, 'a'] | select('string') | list }}
{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | join('|') }} {{ messages | rejectattr('role', 'eq', 'user') | list | length }} {{ messages | selectattr('name') | list | length }} {{ messages | selectattr('role', 'in', ['user', 'tool']) | list | length }} {{ messages | selectattr('name', 'defined') | list | length }}
{{ tools | selectattr('function.name', 'equalto', 'now') | map(attribute='function.description') | first }} {{ (messages | selectattr('role', '!=', 'user') | first).role }}
{% for role, group in messages | groupby('role') %}{{ role }}:{{ group | length }} {% endfor %}
{% for row in [1, 2, 3] | batch(2) %}{{ row }}{% endfor %} {{ 'abc' | list }} {{ {'b': 1, 'a': 2} | dictsort | map('join', '=') | list }} {{ {'b': 1} | list }}
{{ 'abc' | first }}{{ 'abc' | last }} {{ 'a👋c' | length }} {{ [1, 2] | count }} {{ {'a': 1} | length }} {{ [] | first | default('none') }} {{ ['a', 1, none] | join('-') }} {{ messages | join(',', attribute='role') }}
{{ '  x ' | trim }}| {{ '--x-' | trim('-') }} {{ 'x\ny' | indent(2) }} {{ 'x' | indent(2, true) }} {{ 'a b' | title }} {{ 'aB' | capitalize }}
{{ ', '.join(['a', 'b']) }} {{ 'abcb'.find('b') }} {{ 'abcb'.rfind('b') }} {{ 'abcb'.count('b') }} {{ 'a\nb\r\nc\n'.splitlines() }} {{ '12'.isdigit() }} {{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('c') }}
{{ 'a b c'.split() }} {{ 'a,b'.split(',')[-1] }} {{ 'abc'[1:] }} {{ 'abc'[::-1] }} {{ [1, 2, 3][-2:] }} {{ 'x.y'.split('.', 1) | last }}
{{ '\n a'.lstrip('\n') }}|{{ 'a \n'.rstrip('\n') }}|{{ '\n a \n\n'.strip('\n') }}|{{ '  a '.strip() }}|{{ 'aB c'.capitalize() }}|{{ ' a'.lstrip() }}|{{ 'xyax'.strip('xy') }}
{{ [] == [] }} {{ [1, {'a': [2]}] == [1, {'a': [2]}] }} {{ {'a': 1} != {'a': 2} }} {{ 1 == '1' }} {{ 1 == 1.0 }} {{ true == 1 }} {{ none == nothing }} {{ nothing == none }} {{ '' == none }} {{ 0 == '' }}
{{ none in [1] }} {{ none in [none] }} {{ nothing in [1] }} {{ [1] in [[1]] }} {{ 'a' in 'abc' }} {{ 'a' not in ['b'] }} {{ 'role' in messages[0] }} {{ 1 in [true] }}
{% for c in 'añ👋' %}{{ c }}.{% endfor %}{% for x in nothing %}{{ x }}{% else %}empty{% endfor %}
{% for i in range(5) %}{{ i }}{% if i == 1 %}a{% continue %}{% endif %}{% if i == 3 %}b{% break %}{% endif %};{% endfor %}
{% for i in range(2) %}{% if i == 0 %}{{ i }}{% for j in range(3) %}{{ j }}{% if j == 1 %}!{% break %}{% endif %}{% endfor %}{% continue %}{% endif %}{% else %}else{% endfor %}
{% for m in messages if m.role == 'user' %}{{ loop.index }}/{{ loop.length }}{{ '' if loop.last else ',' }}{% endfor %}
{% for a, b in [[1, 2], (3, 4)] %}{{ a }}{{ b }} {% endfor %}{% set x, y = 1, [2] %}{{ x }}{{ y }}
{% macro tool(t, level=1) %}{% for k, v in t.items() %}{{ '  ' * level }}{{ k }}{% if v is mapping %}:
{{ tool(v, level=level + 1) }}{% else %}={{ v }}
{% endif %}{% endfor %}{% endmacro %}{{ tool(tools[0].function) }}
{% macro wrap(tag) %}<{{ tag }}>{{ caller() }}</{{ tag }}>{% endmacro %}{% call wrap('b') %}in{% endcall %} {% filter upper %}up{% endfilter %} {% set block %}a{{ 1 }}{% endset %}{{ block }}
{% set ns = namespace(found=false, n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% if m.role == 'user' %}{% set ns.found = true %}{% endif %}{% endfor %}{{ ns.found }}{{ ns.n }}
{{ tools | tojson }} {{ tools[1] | tojson(indent=4) }} {{ {'b': 1, 'a': 'é'} | tojson(sort_keys=true, ensure_ascii=true) }} {{ [1, 2] | tojson(separators=(',', ':')) }}
{{ 'x' if nothing is not defined else 'y' }} {{ nothing | default('d') }} {{ '' | default('d', true) }} {{ none | default('d', true) }} {{ messages is sequence }} {{ 'a' is string }} {{ 1 is number }} {{ d is undefined }} {{ {} is mapping }} {{ messages is iterable }}
{{ strftime_now('%d %B %Y') }} {{ strftime_now('%Y-%m-%d %H:%M:%S %j') }}
{{ (1, 2)[0] }} {{ {'a': {'b': 1}}.a.b }} {{ {'a': 1}['a'] }} {{ messages[-1]['role'] }} {{ {'items': 1}['items'] }} {{ ['a'] | length > 0 and 'a' in ['a'] }}
{{ -3 | abs }} {{ '7' | int + 1 }} {{ 'x' | int(5) }} {{ '1.5' | float }} {{ [1, 1, 2] | unique | list }} {{ [2, 1] | sort }} {{ ['b', 'A'] | sort(reverse=true) }} {{ [1, 2] | reverse | list }}
""".strip()


def features():
    """A line each, but for what goes on: a template begins where a line does not stand in a block that is open."""
    made = environment(SandboxedEnvironment)
    found, text = [], ""
    for line in FEATURES.split("\n"):
        text = f"{text}\n{line}" if text else line
        try:
            made.parse(text)
        except TemplateSyntaxError:
            continue
        # What a conversation must have is missing when a template is tried first.
        text = f"{{% if messages | length > 1 %}}{text}{{% endif %}}"
        template = made.from_string(text)
        found.append({"text": text, "prompt": template.render(messages=FEATURE_MESSAGES, tools=TOOLS)})
        text = ""
    assert not text, text
    return found


def outcome(template, variables):
    try:
        return {"prompt": template.render(**{"add_generation_prompt": True, **variables}, bos_token="<s>", eos_token="</s>")}
    except Refused as error:
        return {"refused": str(error)}


def main():
    expected = {}
    for path in sorted(FOLDER.glob("*.jinja")):
        template = environment().from_string(path.read_text(encoding="utf-8"))
        expected[path.stem] = {name: outcome(template, variables) for name, variables in CASES.items()}
    text = json.dumps({"cases": CASES, "expected": expected}, ensure_ascii=False, indent=1)
    (FOLDER / "expected.json").write_text(text + "\n", encoding="utf-8")
    seen = {"messages": FEATURE_MESSAGES, "tools": TOOLS, "features": features()}
    (FOLDER / "features.json").write_text(json.dumps(seen, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


main()
