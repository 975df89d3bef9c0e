// Finds a file of a Python package index without pip. Source: PEP 691 (JSON) and PEP 503 (HTML).
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const PUBLIC_INDEX = 'https://pypi.org/simple';
const ACCEPT = 'application/vnd.pypi.simple.v1+json, text/html;q=0.1';

/**
 * The index that pip would use: `PIP_INDEX_URL`, else a pip configuration file, else the public one.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {{ url: string, headers: Record<string, string> }} credentials in the URL become a header
 */
export function packageIndex(env = process.env) {
  const configured = env.PIP_INDEX_URL || configFiles(env).map(indexOfFile).find(Boolean) || PUBLIC_INDEX;
  const url = new URL(configured);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const headers = username ? { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } : {};
  return { url: url.href.replace(/\/$/, ''), headers };
}

/** @param {NodeJS.ProcessEnv} env */
function configFiles(env) {
  const home = homedir();
  return [
    env.PIP_CONFIG_FILE ?? '',
    join(env.XDG_CONFIG_HOME || join(home, '.config'), 'pip/pip.conf'),
    join(home, '.pip/pip.conf'),
    ...(env.APPDATA ? [join(env.APPDATA, 'pip/pip.ini')] : []),
    '/etc/pip.conf',
  ];
}

/** @param {string} path @returns {string | undefined} */
function indexOfFile(path) {
  try {
    return /^\s*index[-_]url\s*[=:]\s*(\S+)/m.exec(readFileSync(path, 'utf8'))?.[1];
  } catch {
    // Most of these files do not exist, and one that cannot be read says nothing.
    return undefined;
  }
}

/**
 * Where the index has `fileName` of `project`.
 * @param {{ url: string, headers: Record<string, string> }} index
 * @param {string} project
 * @param {string} fileName
 * @param {AbortSignal} signal
 */
export async function findFile(index, project, fileName, signal) {
  const pageUrl = `${index.url}/${project}/`;
  const response = await fetch(pageUrl, { headers: { ...index.headers, accept: ACCEPT }, signal });
  if (!response.ok) throw new Error(`the package index answered ${response.status} for ${project}`);
  const links = (response.headers.get('content-type') ?? '').includes('json')
    ? linksOfJson(await response.json())
    : linksOfHtml(await response.text());
  const link = links.find((candidate) => candidate.name === fileName);
  if (!link) throw new Error(`the package index has no ${fileName}`);
  return new URL(link.url, response.url).href;
}

/** @param {any} page @returns {{ name: string, url: string }[]} */
function linksOfJson(page) {
  return page.files.map((/** @type {{ filename: string, url: string }} */ file) => ({
    name: file.filename,
    url: file.url,
  }));
}

/** @param {string} page @returns {{ name: string, url: string }[]} */
function linksOfHtml(page) {
  return [...page.matchAll(/<a\b[^>]*\bhref="([^"]+)"[^>]*>([^<]+)<\/a>/gi)].map(([, url = '', name = '']) => ({
    name: name.trim(),
    url: url.replaceAll('&amp;', '&'),
  }));
}
