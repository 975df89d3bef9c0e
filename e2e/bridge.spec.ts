import { readFileSync } from 'node:fs';
import { chromium, expect, test, type Page } from '@playwright/test';
import type { pairBridge as PairBridge } from '../src/client/bridge/pair-bridge';
import type { Engine, EngineOptions } from '../src/client/types';
import { RunningDaemon } from './daemon';
import { PLAIN_KERNELS, useLibrary } from './library';
import { useScriptedEngine } from './scripted';

// The built page and package with the built daemon. What this page's own engine answers is scripted, but where answers move into it.

declare const createEngine: (options: EngineOptions) => Promise<Engine>;
declare const pairBridge: typeof PairBridge;

const { p3 } = (JSON.parse(readFileSync('test/fixtures/zoo/llama.json', 'utf8')) as { prompts: { p3: number[] } })
  .prompts;
const MODEL = '/fixtures/zoo/llama.gguf';
const REFERENCE = 'reference';
/** The three tokens that would end an answer are forbidden. */
const ENDLESS = { 505: -100, 507: -100, 509: -100 };
let daemon: RunningDaemon;

test.beforeEach(async () => {
  daemon = await RunningDaemon.start('llama');
});
test.afterEach(() => daemon.stop());

async function state(page: Page, kind: string): Promise<void> {
  await expect(page.getByTestId('bridge-state')).toHaveAttribute('data-state', kind);
}

/** Types in the code that the terminal shows; the model is then loaded anew, by the daemon. */
async function pair(page: Page): Promise<void> {
  await state(page, 'code');
  await page.getByTestId('bridge-code').fill(await daemon.code());
  await page.getByTestId('bridge-pair').click();
  await readyOn(page, REFERENCE);
}

/** The page with the model, whose hash it knows when it has loaded it. */
function pageWith(page: string, models: string): string {
  return `${page}/?model=${encodeURIComponent(`${models}${MODEL}?sha256=${daemon.sha256}`)}`;
}

async function readyOn(page: Page, device: string): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  await expect(page.getByTestId('model-button')).toContainText(device);
}

/** Whatever the page asks the daemon is answered for as long as it may be: what is drawn may end at any token. */
async function askEndlessly(page: Page): Promise<void> {
  await page.addInitScript((logitBias) => {
    const { fetch } = globalThis;
    globalThis.fetch = (url, init) => {
      const body = init?.body;
      if (typeof url !== 'string' || !url.endsWith('/v1/engine/submit') || typeof body !== 'string') {
        return fetch(url, init);
      }
      const asked = JSON.parse(body) as { readonly request: { readonly body: Record<string, unknown> } };
      asked.request.body['logit_bias'] = logitBias;
      return fetch(url, { ...init, body: JSON.stringify(asked) });
    };
  }, ENDLESS);
}

for (const permission of ['granted', 'denied'] as const) {
  test(`a page of the internet, the way to this computer ${permission}`, async ({ baseURL: pageUrl }, { project }) => {
    const baseURL = pageUrl ?? '';
    const { launchOptions = {} } = project.use;
    const isPublic = `--ip-address-space-overrides=${new URL(baseURL).host}=public`;
    const browser = await chromium.launch({
      ...launchOptions,
      headless: false,
      args: [...(launchOptions.args ?? []), isPublic],
    });
    try {
      const context = await browser.newContext({ serviceWorkers: 'block' });
      await useScriptedEngine(context);
      const page = await context.newPage();
      await askEndlessly(page);
      const { targetInfo } = await (await context.newCDPSession(page)).send('Target.getTargetInfo');
      const session = await browser.newBrowserCDPSession();
      const allow = (setting: 'granted' | 'denied'): Promise<unknown> =>
        session.send('Browser.setPermission', {
          ...{ permission: { name: 'loopback-network' }, setting, origin: baseURL },
          ...(targetInfo.browserContextId === undefined ? {} : { browserContextId: targetInfo.browserContextId }),
        });
      await allow(permission);
      await page.goto(pageWith(baseURL, ''));
      await readyOn(page, 'scripted');
      await page.getByTestId('model-button').click();
      await page.getByTestId('bridge').click();
      await page.getByTestId('bridge-address').fill(daemon.url);
      await page.getByTestId('bridge-look').click();
      if (permission === 'denied') {
        await state(page, 'denied');
        await expect(page.getByTestId('bridge-state')).toContainText('settings');
        return;
      }
      await pair(page);
      await page.getByTestId('prompt').fill('Hello');
      await page.getByTestId('prompt').press('Enter');
      await expect(page.getByTestId('live-rate')).toHaveCount(1);
      await page.keyboard.press('Escape');
      await expect(page.getByTestId('status')).toHaveText('Answer stopped.');
      await expect(page.getByTestId('answer-details')).toContainText(/on .*reference/);

      // The permission is taken back: the page says so, and answers by itself.
      await allow('denied');
      await page.reload();
      await readyOn(page, 'scripted');
      await page.getByTestId('model-button').click();
      await expect(page.getByText('The bridge was not used')).toContainText('does not let this page');
    } finally {
      await browser.close();
    }
  });
}

test('the daemon is killed in the middle of an answer: it goes on in the page, token by token', async ({ page }, {
  config,
}) => {
  await useLibrary(page, config.metadata);
  const handle = await page.evaluateHandle((url) => pairBridge({ url }), daemon.url);
  const token = await page.evaluate(async ([pending, code]) => (await pending.finish(code)).token, [
    handle,
    await daemon.code(),
  ] as const);
  await page.exposeFunction('killDaemon', () => daemon.kill());
  const options = {
    ...{ model: MODEL, sha256: daemon.sha256, bridgeUrl: daemon.url, bridgeToken: token, maxConcurrent: 2 },
    debug: { variants: PLAIN_KERNELS },
  } satisfies EngineOptions;
  const seen = await page.evaluate(
    async ([given, prompt, logit_bias]) => {
      const engine = await createEngine(given);
      const events: string[] = [];
      for (const type of ['lost', 'restored'] as const) engine.on(type, () => events.push(type));
      // So long that the daemon is far from its end when it is killed, however late that comes.
      const body = { prompt, max_tokens: 400, temperature: 0, logit_bias };
      const read = async (
        onChunk: (count: number) => void,
      ): Promise<{ text: string; devices: string[]; tokens: number }> => {
        const stream = await engine.completions.create({
          ...body,
          stream: true,
          stream_options: { include_usage: true },
        });
        let [text, tokens, count] = ['', 0, 0];
        const devices = new Set<string>();
        for await (const chunk of stream) {
          text += chunk.choices[0]?.text ?? '';
          devices.add(chunk.device?.kind ?? 'none');
          tokens = chunk.usage?.completion_tokens ?? tokens;
          onChunk((count += 1));
        }
        return { text, devices: [...devices], tokens };
      };
      const whole = await read(() => undefined);
      const kill = Reflect.get(globalThis, 'killDaemon') as () => Promise<void>;
      const moved = await read((count) => void (count === 3 && kill()));
      const { kind } = engine.info.device;
      await engine.close();
      return { whole, moved, events, kind };
    },
    [options, p3, ENDLESS] as const,
  );
  expect(seen.whole.devices).toEqual(['reference']);
  expect(seen.moved).toEqual({ ...seen.whole, devices: ['reference', 'webgpu'] });
  expect([seen.events, seen.kind]).toEqual([['lost', 'restored'], 'webgpu']);
});

test('a page that the daemon serves finds it, hears of its end and return, and gives its token back', async ({
  page,
  context,
  baseURL,
}) => {
  await useScriptedEngine(context);
  await page.goto(pageWith(daemon.url, baseURL ?? ''));
  await readyOn(page, 'scripted');
  await page.getByTestId('model-button').click();
  await page.getByTestId('bridge').click();
  await page.getByTestId('bridge-look').click();
  await pair(page);

  // Nothing is asked meanwhile.
  await daemon.kill();
  await readyOn(page, 'scripted');
  await expect(page.getByTestId('status')).toContainText('The bridge went away; answers come from this browser');
  await daemon.again();
  await readyOn(page, REFERENCE);
  await expect(page.getByTestId('status')).toContainText('The bridge is there');

  expect(await daemon.grants()).toHaveLength(1);
  await page.getByTestId('model-button').click();
  await page.getByTestId('bridge').click();
  await page.getByTestId('bridge-forget').click();
  await expect.poll(() => daemon.grants()).toEqual([]);
  await readyOn(page, 'scripted');
});
