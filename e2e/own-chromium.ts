import { type ChildProcess, spawn } from 'node:child_process';
import { rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type TestInfo } from '@playwright/test';

const START_MS = 60_000;

/** A folder for a profile that outlives the browsers which use it; gone when the test is. */
export async function withProfile(work: (profile: string) => Promise<void>): Promise<void> {
  const profile = await mkdtemp(join(tmpdir(), 'forgelight-profile-'));
  try {
    await work(profile);
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** A Chromium of our own over a profile on disk, which can be killed as a crash kills it. */
export class OwnChromium {
  private constructor(
    private readonly child: ChildProcess,
    private readonly browser: Browser,
    private readonly ended: Promise<void>,
  ) {}

  /** `project`: how the other journeys' browser is started. */
  static async start(profile: string, { use }: TestInfo['project']): Promise<OwnChromium> {
    const { executablePath = chromium.executablePath(), args = [] } = use.launchOptions ?? {};
    const flags = [...args, `--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank'];
    // A process group of its own, so that all of its processes die at once.
    const child = spawn(executablePath, flags, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    try {
      const browser = await chromium.connectOverCDP(await debuggingAddress(child));
      return new OwnChromium(child, browser, ended);
    } catch (error) {
      killGroup(child);
      throw error;
    }
  }

  get context(): BrowserContext {
    const [context] = this.browser.contexts();
    if (context === undefined) throw new Error('the browser has no context');
    return context;
  }

  /** SIGKILL to every process of it: nothing is written any more. */
  async kill(): Promise<void> {
    killGroup(this.child);
    await this.ended;
    await this.browser.close().catch(() => undefined);
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Chromium says it on its standard error. */
async function debuggingAddress({ stderr }: ChildProcess): Promise<string> {
  if (stderr === null) throw new Error('the browser has no standard error');
  let said = '';
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the browser did not start:\n${said}`)), START_MS);
    stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const address = /^DevTools listening on (ws:\S+)/m.exec(said)?.[1];
      if (address === undefined) return;
      clearTimeout(timer);
      resolve(address);
    });
    stderr.once('close', () => reject(new Error(`the browser ended before it was ready:\n${said}`)));
  });
}
