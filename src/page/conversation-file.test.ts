import { describe, expect, it } from 'vitest';
import type { Timings } from '../client/index';
import { exportOf } from '../element/exported-chat';
import { DEFAULT_SETTINGS } from './chat-settings';
import {
  merge,
  newConversation,
  pathOf,
  withAnswer,
  withEnd,
  withQuestion,
  withText,
  type Conversation,
} from './conversation';
import { fileOf, parseFile, parseKept } from './conversation-file';
import { TEXT } from './messages';

const running = withText(
  withAnswer(withQuestion(newConversation(7, DEFAULT_SETTINGS, 1), { id: 1, text: 'Hi?', parent: null }, 2), 1, 2, 3),
  2,
  'Hi',
  4,
);
const stopped = withEnd(running, 2, { kind: 'stopped' });
const settings = { system: 'Be brief.', sampling: { temperature: 0, seed: 3 } };

let lastId = 100;
const read = (text: string): readonly Conversation[] => parseFile(text, () => (lastId += 1), 50);

describe('a file of conversations', () => {
  it('gives back what went in; answers that ran have stopped', () => {
    const failed = withEnd(running, 2, { kind: 'failed', failure: { code: 'timeout', detail: 'slow' } });
    const timings = {
      prompt_n: 1,
      prompt_ms: 2,
      prompt_per_second: 3,
      predicted_n: 4,
      predicted_ms: 5,
      predicted_per_second: 6,
      cache_n: 7,
    };
    const finished = withEnd(running, 2, { kind: 'finished', reason: 'length', timings });
    const set = { ...stopped, settings: { value: settings, atMs: 9 } };
    expect(read(fileOf([failed, finished, set, running]))).toEqual([failed, finished, set, stopped]);
  });

  it('names the devices of its answers, as the database does', () => {
    const moved = withText(withText(running, 2, ' there', 5, { kind: 'hip', name: 'Radeon' }), 2, '.', 6, {
      kind: 'webgpu',
      name: 'GPU',
    });
    const ended = withEnd(moved, 2, { kind: 'finished', reason: 'stop', timings: null });
    expect(read(fileOf([ended]))).toEqual([ended]);
    expect(parseKept(structuredClone(ended))).toEqual(ended);
    const devices = [
      { kind: 'hip', name: 'Radeon' },
      { kind: 'webgpu', name: 'GPU' },
    ];
    expect(parseKept(structuredClone(ended))?.nodes[1]).toMatchObject({ devices });
    const wrong = structuredClone(ended.nodes.map((node) => ({ ...node, devices: [{ kind: 'hip' }] })));
    expect(parseKept({ ...ended, nodes: wrong })).toBe(null);
  });

  it('loses a figure that is no number, and nothing else', () => {
    const ended = (timings: Timings | null): Conversation =>
      withEnd(running, 2, { kind: 'finished', reason: 'stop', timings });
    const prompt = { prompt_n: 2, prompt_ms: 0, prompt_per_second: Infinity };
    const kept = ended({ ...prompt, predicted_n: 1, predicted_ms: 0, predicted_per_second: Number.NaN, cache_n: 0 });
    expect(parseKept(structuredClone(kept))).toEqual(ended(null));
    expect(read(fileOf([kept]))).toHaveLength(1);
  });

  it('may be one that the element has exported: questions without an answer get an empty one', () => {
    const chat = exportOf(
      [
        { role: 'user', content: 'One?' },
        { role: 'user', content: 'Two?' },
        { role: 'assistant', content: 'Two.' },
      ],
      'Be brief.',
    );
    const [conversation] = read(JSON.stringify(chat));
    expect(pathOf(conversation as Conversation).map(({ text }) => text)).toEqual(['One?', '', 'Two?', 'Two.']);
    expect(conversation?.settings.value.system).toBe('Be brief.');
    expect(parseKept(conversation)).toEqual(conversation);
  });

  const file = JSON.parse(fileOf([stopped])) as { conversations: Conversation[] };
  const withNodes = (nodes: readonly object[]): string =>
    JSON.stringify({ ...file, conversations: [{ ...file.conversations[0], nodes }] });
  const [question, answer] = stopped.nodes as unknown as [object, object];

  it.each([
    ['no JSON', 'GGUF', TEXT.chats.noJson],
    ['something else', '[1]', TEXT.chats.wrongFormat],
    ['another version’s', JSON.stringify({ ...file, version: 2 }), 'version'],
    ['without a role', withNodes([{ ...question, role: 'tool' }, answer]), 'conversations.0.nodes.0.role'],
    ['with a text that is none', withNodes([question, { ...answer, text: 1 }]), 'conversations.0.nodes.1.text'],
    ['with an id twice', withNodes([question, question, answer]), 'conversations.0.nodes'],
    ['with a circle', withNodes([{ ...question, parent: 2 }, answer]), 'conversations.0.nodes'],
    ['without its head', withNodes([question]), 'conversations.0'],
    ['of the element, broken', '{"format": "forgelight-chat", "version": 1, "messages": 1}', 'messages'],
  ])('that is %s is refused with a reason', (_what, text, reason) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'invalid-request' }));
    expect(() => read(text)).toThrow(reason);
  });

  it('gives settings that the engine takes, and says nothing of a deletion', () => {
    const sampling = { temperature: 99, top_k: 1.5, top_p: 0.5 };
    const text = JSON.stringify({
      ...file,
      conversations: [{ ...stopped, deletedAtMs: 1, settings: { value: { system: 'x', sampling }, atMs: 1 } }],
    });
    expect(read(text)).toEqual([
      { ...stopped, settings: { value: { system: 'x', sampling: { top_p: 0.5 } }, atMs: 1 } },
    ]);
  });

  it('keeps a failure that only a newer version knows', () => {
    const text = fileOf([withEnd(running, 2, { kind: 'failed', failure: { code: 'timeout', detail: 'x' } })]);
    const [newer] = read(text.replace('"timeout"', '"sunspots"'));
    expect(newer?.nodes[1]).toMatchObject({ status: { failure: { code: 'unexpected', detail: 'x' } } });
  });
});

it('what a newer version has added to a record stays in it', () => {
  const [question, answer] = stopped.nodes;
  const newer = { ...stopped, pinned: { sinceMs: 3 }, nodes: [question, { ...answer, rating: 5 }] };
  const kept = parseKept(newer);
  expect(kept).toEqual(newer);
  expect(merge(stopped, kept as Conversation)).toEqual(newer);
  expect(merge(kept as Conversation, parseKept(newer) as Conversation)).toBe(kept);
});

it('a kept record that cannot be read is none', () => {
  expect(parseKept({ ...stopped, nodes: 'new' })).toBeNull();
  expect(parseKept(undefined)).toBeNull();
});
