// Who may import whom: the table of ARCHITECTURE.md, and the linter rules made of it. test/layers.test.ts proves every
// pair. A name stands for the files of its folder; `device` and `store` stand for the port alone, which is the files
// directly in the folder: their subfolders are adapters, and only who wires everything together may name one.
import { builtinModules } from 'node:module';

/** @type {Readonly<Record<string, readonly string[]>>} layer → what it may import besides itself */
export const LAYERS = {
  base: [],
  protocol: ['base'],
  gguf: ['base'],
  quant: ['base', 'gguf'],
  tokenizer: ['base'],
  sampling: ['base'],
  device: ['base'],
  'device/webgpu': ['base', 'device'],
  'device/reference': ['base', 'device', 'quant', 'kernels'],
  kernels: ['base', 'device', 'quant'],
  models: ['base', 'device', 'kernels', 'quant', 'gguf'],
  store: ['base', 'protocol', 'gguf'],
  'store/opfs': ['base', 'store'],
  'store/node-fs': ['base', 'store'],
  engine: ['base', 'models', 'sampling', 'tokenizer', 'device', 'store', 'protocol'],
  client: ['base', 'protocol', 'gguf', 'tokenizer', 'store'],
  element: ['base', 'client'],
  page: ['base', 'element', 'client'],
};

/** Wires everything; nobody imports it. */
export const ROOT_LAYER = 'worker';

const PORTS = ['device', 'store'];
const ADAPTERS = Object.keys(LAYERS).filter((layer) => layer.includes('/'));
const FOLDERS = [...Object.keys(LAYERS).filter((layer) => !ADAPTERS.includes(layer)), ROOT_LAYER];

/** The engine and all below it: one core for browser, Node and simulation, so it never names its host. */
const HOST_FREE = Object.keys(LAYERS).filter((layer) => !/^(store\/|client|element|page)/.test(layer));
const HOST_NAMES = ['self', 'window', 'document', 'navigator', 'Worker'];
const HOST_TYPES = ['Worker', 'Navigator', 'Document', 'Window'];
const HOST_MESSAGE = 'The engine and all below it do not name their host: pass it in.';

/** They wire what they need. What helps them lives in `testing/` folders, which nothing else may import. */
const TESTS = ['**/*.test.ts', '**/testing/**'];

/** @param {readonly string[]} names */
function anyOf(names) {
  return `(${names.map((name) => name.replaceAll('.', '\\.')).join('|')})`;
}

/** @param {string} layer @param {readonly string[]} allowed */
function importPatterns(layer, allowed) {
  const own = layer.split('/')[0] ?? layer;
  const message = `${layer} may import: ${allowed.join(', ') || 'nothing'}.`;
  const foreign = FOLDERS.filter((folder) => folder !== own && !allowed.includes(folder));
  const siblings = ADAPTERS.filter((adapter) => adapter.startsWith(`${own}/`) && adapter !== layer);
  const patterns = [
    { regex: `\\.\\./${anyOf(foreign)}(/|$)`, message },
    // Another layer's adapters.
    { regex: `\\.\\./${anyOf(PORTS)}/[^/]+/`, message },
    { regex: '/testing/', message: 'What is in testing/ is for tests.' },
    { regex: '/bench/', message: 'What measures is no part of what is measured.' },
    { regex: '/native-bridge/', message: 'The command wires everything, and nobody imports it.' },
  ];
  if (siblings.length > 0) {
    const names = siblings.map((adapter) => adapter.slice(own.length + 1));
    patterns.push({ regex: `^\\.\\.?/${anyOf(names)}(/|$)`, message });
  }
  if (layer === 'base') patterns.push({ regex: '^[^.]', message: 'base imports nothing.' });
  if (HOST_FREE.includes(layer)) {
    patterns.push({ regex: '^node:', message: HOST_MESSAGE });
    patterns.push({ regex: `^${anyOf(builtinModules)}(/|$)`, message: HOST_MESSAGE });
  }
  return patterns;
}

/** Overrides of the linter: one for each layer, then the host names. */
export function layerOverrides() {
  const imports = Object.entries(LAYERS).map(([layer, allowed]) => ({
    files: [`src/${layer}/**`],
    excludeFiles: TESTS,
    rules: { 'no-restricted-imports': ['error', { patterns: importPatterns(layer, allowed) }] },
  }));
  const hostNames = {
    // Of the store the port alone: its adapters are the hosts'.
    files: HOST_FREE.map((layer) => (layer === 'store' ? 'src/store/*' : `src/${layer}/**`)),
    excludeFiles: TESTS,
    rules: {
      'no-restricted-globals': ['error', ...HOST_NAMES.map((name) => ({ name, message: HOST_MESSAGE }))],
      'no-restricted-properties': [
        'error',
        ...HOST_NAMES.map((property) => ({ object: 'globalThis', property, message: HOST_MESSAGE })),
      ],
      'typescript/no-restricted-types': [
        'error',
        { types: Object.fromEntries(HOST_TYPES.map((name) => [name, { message: HOST_MESSAGE }])) },
      ],
    },
  };
  return [...imports, hostNames];
}
