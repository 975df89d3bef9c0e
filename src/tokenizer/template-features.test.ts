import { describe, expect, it } from 'vitest';
import { readJson } from '../../test/support/model-metadata';
import type { TemplateMessage } from './chat-messages';
import { createChatTemplate } from './chat-template';

const { messages, tools, features } = readJson('test/fixtures/templates/features.json') as {
  readonly messages: readonly TemplateMessage[];
  readonly tools: unknown;
  /** What Python's jinja2 makes of a template. */
  readonly features: readonly { readonly text: string; readonly prompt: string }[];
};

describe("Jinja's features", () => {
  it.each(features)('$text', ({ text, prompt }) => {
    const template = createChatTemplate(text, {
      bosToken: null,
      eosToken: null,
      now: () => new Date(2025, 0, 5, 14, 3, 9),
    });
    expect(template.render(messages, { kwargs: { tools } })).toBe(prompt);
    expect(template.notes).toEqual([]);
  });

  it('are all looked at', () => {
    expect(features.length).toBeGreaterThan(40);
  });
});
