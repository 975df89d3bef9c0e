import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readJson } from '../../test/support/model-metadata';
import type { TemplateMessage } from './chat-messages';
import { createChatTemplate } from './chat-template';

const FOLDER = 'test/fixtures/templates';

interface Case {
  readonly messages: readonly TemplateMessage[];
  readonly add_generation_prompt?: boolean;
  /** Everything else is for the template. */
  readonly [name: string]: unknown;
}

type Outcome = { readonly prompt: string } | { readonly refused: string };

const { cases, expected } = readJson(`${FOLDER}/expected.json`) as {
  readonly cases: Readonly<Record<string, Case>>;
  /** By template, then by case: what Python's jinja2 makes of it. */
  readonly expected: Readonly<Record<string, Readonly<Record<string, Outcome>>>>;
};

const names = readdirSync(FOLDER).flatMap((file) => (file.endsWith('.jinja') ? [file.replace(/\.jinja$/, '')] : []));

describe.each(names)('the template of %s', (name) => {
  const text = readFileSync(`${FOLDER}/${name}.jinja`, 'utf8');
  const context = { bosToken: '<s>', eosToken: '</s>', now: () => new Date(2025, 0, 5, 14, 3, 9) };

  it.each(Object.entries(cases))('renders %s as Jinja does', (title, given) => {
    const { messages, add_generation_prompt: addGenerationPrompt = true, ...kwargs } = given;
    const template = createChatTemplate(text, context);
    const render = (): string => template.render(messages, { addGenerationPrompt, kwargs });
    const outcome = expected[name]?.[title] ?? { prompt: 'not in expected.json' };
    if ('refused' in outcome) expect(render).toThrow(outcome.refused);
    else expect(render()).toBe(outcome.prompt);
    expect(template.notes).toEqual([]);
  });
});

describe('the corpus', () => {
  it('is what was rendered', () => {
    expect(names).toEqual(Object.keys(expected));
    expect(names.length).toBeGreaterThanOrEqual(14);
  });
});
