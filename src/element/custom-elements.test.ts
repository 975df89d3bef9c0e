import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { defined } from '../base/assert';
import { ForgelightChat } from './forgelight-chat';

interface Named {
  readonly name: string;
  readonly description: string;
}

interface Declaration {
  readonly tagName?: string;
  readonly attributes: readonly (Named & { readonly fieldName: string })[];
  readonly members: readonly (Named & {
    readonly kind: string;
    readonly attribute?: string;
    readonly readonly?: true;
  })[];
  readonly events: readonly Named[];
  readonly slots: readonly Named[];
  readonly cssParts: readonly Named[];
  readonly cssProperties: readonly Named[];
  readonly cssStates: readonly Named[];
}

const sources = readdirSync(import.meta.dirname).filter((name) => /^[\w-]+\.ts$/.test(name));
const textOf = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8');
const code = sources.map(textOf).join('\n');
const script = (await import(
  pathToFileURL(join(import.meta.dirname, '../../scripts/lib/custom-elements.mjs')).href
)) as { customElements(): Promise<{ readonly modules: readonly { readonly declarations: readonly Declaration[] }[] }> };
const manifest = await script.customElements();
const chat = defined(manifest.modules[0]?.declarations[0], 'its declaration');

/** Set by Lit, by forms and by the document: nobody's to call. */
const CALLED_BY_THE_BROWSER =
  /Callback$|^constructor$|^(willUpdate|render|updated|startEngine|askFit|formDisabled|facts|composer|loadButton)$/;

const names = (list: readonly Named[]): string[] => list.map(({ name }) => name).sort();
const found = (text: string, pattern: RegExp): string[] =>
  [...new Set([...text.matchAll(pattern)].flatMap((match) => (match[1] ?? '').split(/,?\s+/)))].sort();

describe('custom-elements.json says what there is', () => {
  it('attributes', () => {
    expect(names(chat.attributes)).toEqual([...ForgelightChat.observedAttributes].sort());
    const fields = chat.members.flatMap(({ name, attribute }) => (attribute === undefined ? [] : [[attribute, name]]));
    expect(fields).toEqual(chat.attributes.map(({ name, fieldName }) => [name, fieldName]));
  });

  it('properties and methods', () => {
    const own = Object.entries(Object.getOwnPropertyDescriptors(ForgelightChat.prototype))
      .filter(([name]) => !CALLED_BY_THE_BROWSER.test(name))
      .map(([name, { value, get, set }]) => ({
        name,
        kind: typeof value === 'function' ? 'method' : 'field',
        writable: typeof value === 'function' || (get !== undefined && set !== undefined),
      }));
    expect(own.map(({ name, kind }) => `${kind} ${name}`).sort()).toEqual(
      chat.members.map(({ name, kind }) => `${kind} ${name}`).sort(),
    );
    expect(own.filter(({ writable }) => !writable).map(({ name }) => name)).toEqual(
      expect.arrayContaining(chat.members.filter((member) => member.readonly).map(({ name }) => name)),
    );
  });

  it('events', () => {
    expect(names(chat.events)).toEqual(found(textOf('chat-events.ts'), /^ {2}'(forgelight-[\w-]+)'/gm));
  });

  it('slots and parts', () => {
    expect(names(chat.slots)).toEqual(
      found(textOf('chat-view.ts') + textOf('poster-view.ts'), /<slot name="([\w-]+)"/g),
    );
    expect(names(chat.cssParts)).toEqual(found(code, /[\s"]part="([\w-]+)"/g));
  });

  it('custom properties and states', () => {
    expect(names(chat.cssProperties)).toEqual(found(code, /var\((--forgelight-[\w-]+)/g));
    const states = /type ChatState = ([^;]+);/.exec(textOf('chat-events.ts'))?.[1] ?? '';
    expect(names(chat.cssStates)).toEqual(found(states, /'(\w+)'/g));
  });

  it('exports every part that is inside of another one', () => {
    const exported = found(code, /exportparts="([^"]+)"/g);
    const inside = ['composer.ts', 'message-view.ts'].flatMap((name) => found(textOf(name), /[\s"]part="([\w-]+)"/g));
    expect(exported).toEqual(inside.sort());
  });
});

it('describes everything', () => {
  const all = [
    chat.attributes,
    chat.members,
    chat.events,
    chat.slots,
    chat.cssParts,
    chat.cssProperties,
    chat.cssStates,
  ];
  expect(all.flat().filter(({ description }) => description.length < 5)).toEqual([]);
});

it('the class is what the package exports', async () => {
  expect((await import('./index')).ForgelightChat).toBe(ForgelightChat);
});

it('the class can be imported where there is no document, and registers nothing there', () => {
  expect(typeof document).toBe('undefined');
  expect(globalThis.customElements.get('forgelight-chat')).toBeUndefined();
  expect(globalThis.customElements.get('forgelight-composer')).toBeUndefined();
});
