import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRunning } from '../element/chat-types';
import { DEFAULT_SETTINGS } from './chat-settings';
import {
  matches,
  merge,
  newConversation,
  nodeOf,
  pathOf,
  titleOf,
  versionsOf,
  withAnswer,
  withEnd,
  withQuestion,
  withSettings,
  withShown,
  withText,
  withTitle,
  type Conversation,
  type Node,
} from './conversation';
import { shownVersions } from './conversations';
import { defined } from '../base/assert';

const empty = newConversation(1, DEFAULT_SETTINGS, 0);

/** A question with its finished answer, behind what is shown. */
function exchange(before: Conversation, id: number, question: string, answer: string): Conversation {
  const asked = withQuestion(before, { id, text: question, parent: before.head.value }, id);
  const answered = withText(withAnswer(asked, id, id + 1, id), id + 1, answer, 5);
  return withEnd(answered, id + 1, { kind: 'stopped' });
}

const texts = (conversation: Conversation): readonly string[] => pathOf(conversation).map(({ text }) => text);
const at = (conversation: Conversation, id: number): Node => defined(nodeOf(conversation, id), `message ${id}`);

describe('a conversation', () => {
  const two = exchange(exchange(empty, 10, 'One?', 'One.'), 20, 'Two?', 'Two.');

  it('is shown from its beginning to its head', () => {
    expect(texts(two)).toEqual(['One?', 'One.', 'Two?', 'Two.']);
    expect(pathOf(empty)).toEqual([]);
  });

  it('branches where a question is edited, and both branches stay', () => {
    const edited = withAnswer(withQuestion(two, { id: 30, text: 'Uno?', parent: null }, 30), 30, 31, 30);
    expect(texts(edited)).toEqual(['Uno?', '']);
    expect(versionsOf(edited, at(edited, 30))).toEqual({ position: 2, count: 2, previous: 10, next: null });
    const back = withShown(edited, 10, 40);
    expect(texts(back)).toEqual(['One?', 'One.', 'Two?', 'Two.']);
    expect(texts(withShown(back, 30, 50))).toEqual(['Uno?', '']);
  });

  it('has several answers to one question; a failed try without a word is none unless it is shown', () => {
    const failed = withEnd(withAnswer(two, 20, 30, 30), 30, {
      kind: 'failed',
      failure: { code: 'timeout', detail: '' },
    });
    expect(versionsOf(failed, at(failed, 30))).toMatchObject({ position: 2, count: 2, previous: 21 });
    const again = withAnswer(failed, 20, 40, 40);
    expect(versionsOf(again, at(again, 40))).toMatchObject({ position: 2, count: 2, previous: 21 });
    expect(texts(again)).toEqual(['One?', 'One.', 'Two?', '']);
  });

  it('changes no answer that has ended, and shows no message that it does not have', () => {
    expect(withText(two, 21, ' More.', 1).nodes).toEqual(two.nodes);
    expect(withEnd(two, 21, { kind: 'writing' }).nodes).toEqual(two.nodes);
    expect(withShown(two, 99, 99)).toBe(two);
  });

  it('is called by the first question that is shown, until it is renamed, and again when the name is emptied', () => {
    expect(titleOf(empty)).toBeNull();
    expect(titleOf(two)).toBe('One?');
    expect(titleOf(withTitle(two, ' Numbers ', 9))).toBe('Numbers');
    expect(titleOf(withTitle(withTitle(two, 'Numbers', 9), '  ', 10))).toBe('One?');
    const long = exchange(empty, 1, `${'😀'.repeat(100)}\nand more`, '');
    expect(Array.from(titleOf(long) ?? '')).toHaveLength(80);
  });

  it.each([
    ['one', true],
    ['ÉCOLE', true],
    ['ecole', true],
    ['  two?  ', true],
    ['three', false],
  ])('holds %s: %s', (query, expected) => {
    expect(matches(exchange(two, 30, 'À l’école', ''), query)).toBe(expected);
  });
});

/** What tabs do, each to its own copy; `tab` takes from the other one what that has. */
type Step =
  | { readonly kind: 'ask' | 'edit' | 'again' | 'grow' | 'end' | 'choose' | 'take'; readonly pick: number }
  | { readonly kind: 'rename' | 'settings'; readonly pick: number };

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('ask', 'edit', 'again', 'grow', 'end', 'choose', 'take', 'rename', 'settings'),
  pick: fc.nat(50),
});

/** A copy after `step`. Ids and times are the tab's own; times collide between tabs. */
function applied(copy: Conversation, { kind, pick }: Step, tab: number, index: number): Conversation {
  const id = (tab + 1) * 1000 + index * 2;
  const chosen = copy.nodes[pick % Math.max(1, copy.nodes.length)];
  const own = copy.nodes.find((node) => isRunning(node) && Math.floor(node.id / 1000) === tab + 1);
  switch (kind) {
    case 'ask':
      return withAnswer(withQuestion(copy, { id, text: `q${id}`, parent: copy.head.value }, index), id, id + 1, index);
    case 'edit':
      if (chosen?.role !== 'user') return copy;
      return withAnswer(withQuestion(copy, { id, text: `e${id}`, parent: chosen.parent }, index), id, id + 1, index);
    case 'again':
      return chosen?.role === 'user' ? withAnswer(copy, chosen.id, id, index) : copy;
    case 'grow':
      return own === undefined ? copy : withText(copy, own.id, ` w${index}`, 1);
    case 'end':
      return own === undefined ? copy : withEnd(copy, own.id, { kind: 'stopped' });
    case 'choose':
      return chosen === undefined ? copy : withShown(copy, chosen.id, index);
    case 'rename':
      return withTitle(copy, `t${id}`, index);
    case 'settings':
      return withSettings(copy, { system: `s${id}`, sampling: {} }, index);
    case 'take':
      return copy;
  }
}

const canonical = (conversation: Conversation): Conversation => ({
  ...conversation,
  nodes: conversation.nodes.toSorted((a, b) => a.id - b.id),
});

it('of a long conversation the versions cost a few looks at each message, not one at all of them for each', () => {
  let looks = 0;
  let long = empty;
  for (let id = 1; id < 400; id += 2) long = exchange(long, id, 'What?', 'That.');
  const nodes = long.nodes.map((node) => ({
    ...node,
    get parent(): number | null {
      looks += 1;
      return node.parent;
    },
  }));
  expect(shownVersions({ ...long, nodes }).size).toBe(0);
  expect(looks).toBeLessThan(10 * nodes.length);
});

describe('copies of a conversation', () => {
  /** Three copies that have gone different ways, having met now and then. */
  const copies = fc.array(fc.tuple(fc.nat(2), step), { maxLength: 40 }).map((steps) => {
    const tabs = [empty, empty, empty];
    for (const [index, [tab, action]] of steps.entries()) {
      const copy = defined(tabs[tab], 'a tab');
      const other = defined(tabs[(tab + 1) % 3], 'a tab');
      tabs[tab] = action.kind === 'take' ? merge(copy, other) : applied(copy, action, tab, index + 1);
    }
    return tabs as [Conversation, Conversation, Conversation];
  });

  it('put together hold all that was said, in whatever order', () => {
    fc.assert(
      fc.property(copies, ([a, b, c]) => {
        const all = merge(merge(a, b), c);
        for (const copy of [a, b, c]) {
          expect(merge(all, copy)).toBe(all);
          for (const { id, text } of copy.nodes) expect(at(all, id).text.startsWith(text)).toBe(true);
        }
        expect(canonical(merge(c, merge(b, a)))).toEqual(canonical(all));
        expect(canonical(merge(a, merge(c, b)))).toEqual(canonical(all));
      }),
      { seed: 20261126, numRuns: 300 },
    );
  });

  it('are trees with parents first, and each version leads to the others', () => {
    fc.assert(
      fc.property(copies, ([a, b]) => {
        const all = merge(a, b);
        all.nodes.forEach(({ parent }, index) => {
          if (parent !== null) expect(all.nodes.slice(0, index).some(({ id }) => id === parent)).toBe(true);
        });
        for (const node of all.nodes) {
          const { position, count, next } = versionsOf(all, node);
          expect(next === null).toBe(position === count);
          if (next !== null) expect(versionsOf(all, at(all, next))).toMatchObject({ previous: node.id, count });
          expect(pathOf(withShown(all, node.id, 99)).map(({ id }) => id)).toContain(node.id);
        }
      }),
      { seed: 20261126, numRuns: 100 },
    );
  });
});
