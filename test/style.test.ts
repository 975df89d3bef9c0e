import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const FOLDERS = ['src', 'native-bridge', 'shaders', 'scripts', 'test', 'e2e', 'bench', 'examples', '.ci'];
/** Not read as sources: fixtures, what others wrote, what is made. */
const DATA_FOLDERS = ['test/fixtures', 'test/golden', 'bench/peers/node_modules', 'bench/peers/twin'];
const PACKAGES = ['.', 'bench/peers'];
const MAX_LINES = 400;
const packageJson = JSON.parse(read('package.json')) as {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const documents = ['.', 'docs', 'examples', 'test/fixtures'].flatMap(files).filter(({ path }) => path.endsWith('.md'));
const sources = [
  ...FOLDERS.filter((folder) => existsSync(join(ROOT, folder))).flatMap(filesBelow),
  ...files('.'),
].filter(
  ({ path }) =>
    /\.(ts|mjs|wgsl|css|html|json|yml)$|^\.ci\/run$/.test(path) &&
    !/\.generated\.|(^|\/)package-lock\.json$|^native-bridge\/kernels\/manifest\.json$/.test(path),
);
const code = sources.filter(({ path }) => /\.(ts|mjs)$/.test(path));
const tests = code.filter(({ path }) => /\.(test|spec)\.(ts|mjs)$/.test(path));

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The files directly in a folder. */
function files(folder: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      relative(ROOT, join(ROOT, folder, entry.name))
        .split(sep)
        .join('/'),
    )
    .map((path) => ({ path, text: read(path) }));
}

function filesBelow(folder: string): SourceFile[] {
  if (DATA_FOLDERS.includes(folder)) return [];
  const folders = readdirSync(join(ROOT, folder), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...files(folder), ...folders.flatMap((entry) => filesBelow(`${folder}/${entry.name}`))];
}

/** Where a pattern occurs, as `path:line`. */
function occurrences(among: readonly SourceFile[], pattern: RegExp): string[] {
  return among.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : [])),
  );
}

describe('sources', () => {
  it('are there to be looked at', () => {
    expect(code.length).toBeGreaterThan(50);
    expect(tests.length).toBeGreaterThan(10);
  });

  it(`have at most ${MAX_LINES} lines a file`, () => {
    const tooLong = sources.filter(({ text }) => text.trimEnd().split('\n').length > MAX_LINES);
    expect(tooLong.map(({ path }) => path)).toEqual([]);
  });

  it('export by name', () => {
    const others = code.filter(({ path }) => !/\.config\.(ts|mjs)$/.test(path));
    expect(occurrences(others, /^export default\b|^export \{[^}]*\bas default\b/)).toEqual([]);
  });

  // The patterns are put together here, so that this file does not match itself.
  it('leave nothing for later', () => {
    expect(
      occurrences(sources, new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`)),
    ).toEqual([]);
  });

  it('switch no rule off where the code is', () => {
    expect(
      occurrences(code, new RegExp(`(oxlint|eslint)-${'dis'}able|@ts-(${'ig'}nore|${'no'}check|${'exp'}ect-error)`)),
    ).toEqual([]);
  });

  it('name no place of one machine', () => {
    const places = new RegExp(
      `(^|[\\s'"\`(=])/(${['wo' + 'rk', 'ho' + 'me', 'ro' + 'ot', 'Us' + 'ers'].join('|')})/\\w`,
    );
    expect(occurrences([...sources, ...documents], places)).toEqual([]);
  });
});

describe('tests', () => {
  it('are all run', () => {
    const left = new RegExp(
      `\\b(it|test|describe|suite)(\\.\\w+)*\\.(${['sk' + 'ip', 'on' + 'ly', 'to' + 'do', 'fa' + 'ils'].join('|')})\\b|\\b(x|f)(it|describe)\\(`,
    );
    expect(occurrences(tests, left)).toEqual([]);
  });

  it('wait for what they wait for, not for a time', () => {
    expect(occurrences(tests, /waitForTimeout\(|setTimeout\((resolve|done|r)\b/)).toEqual([]);
  });
});

describe('the package', () => {
  it.each(PACKAGES)('pins its dependencies, and its lockfile names no registry (%s)', (folder) => {
    const { dependencies, devDependencies } = JSON.parse(read(`${folder}/package.json`)) as Partial<typeof packageJson>;
    const versions = Object.values({ ...dependencies, ...devDependencies });
    expect(versions.length).toBeGreaterThan(0);
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
    const lockfiles = files(folder).filter(({ path }) => /(^|\/)package-lock\.json$/.test(path));
    expect(lockfiles.length).toBe(1);
    expect(occurrences(lockfiles, /"resolved"/)).toEqual([]);
  });

  it.each(PACKAGES)('has a lockfile that knows every system it may be installed on (%s)', (folder) => {
    const { packages } = JSON.parse(read(`${folder}/package-lock.json`)) as {
      readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
    };
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`],
      ),
    );
    expect(missing).toEqual([]);
  });

  it('is tested by the command that the README gives', () => {
    expect(read('.ci/run')).toMatch(/^npm test$/m);
    expect(statSync(join(ROOT, '.ci/run')).mode & 0o111).not.toBe(0);
  });
});

describe('documents', () => {
  it.each(['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'LICENSE'])('%s is there', (path) => {
    expect(read(path).length).toBeGreaterThan(200);
  });

  it.each(['README.md', 'CHANGELOG.md'])('%s names the version', (path) => {
    expect(read(path)).toContain(packageJson.version);
  });

  it.each(Object.keys(packageJson.dependencies))('ARCHITECTURE.md says why there is %s', (name) => {
    expect(
      read('ARCHITECTURE.md')
        .split('\n')
        .some((line) => line.includes(`\`${name}\``)),
    ).toBe(true);
  });

  it('the README begins with the two commands, and every command it names exists', () => {
    const commands = [...read('README.md').matchAll(/^npm (?:run )?([a-z][\w:-]*)/gm)].map(([, name]) => name ?? '');
    expect(commands.slice(0, 2)).toEqual(['start', 'test']);
    const known = [...Object.keys(packageJson.scripts), 'install', 'ci'];
    expect(commands.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('link to files that exist', () => {
    const broken = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].flatMap(([, target = '']) =>
        existsSync(join(ROOT, dirname(path), target)) ? [] : [`${path}: ${target}`],
      ),
    );
    expect(broken).toEqual([]);
  });
});
