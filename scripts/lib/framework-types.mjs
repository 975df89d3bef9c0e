// `<forgelight-chat>` in the words of the DOM's, React's and Vue's types, made of `custom-elements.json`: which attributes, properties and
// events there are is told in one place. They are `dom`, `react` and `vue.generated.ts` in `src/element`; none has anything to run.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { customElements } from './custom-elements.mjs';
import { ROOT } from './paths.mjs';

const HEAD = `// Made by scripts/lib/framework-types.mjs; do not edit.
import type { ForgelightChat, ForgelightChatEvents } from './index';
`;

/** @typedef {{ name: string, attribute?: string, readonly?: boolean, kind: string, description: string }} Member */

/** @param {readonly Member[]} members what can be set @returns {Member[]} */
function settable(members) {
  return members.filter(({ kind, readonly }) => kind === 'field' && readonly !== true);
}

/** @param {string} name */
function key(name) {
  return /^\w+$/.test(name) ? name : `'${name}'`;
}

/** @param {string} text @param {string} line */
function described(text, line) {
  return `  /** ${text} */\n  ${line}\n`;
}

/** Properties under their names, and attributes that have others. @param {readonly Member[]} members */
function properties(members) {
  return settable(members)
    .flatMap(({ name, attribute, description }) => {
      const type = `ForgelightChat['${name}'] | undefined`;
      const own = described(description, `${name}?: ${type};`);
      if (attribute === undefined || attribute === name) return [own];
      return [own, described(`The attribute of \`${name}\`.`, `${key(attribute)}?: ${type};`)];
    })
    .join('');
}

/** What `document.createElement` and listeners know by name. Events bubble: whatever holds an element hears them too. @param {string} tag @param {readonly { name: string, description: string }[]} events */
function domTypes(tag, events) {
  const heard = events.map(({ name, description }) =>
    described(description, `'${name}': CustomEvent<ForgelightChatEvents['${name}']>;`),
  );
  return `${HEAD}
export interface ForgelightChatTags {
  '${tag}': ForgelightChat;
}

export interface ForgelightChatEventMap {
${heard.join('')}}

declare global {
  interface HTMLElementTagNameMap extends ForgelightChatTags {}
  interface HTMLElementEventMap extends ForgelightChatEventMap {}
}
`;
}

/** React gives an element's events to \`on\` and their name. @param {readonly Member[]} members @param {readonly { name: string, description: string }[]} events */
function reactTypes(members, events) {
  const handlers = events.map(({ name, description }) =>
    described(
      description,
      `'on${name}'?: ((event: CustomEvent<ForgelightChatEvents['${name}']>) => void) | undefined;`,
    ),
  );
  return `${HEAD}import type { DetailedHTMLProps, HTMLAttributes } from 'react';

export interface ForgelightChatProps {
${properties(members)}${handlers.join('')}}

type Html = Omit<DetailedHTMLProps<HTMLAttributes<ForgelightChat>, ForgelightChat>, keyof ForgelightChatProps>;

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'forgelight-chat': Html & ForgelightChatProps;
    }
  }
}
`;
}

/** @param {readonly Member[]} members @param {readonly { name: string }[]} events */
function vueTypes(members, events) {
  const emits = events.map(
    ({ name }) => `  (name: '${name}', event: CustomEvent<ForgelightChatEvents['${name}']>): void;\n`,
  );
  const handlers = events.map(
    ({ name }) =>
      `  'on${name[0]?.toUpperCase()}${name.slice(1)}'?: ((event: CustomEvent<ForgelightChatEvents['${name}']>) => void) | undefined;\n`,
  );
  return `${HEAD}import type { HTMLAttributes, PublicProps } from 'vue';

export interface ForgelightChatProps {
${properties(members)}${handlers.join('')}}

export interface ForgelightChatEmit {
${emits.join('')}}

type Component = new () => ForgelightChat & {
  /** For type checks of templates; elements have none. @deprecated */
  $props: Omit<HTMLAttributes, keyof ForgelightChatProps> & ForgelightChatProps & PublicProps;
  /** For type checks of templates; elements have none. @deprecated */
  $emit: ForgelightChatEmit;
};

declare module 'vue' {
  interface GlobalComponents {
    'forgelight-chat': Component;
  }
}
`;
}

/** Writes all three. */
export async function generateFrameworkTypes() {
  const chat = (await customElements()).modules[0]?.declarations[0];
  if (chat === undefined) throw new Error('custom-elements.json declares no element.');
  const { members, events, tagName } = chat;
  await writeFile(join(ROOT, 'src/element/dom.generated.ts'), domTypes(tagName, events));
  await writeFile(join(ROOT, 'src/element/react.generated.ts'), reactTypes(members, events));
  await writeFile(join(ROOT, 'src/element/vue.generated.ts'), vueTypes(members, events));
}
