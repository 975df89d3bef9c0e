/** Languages that `highlighter.ts` has, with the names that models give them. In a file of its own: it is needed before that is fetched. */
const NAMES = {
  bash: ['sh', 'shell', 'zsh', 'console'],
  c: ['h'],
  cpp: ['c++', 'cc', 'hpp'],
  csharp: ['cs', 'c#'],
  css: [],
  diff: ['patch'],
  go: ['golang'],
  java: [],
  javascript: ['js', 'jsx', 'mjs', 'cjs', 'node'],
  json: ['json5', 'jsonc'],
  python: ['py', 'python3'],
  rust: ['rs'],
  sql: ['postgresql', 'mysql', 'sqlite'],
  typescript: ['ts', 'tsx'],
  xml: ['html', 'svg', 'xhtml'],
  yaml: ['yml'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type CodeLanguage = keyof typeof NAMES;

const LANGUAGES: ReadonlyMap<string, string> = new Map(
  Object.entries(NAMES).flatMap(([language, names]) => [language, ...names].map((name) => [name, language])),
);

/** The language that code is coloured as, by the name behind its fence; `null` where there is none. */
export function languageOf(name: string): string | null {
  return LANGUAGES.get(name.toLowerCase()) ?? null;
}
