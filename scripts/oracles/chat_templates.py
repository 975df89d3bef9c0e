"""Writes test/fixtures/templates/expected.json: what Python's jinja2 makes of the templates there, as Hugging Face sets it up.

Run once by hand, in the repository's root: pip install jinja2==3.1.6 && python scripts/oracles/chat_templates.py
The clock stands at 2025-01-05 14:03:09. The templates of that folder are short ones with the features that the real ones of a family use.
"""
import datetime
import json
import pathlib

from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

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


def environment():
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
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


main()
