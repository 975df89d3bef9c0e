import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../test/support/browser-waits';
import type { Message } from './chat-types';
import { ChatComposer } from './composer';
import { MessageView } from './message-view';

customElements.define('message-of-direction', class extends MessageView {});
customElements.define('composer-of-direction', class extends ChatComposer {});

const ARABIC = 'مرحبا بالعالم، وهذا English هنا.';
const LONG = 'This line is longer than the one above it, and is English.';

const mounted: HTMLElement[] = [];
afterEach(() => mounted.splice(0).forEach((element) => element.remove()));

/** With the one colour that a border needs to be there. */
function mount<T extends HTMLElement>(tag: string, set: Partial<T>): T {
  const element = Object.assign(document.createElement(tag) as T, set);
  element.style.setProperty('--line', '#888');
  mounted.push(element);
  document.body.append(element);
  return element;
}

/** The element that the answer `text` becomes. */
async function answered(text: string, selector: string): Promise<HTMLElement> {
  const message: Message = { role: 'assistant', id: 1, text, status: { kind: 'stopped' }, firstTokenMs: null };
  const view = mount<MessageView>('message-of-direction', { message });
  await until(() => view.renderRoot.querySelector(`.part ${selector}`) !== null);
  return view.renderRoot.querySelector<HTMLElement>(`.part ${selector}`) as HTMLElement;
}

/** Where the first line in `element` begins and ends, in CSS pixels. */
function firstLine(element: HTMLElement): { readonly left: number; readonly right: number } {
  const range = document.createRange();
  range.selectNodeContents(element);
  const rects = [...range.getClientRects()];
  const line = rects.filter(({ top }) => Math.abs(top - (rects[0]?.top ?? 0)) < 4);
  return { left: Math.min(...line.map(({ left }) => left)), right: Math.max(...line.map(({ right }) => right)) };
}

describe('text that is written from right to left', () => {
  it('begins at the right in an answer, each block for itself', async () => {
    const paragraph = await answered(`${ARABIC}\n\nEnglish again.`, 'p');
    expect(getComputedStyle(paragraph).direction).toBe('rtl');
    expect(firstLine(paragraph).right).toBeCloseTo(paragraph.getBoundingClientRect().right, 0);
    expect(getComputedStyle(await answered(`English.\n\n${ARABIC}`, 'p')).direction).toBe('ltr');
  });

  it('has the numbers of its lists, the line of its quotes and its cells at the right', async () => {
    const list = getComputedStyle(await answered(`1. ${ARABIC}`, 'ol'));
    expect([list.paddingLeft, list.paddingRight]).toEqual(['0px', expect.not.stringMatching(/^0px$/)]);
    const quote = getComputedStyle(await answered(`> ${ARABIC}`, 'blockquote'));
    expect([quote.borderLeftWidth, quote.borderRightWidth]).toEqual(['0px', '3px']);
    const cell = await answered(`| ${ARABIC} |\n|---|\n| ${LONG} ${ARABIC} |`, 'th');
    expect(firstLine(cell).right).toBeGreaterThan(cell.getBoundingClientRect().right - 20);
  });

  it('leaves code as it is written, and does not go by it', async () => {
    const paragraph = await answered(`\`let a = 1\` ${ARABIC}`, 'p');
    expect(getComputedStyle(paragraph).direction).toBe('rtl');
    const code = paragraph.querySelector('code') as HTMLElement;
    expect(getComputedStyle(code).direction).toBe('ltr');
    expect(getComputedStyle(await answered(`\`\`\`\n${ARABIC}\n\`\`\``, 'code')).direction).toBe('ltr');
  });

  it('begins at the right in a question, line by line', async () => {
    const message: Message = { role: 'user', id: 1, text: `${ARABIC}\n${LONG}` };
    const view = mount<MessageView>('message-of-direction', { message });
    await view.updateComplete;
    const question = view.renderRoot.querySelector<HTMLElement>('.question') as HTMLElement;
    const { left, right } = question.getBoundingClientRect();
    const line = firstLine(question);
    expect(line.left - left).toBeGreaterThan(right - line.right);
  });

  it('begins at the right where it is written', async () => {
    const composer = mount<ChatComposer>('composer-of-direction', { phase: 'ready', draft: ARABIC });
    await composer.updateComplete;
    const field = composer.renderRoot.querySelector('textarea') as HTMLElement;
    expect(getComputedStyle(field).unicodeBidi).toBe('plaintext');
  });
});
