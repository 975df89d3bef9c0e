import { afterAll, expect, vi } from 'vitest';

// Files of the unit tests share a process: what one leaves behind, the next one meets, in whatever order they run. So each is looked
// at when it ends, and fails for what it left.

/** Objects that every file sees, with what is theirs by name. */
const SHARED: Readonly<Record<string, object>> = {
  globalThis,
  'process.env': process.env,
  console,
  'process.stdout': process.stdout,
  'process.stderr': process.stderr,
  Date,
  Error,
  Math,
  performance,
};

type Values = ReadonlyMap<string, unknown>;

/** Node warns where these are read. */
const UNREAD = ['localStorage', 'sessionStorage'];

/** What stands in the shared objects. Read, not described: Node puts much there when it is first asked for. */
function valuesNow(): Values {
  const values = new Map<string, unknown>([['process.cwd()', process.cwd()]]);
  for (const [name, object] of Object.entries(SHARED)) {
    const keys = Object.getOwnPropertyNames(object).filter((key) => !UNREAD.includes(key));
    for (const key of keys) values.set(`${name}.${key}`, Reflect.get(object, key));
  }
  for (const event of process.eventNames()) values.set(`process.on(${String(event)})`, process.listenerCount(event));
  return values;
}

/** Lit is loaded once, with a registry that stands for a browser's. */
const OF_LIT = /^globalThis\.(lit\w+|reactiveElementVersions|customElements)$/;

/** Names of what is not as it was. */
function differences(then: Values, now: Values): readonly string[] {
  const names = [...new Set([...then.keys(), ...now.keys()])].filter((name) => !OF_LIT.test(name));
  return names.filter((name) => !Object.is(then.get(name), now.get(name)));
}

const before = valuesNow();

afterAll(() => {
  vi.restoreAllMocks();
  const left = [...differences(before, valuesNow()), ...(vi.isFakeTimers() ? ['fake timers'] : [])];
  // So that the next file is not blamed for it.
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  expect(left, 'what the file left behind').toEqual([]);
});
