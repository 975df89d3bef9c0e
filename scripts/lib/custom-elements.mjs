// `custom-elements.json`: what editors and other tools read of `<forgelight-chat>`. Members and events are told by their docstrings in
// `src/element`, the rest by the tables here; src/element/custom-elements.test.ts holds all of it against the class, its templates and styles.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './paths.mjs';

/** Property → attribute and default, as the manifest writes it. @type {Readonly<Record<string, readonly [string, string]>>} */
const ATTRIBUTES = {
  src: ['src', '""'],
  loading: ['loading', "'manual'"],
  system: ['system', '""'],
  placeholder: ['placeholder', '""'],
  contextLength: ['context-length', 'null'],
  temperature: ['temperature', 'null'],
  disabled: ['disabled', 'false'],
  theme: ['theme', "'auto'"],
  lang: ['lang', '""'],
  name: ['name', '""'],
  persist: ['persist', "'none'"],
  workerUrl: ['worker-url', '""'],
  device: ['device', "'auto'"],
  bridgeUrl: ['bridge-url', '""'],
};

const SLOTS = {
  poster: 'Instead of the words above the button that loads the model.',
  empty: 'Instead of the words where a model is ready and nothing was asked yet.',
  footer: 'Below the field.',
};

const PARTS = {
  frame: 'All of it.',
  messages: 'The scrolling conversation.',
  question: 'What was asked.',
  answer: 'What was answered.',
  poster: 'What stands there before the model.',
  'load-button': 'What loads the model.',
  progress: 'How far a load is.',
  error: 'Why a load failed.',
  composer: 'The field with its button and hint.',
  input: 'The field.',
  'send-button': 'What sends.',
  'stop-button': 'What stops an answer.',
};

const PROPERTIES = {
  background: 'Behind all.',
  surface: 'Of fields and buttons.',
  sunken: 'Of code, and under the mouse.',
  line: 'Fine lines.',
  'line-strong': 'Lines around what can be used: 3:1 against what is behind them.',
  text: 'Of the words.',
  'text-soft': 'Of less important words.',
  accent: 'Of links, focus and the main button.',
  'accent-hover': 'Of the main button under the mouse.',
  'on-accent': 'On the main button.',
  'accent-wash': 'Behind questions.',
  danger: 'Of what went wrong.',
  'danger-wash': 'Behind that.',
  font: "The words' font.",
  'font-code': 'Of code.',
  'code-keyword': 'Of keywords in code: these five need 4.5:1 against `sunken`.',
  'code-string': 'Of strings, and of lines that were added.',
  'code-value': 'Of numbers and constants, and of lines that were removed.',
  'code-title': 'Of names that are defined, and of types.',
  'code-name': 'Of attributes and variables.',
  radius: 'Of the corners.',
};

const STATES = {
  idle: 'No model is loaded.',
  downloading: "The model's bytes are on their way.",
  loading: 'The model is being made ready.',
  ready: 'It can be asked.',
  generating: 'An answer is being written.',
  error: 'The load or the engine has failed.',
};

/** A docstring and what stands below it: `name: type;`, `readonly name: type;`, `name(parameters): type;` or `'name': type;`. */
const MEMBER =
  /^ {2}\/\*\*((?:(?!\*\/)[^])*)\*\/\n {2}(readonly )?'?([\w-]+)'?(\(([^)]*)\))?: ((?:\{[^}]*\}|[^;{])+);$/gm;

/** @param {string} file in `src/element` @param {string} from where its interface begins */
async function described(file, from) {
  const text = await readFile(join(ROOT, 'src/element', file), 'utf8');
  const body = text.slice(text.indexOf(from));
  return [...body.slice(0, body.indexOf('\n}')).matchAll(MEMBER)].map(
    ([, doc = '', readonly, name = '', call, parameters = '', type = '']) => ({
      name,
      description: doc.replace(/\s*\n\s*\*?\s*/g, ' ').trim(),
      type: { text: type.replaceAll('readonly ', '').replace(/\s+/g, ' ').replace(/; \}/g, ' }') },
      isReadonly: readonly !== undefined,
      isMethod: call !== undefined,
      parameters: parameters === '' ? [] : parameters.split(', ').map(parameterOf),
    }),
  );
}

/** @param {string} text `name: type` or `name?: type` */
function parameterOf(text) {
  const [name = '', type = ''] = text.split(': ');
  return { name: name.replace('?', ''), type: { text: type }, ...(name.endsWith('?') ? { optional: true } : {}) };
}

/** @param {Awaited<ReturnType<typeof described>>[number]} member */
function memberOf({ name, description, type, isReadonly, isMethod, parameters }) {
  if (isMethod) return { kind: 'method', name, description, parameters, return: { type } };
  const [attribute, initial] = ATTRIBUTES[name] ?? [];
  return {
    kind: 'field',
    name,
    description,
    type,
    ...(attribute === undefined ? {} : { attribute, default: initial }),
    ...(isReadonly ? { readonly: true } : {}),
  };
}

/** @param {Readonly<Record<string, string>>} table */
function named(table, prefix = '') {
  return Object.entries(table).map(([name, description]) => ({ name: prefix + name, description }));
}

/** The manifest, as https://custom-elements-manifest.open-wc.org has it. */
export async function customElements() {
  const members = await described('chat-element.ts', 'export interface ForgelightChatElement');
  const events = await described('chat-events.ts', 'export interface ForgelightChatEvents');
  const declaration = {
    kind: 'class',
    name: 'ForgelightChat',
    tagName: 'forgelight-chat',
    customElement: true,
    description:
      'A chat with a language model that runs in this page. It loads nothing large before somebody asks for it, unless loading says so. As ' +
      'a form control its value is the last answer; a form that is restored restores the conversation, and one that is reset clears it.',
    superclass: { name: 'HTMLElement' },
    attributes: members.flatMap(({ name, type, description }) => {
      const [attribute, initial] = ATTRIBUTES[name] ?? [];
      return attribute === undefined ? [] : [{ name: attribute, fieldName: name, type, default: initial, description }];
    }),
    members: members.map(memberOf),
    events: events.map(({ name, type, description }) => ({
      name,
      type: { text: `CustomEvent<${type.text}>` },
      description: `${description} Bubbles, and is composed.`,
    })),
    slots: named(SLOTS),
    cssParts: named(PARTS),
    cssProperties: named(PROPERTIES, '--forgelight-'),
    cssStates: named(STATES),
  };
  const reference = { name: 'ForgelightChat', module: 'element/index.js' };
  return {
    schemaVersion: '2.1.0',
    modules: [
      {
        kind: 'javascript-module',
        path: 'element/index.js',
        declarations: [declaration],
        exports: [{ kind: 'js', name: 'ForgelightChat', declaration: reference }],
      },
      {
        kind: 'javascript-module',
        path: 'element/define.js',
        declarations: [],
        exports: [{ kind: 'custom-element-definition', name: 'forgelight-chat', declaration: reference }],
      },
    ],
  };
}
