import { describe, expect, it } from 'vitest';
import type { TemplateMessage } from './chat-messages';
import { createChatTemplate, type ChatTemplate, type RenderOptions } from './chat-template';

const USER: readonly TemplateMessage[] = [{ role: 'user', content: 'Hi' }];
const CHATML = '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n';

const templateOf = (text: string | null): ChatTemplate =>
  createChatTemplate(text, { bosToken: '<s>', eosToken: '</s>', now: () => new Date(2025, 0, 5, 14, 3, 9) });
const render = (text: string, messages = USER, options: RenderOptions = {}): string =>
  templateOf(text).render(messages, options);

const refusal = (param: string) => expect.objectContaining({ code: 'invalid-request', param });

describe('a chat template', () => {
  it('sees the conversation and what Hugging Face gives', () => {
    expect(
      render('{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m["content"] }}{{ eos_token }}{% endfor %}'),
    ).toBe('<s>[user] Hi</s>');
    expect(render('{{ add_generation_prompt }}')).toBe('True');
    expect(render('{{ add_generation_prompt }}', USER, { addGenerationPrompt: false })).toBe('False');
    expect(render('{% if thinking %}T{% else %}F{% endif %}', USER, { kwargs: { thinking: true } })).toBe('T');
    expect(render('{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(5, 0, -2) %}{{ i }}{% endfor %}')).toBe(
      '012531',
    );
    expect(render('{{ strftime_now("%d %b %Y, %A %B %I:%M:%S %p %y %H %j %-d %e %Q %%") }}')).toBe(
      '05 Jan 2025, Sunday January 02:03:09 PM 25 14 005 5  5 %Q %',
    );
    expect(
      render('{{ messages[0].name }}{{ none }}{{ None }}{{ True }}', [
        { role: 'user', content: '', name: 'Bo' } as TemplateMessage,
      ]),
    ).toBe('BoTrue');
  });

  it.each([
    [0, '12 AM'],
    [11, '11 AM'],
    [12, '12 PM'],
    [23, '11 PM'],
  ])('tells the time of %i h by a clock of twelve hours', (hour, told) => {
    const now = (): Date => new Date(2025, 0, 5, hour);
    const template = createChatTemplate('{{ strftime_now("%I %p") }}', { bosToken: null, eosToken: null, now });
    expect(template.render(USER)).toBe(told);
  });

  it.each([
    ['lt', '[1]'],
    ['le', '[1, 2]'],
    ['gt', '[3]'],
    ['ge', '[2, 3]'],
    ['eq', '[2]'],
    ['ne', '[1, 3]'],
  ])('selects by %s, where values are the same too', (test, selected) => {
    expect(render(`{{ [1, 2, 3] | select("${test}", 2) | list }}`)).toBe(selected);
  });

  it('may have the line ends of Windows', () => {
    const text = 'a\n  {% if true %}\nb\n  {% endif %}\nc{{ "\n" }}';
    expect(render(text.replaceAll('\n', '\r\n'))).toBe(render(text));
  });

  it.each([
    ['', 1],
    [' \n', 1],
    ['chatml', 0],
  ])('that is %j is ChatML', (text, notes) => {
    const template = templateOf(text);
    expect(template.render(USER)).toBe(CHATML);
    expect(template.notes).toHaveLength(notes);
  });

  it.each([
    [
      '{% for i in [1, 2, 3] %}{% if i == 1 %}{% set y = 5 %}{% endif %}{{ y is defined }}{% endfor %}',
      'TrueFalseFalse',
    ],
    ['{% set y = 0 %}{% for i in [1, 2, 3] %}{{ y }}{% set y = i %}{% endfor %}{{ y }}', '0000'],
    ['{% set n = namespace(y=0) %}{% for i in [1, 2] %}{% set n.y = n.y + i %}{% endfor %}{{ n.y }}', '3'],
    ['{% set a = [] %}{% for i in [1, 2] %}{% set _ = a.append(i) %}{% endfor %}{{ a }}', '[1, 2]'],
    [
      '{% for i in [1, 2] %}{% for j in [3] %}{{ loop.index }}{{ i }}{{ j }}{% endfor %}{{ loop.index }}{% endfor %}',
      '11311232',
    ],
  ])('forgets what an iteration sets: %s', (text, told) => {
    expect(render(text)).toBe(told);
  });

  it.each(['selectattr("a")', 'rejectattr("a")', 'select', 'reject', 'map(attribute="a")', 'map("upper")'])(
    'finds nothing in none by %s',
    (filter) => {
      expect(render(`{{ none | ${filter} | list | length }}`)).toBe('0');
    },
  );

  it('strips the white space of Python, and breaks lines where it does', () => {
    const strip = (text: string): string =>
      render('[{{ messages[0].content | trim }}]', [{ role: 'user', content: text }]);
    expect(strip('\ufeff a b \x1c\x85\u3000')).toBe('[\ufeff a b]');
    expect(strip(' \n')).toBe('[]');
    const lines = render('{{ messages[0].content.splitlines() | length }}', [
      { role: 'user', content: 'a\r\nb\u2028c\x0bd' },
    ]);
    expect(lines).toBe('4');
  });

  it('is rendered without the line ends of blocks', () => {
    expect(render('a\n  {% if true %}\nb\n  {% endif %}\nc')).toBe('a\nb\nc');
  });

  it('sees parts of text as one text, and no content as none', () => {
    const parts = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ];
    expect(
      render('{{ messages[0].content }}|{{ messages[1].content }}', [
        { role: 'user', content: parts },
        { role: 'assistant', content: null },
      ]),
    ).toBe('a\nb|');
  });

  it('may refuse a conversation', () => {
    const template = templateOf(
      '{% if messages[0].role != "system" %}{{ raise_exception("no system message") }}{% endif %}ok',
    );
    expect(template.notes).toEqual([]);
    expect(() => template.render(USER)).toThrow(refusal('messages'));
    expect(() => template.render(USER)).toThrow(/no system message/);
    expect(template.render([{ role: 'system', content: '' }])).toBe('ok');
  });
});

describe('a conversation', () => {
  const template = templateOf('{{ messages|length }}');

  it.each<[string, readonly TemplateMessage[], RenderOptions]>([
    ['messages[0].content[1]', [{ role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'image_url' }] }], {}],
    ['messages[0].role', [{ role: 7 as unknown as string, content: '' }], {}],
    ['messages', Array.from({ length: 4097 }, () => ({ role: 'user', content: '' })), {}],
    ['messages[0]', [{ role: 'user', content: '', run: () => 0 } as TemplateMessage], {}],
    ['chat_template_kwargs', USER, { kwargs: { messages: [] } }],
    ['chat_template_kwargs', USER, { kwargs: { raise_exception: true } }],
    ['chat_template_kwargs', USER, { kwargs: { namespace: 1 } }],
    ['chat_template_kwargs', USER, { kwargs: { f: () => 0 } }],
    ['chat_template_kwargs', USER, { kwargs: circular() }],
  ])('is refused naming %s', (param, messages, options) => {
    expect(() => template.render(messages, options)).toThrow(refusal(param));
  });

  it('of a thousand long messages is rendered', () => {
    const chatml = templateOf(
      "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ 'S' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% if '</think>' in message.content %}{{ message.content.split('</think>')[1] | replace('a', 'b') }}{% endif %}{% endfor %}",
    );
    const messages = Array.from({ length: 1000 }, () => ({ role: 'user', content: 'word '.repeat(200) }));
    expect(chatml.render(messages).length).toBeGreaterThan(1_000_000);
  });

  it('too large for the template is refused', () => {
    const doubling = templateOf('{{ messages[0].content + messages[0].content }}');
    expect(() => doubling.render([{ role: 'user', content: 'x'.repeat(1_500_000) }])).toThrow(refusal('messages'));
    expect(doubling.notes).toEqual([]);
  });
});

function circular(): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  value['self'] = value;
  return value;
}

describe('ChatML stands in', () => {
  it.each([
    ['a missing template', null, /no chat template/],
    ['a malformed one', '{% for m in messages %}', /cannot be used/],
    ['one with a syntax that the interpreter lacks', '{% include "other" %}', /cannot be used/],
    ['one with a filter that it lacks', '{{ messages | urlize }}', /cannot be used/],
    ['one of absurd length', 'x'.repeat(300_000), /300000 characters/],
    ['one with more blanks than any needs', `a${' '.repeat(600)}b`, /600 blanks/],
    ['one nested too deeply', `${'{{ '}${'('.repeat(100_000)}1${')'.repeat(100_000)} }}`, /cannot be used/],
  ])('for %s, with a note', (_, text, note) => {
    const template = templateOf(text);
    expect(template.notes).toEqual([expect.stringMatching(note)]);
    expect(template.notes).toEqual([expect.stringContaining('ChatML')]);
    expect(template.render(USER)).toBe(CHATML);
    expect(template.render(USER, { addGenerationPrompt: false })).toBe('<|im_start|>user\nHi<|im_end|>\n');
  });

  it('for a conversation with which the template fails, and for no other', () => {
    const template = templateOf('{% if messages|length > 1 %}{{ messages | urlize }}{% endif %}ok');
    expect(template.render(USER)).toBe('ok');
    expect(template.notes).toEqual([]);
    expect(template.render([...USER, ...USER])).toContain('<|im_start|>user\nHi');
    expect(template.notes).toHaveLength(1);
    expect(template.render(USER)).toBe('ok');
    template.render([...USER, ...USER]);
    expect(template.notes).toHaveLength(1);
  });
});

const GROW = '{% set a = "a" %}{% for i in range(20) %}{% set a = a + a %}{% endfor %}';
const BIG = Array.from({ length: 20 }, (_, n) => `{% set a${n + 1} = a${n} + a${n} %}`).join('');
const DOUBLED = `{% set a0 = "a" %}${BIG}`; // a20 has 2^20 letters
const SHARED = `{% set a0 = [1] %}${Array.from({ length: 60 }, (_, n) => `{% set a${n + 1} = [a${n}, a${n}] %}`).join('')}`;
const nested = (levels: number, body: string): string =>
  '{% for i in range(9999) %}'.repeat(levels) + body + '{% endfor %}'.repeat(levels);

describe('a hostile template ends soon', () => {
  it.each([
    ['nested loops', nested(4, 'x')],
    ['nested loops with nothing in them', nested(4, '')],
    ['a huge range', '{% for i in range(1000000000) %}{% endfor %}'],
    ['a range that never ends', '{% for i in range(0, 1, 0.000001) %}{% endfor %}'],
    ['a text doubled again and again', `${DOUBLED}{% set b = a20 + a20 + a20 %}`],
    [
      'a text doubled in a loop',
      `${GROW}{{ a }}`
        .replaceAll('range(20)', 'range(9999)')
        .replaceAll('{% set a = a + a %}', '{% set n.a = n.a + n.a %}')
        .replace('{% set a = "a" %}', '{% set n = namespace(a="a") %}'),
    ],
    ['shared lists printed', `${SHARED}{{ a60 }}`],
    ['shared lists as JSON', `${SHARED}{{ a60 | tojson }}`],
    [
      'shared namespaces',
      `{% set n0 = namespace(x=1) %}${Array.from({ length: 60 }, (_, n) => `{% set n${n + 1} = namespace(x=n${n}, y=n${n}) %}`).join('')}{{ n60 | string }}`,
    ],
    ['a namespace in itself', '{% set n = namespace(x=1) %}{% set n.x = n %}{{ n.x.x }}{{ n }}'],
    ['a namespace in a list', '{% set n = namespace(x=1) %}{% set l = [n, n] %}{{ l }}'],
    [
      'a search that compares again and again',
      `${DOUBLED}{% set p = "b" + a19 %}${nested(2, '{% if p in a20 %}x{% endif %}')}`,
    ],
    [
      'a split that compares again and again',
      `${DOUBLED}{% set p = "b" + a19 %}${nested(2, '{{ a20.split(p)|length }}')}`,
    ],
    ['upper case again and again', `${DOUBLED}${nested(3, '{% set x = a20|upper %}')}`],
    [
      'comparisons again and again',
      `${DOUBLED}{% set p = a19 + a18 + a18 + "" %}${nested(3, '{% if p == a20 %}{% endif %}')}`,
    ],
    ['sorting again and again', `{% set r = range(9999) %}${nested(3, '{% set x = r|sort %}')}`],
    ['macros that call themselves', '{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}'],
    [
      'macros that call themselves twice',
      '{% macro f(n) %}{% if n > 0 %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(60) }}',
    ],
    ['a large macro defined again and again', nested(2, `{% macro f() %}${'{{ a }}'.repeat(10_000)}{% endmacro %}`)],
    ['a list put into itself', `{% set l = [1] %}${nested(2, '{% do l.append(l) %}')}`],
    ['a list that grows and grows', `{% set l = [] %}${nested(2, '{% do l.append("x") %}')}`],
    ['a text times a number', '{{ "ab" * 1000000000 }}'],
    ['a text times a number again and again', nested(3, '{% set x = "ab" * 30000 %}')],
    [
      'a filter of every item again and again',
      `{% set r = range(9999) %}${nested(3, '{% set x = r | map("string") %}')}`,
    ],
    ['a search of every item', '{% set r = range(9999) %}{% set x = r | select("in", r) | list %}'],
    ['the letters of a text', `${DOUBLED}{% for a in a20 %}{% endfor %}`],
    ['shared lists as text', `${SHARED}{{ a60 | string }}`],
    ['the time at length', `${DOUBLED}{{ strftime_now(a20) }}`],
    ['deep nesting', `{% if true %}`.repeat(20_000)],
    ['many filters', `{{ 1${' | string'.repeat(20_000)} }}`],
    ['many comments', '{#-'.repeat(80_000)],
    ['open strings', '{{ "'.repeat(60_000)],
    ['an open string of escaped quotes', `{{ '${"\\'".repeat(120_000)}`],
    ['blanks', `{{${' '.repeat(250_000)}`],
    ['blanks between tags', `${'{% ' + ' '.repeat(500)}`.repeat(500)],
  ])('%s', { timeout: 30_000 }, (_, text) => {
    const start = performance.now();
    // a clock ten times as fast: the deadline comes after 0.3 s
    const now = (): Date => new Date(10 * (performance.now() - start));
    const template = createChatTemplate(text, { bosToken: null, eosToken: null, now });
    const prompt = template.render(USER);
    const tookMs = performance.now() - start;
    expect(template.notes).toHaveLength(1);
    expect(prompt).toBe(CHATML);
    expect(tookMs).toBeLessThan(15_000);
  });
});

describe('an operation that multiplies is stopped before it runs', () => {
  it.each([
    ['replace that multiplies', `${DOUBLED}{{ a20.replace("a", a20) }}`],
    ['the replace filter', `${DOUBLED}{{ a20 | replace("a", a20) }}`],
    ['a filter block', `${DOUBLED}{% filter replace("a", a20) %}{{ a20 }}{% endfilter %}`],
    ['join that multiplies', `${DOUBLED}{{ a20 | join(a20) }}`],
    ['indent that multiplies', `${DOUBLED}{{ a20.replace("a", "\\n") | indent(100000000, true, true) }}`],
    ['JSON indented that multiplies', '{{ messages | tojson(indent=500000000) }}'],
    ['a search', `${DOUBLED}{% if "b" + a20 in "b" + a20 %}x{% endif %}`],
    ['a split', `${DOUBLED}{{ a20.split(a20) | length }}`],
    ['the join of a text', `${DOUBLED}{{ a20.join(range(9999)) }}`],
    ['a filter of an item', `${DOUBLED}{{ [a19] | map("replace", "a", a19) | list }}`],
  ])('%s', (_, text) => {
    expect(templateOf(text).notes).toEqual([expect.stringContaining('too many steps')]);
  });

  it('and so is a text times a number', () => {
    expect(templateOf('{{ "ab" * 32768 }}').notes).toEqual([]);
    expect(templateOf('{{ "ab" * 32769 }}').notes).toEqual([expect.stringContaining('repeats a text')]);
  });

  it('but not with the arguments of everyday', () => {
    const text = `${DOUBLED}{{ a19.replace("a", "b\\n") | indent(1) | length }} {{ a20.split("b") | length }} {{ "</think>" in a20 }} {{ [a20, 1] | join(", ") | length }}`;
    expect(templateOf(text).notes).toEqual([]);
    expect(render(text)).toBe(`${2 ** 20 + 2 ** 19 - 1} 1 False ${2 ** 20 + 3}`);
  });
});
