import { once } from 'node:events';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from '@playwright/test';

type Headers = Readonly<Record<string, string>>;

const ROOT = resolve(import.meta.dirname, '..');
const { serveFile } = (await import(pathToFileURL(join(ROOT, 'scripts/lib/static-file.mjs')).href)) as {
  serveFile: (request: IncomingMessage, response: ServerResponse, path: string, headers: Headers) => Promise<boolean>;
};
const { modelsFolder } = (await import(pathToFileURL(join(ROOT, 'scripts/lib/paths.mjs')).href)) as {
  modelsFolder: () => string;
};
const DOCUMENT = readFileSync(join(ROOT, 'docs/ELEMENT.md'), 'utf8');
const REAL_MODEL = 'SmolLM2-135M-Instruct.Q4_1.gguf';
/** Its header has 1.8 MB. */
const MODEL_BEGINNING_BYTES = 4_000_000;

/** Runs before the element: what it tells, and what the policy refused. */
const LISTEN = `
globalThis.heard = [];
globalThis.refused = [];
for (const name of ['progress', 'ready', 'message', 'delta', 'finish', 'error', 'state']) {
  document.addEventListener('forgelight-' + name, () => heard.push(name));
}
addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => refused.push(violatedDirective + ' ' + blockedURI));
`;

/** The policy that docs/ELEMENT.md names `name`, with the origins of a test in place of its examples. */
export function documentedPolicy(name: string, origins: Readonly<Record<string, string>>): string {
  const [, policy] = new RegExp(`<!-- policy: ${name} -->\\n\`\`\`\\n(.+)\\n\`\`\``).exec(DOCUMENT) ?? [];
  if (policy === undefined) throw new Error(`docs/ELEMENT.md has no policy ${name}.`);
  return Object.entries(origins).reduce((text, [example, origin]) => text.replaceAll(example, origin), policy);
}

/** A web developer's own site: one page with one tag, the built library, and the beginning of a model of 94 MiB, all sent with one policy. */
export class PolicySite {
  /** Transfers of the model that are under way. */
  openModels = 0;
  readonly origin: string;

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    private readonly policy: string,
    private readonly page: string,
  ) {
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => void this.answer(request, response).catch(() => response.destroy()));
  }

  static async start({ policy, script, src }: Record<'policy' | 'script' | 'src', string>): Promise<PolicySite> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const page = `<!doctype html><html lang="en"><title>A page</title><script src="/listen.js"></script>
      <script type="module" src="${script}"></script>
      <forgelight-chat src="${src}" temperature="0" context-length="64"></forgelight-chat></html>`;
    return new PolicySite(server, policy, page);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = { 'content-security-policy': this.policy };
    const path = (request.url ?? '').replace(/[?#].*$/, '');
    if (path === '/') return void response.writeHead(200, { ...headers, 'content-type': 'text/html' }).end(this.page);
    if (path === '/listen.js') {
      return void response.writeHead(200, { ...headers, 'content-type': 'text/javascript' }).end(LISTEN);
    }
    if (path === '/model.gguf') return this.beginModel(request, response, headers);
    const file = join(ROOT, 'dist/lib', path.replace(/^\/lib\//, ''));
    if (!(await serveFile(request, response, file, headers))) response.writeHead(404).end();
  }

  /** The beginning alone: whoever wants more waits for ever. */
  private beginModel(request: IncomingMessage, response: ServerResponse, headers: Headers): void {
    const path = join(modelsFolder(), REAL_MODEL);
    response.writeHead(200, {
      ...headers,
      'content-type': 'application/octet-stream',
      'content-length': statSync(path).size,
    });
    if (request.method === 'HEAD') return void response.end();
    this.openModels += 1;
    response.on('close', () => (this.openModels -= 1));
    createReadStream(path, { end: MODEL_BEGINNING_BYTES - 1 }).pipe(response, { end: false });
  }
}

/** What the page's policy refused so far, in the page and in its workers. */
export async function refusedOf(page: Page, log: readonly string[]): Promise<readonly string[]> {
  const refused = await page.evaluate(() => (globalThis as unknown as { refused: readonly string[] }).refused);
  return [...refused, ...log.filter((text) => /Content Security Policy|Trusted ?(Type|Script)/i.test(text))];
}

/** Messages of the page's console, and of its workers'. */
export function consoleOf(page: Page): readonly string[] {
  const log: string[] = [];
  page.on('console', (message) => log.push(message.text()));
  page.on('pageerror', ({ message }) => log.push(message));
  // A worker's own imports are refused without a word.
  page.on('requestfailed', (request) => {
    if (request.failure()?.errorText === 'csp') log.push(`Content Security Policy: ${request.url()}`);
  });
  return log;
}
