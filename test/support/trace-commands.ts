import type { BrowserContext, Page } from 'playwright';
import { traceTasks, type Task } from './main-thread.ts';

// Commands of the tests in the browser, which run beside it: a page that is traced has no part in that.

interface Commands {
  readonly page: Page;
  readonly context: BrowserContext;
}

const running = new Map<Page, () => Promise<readonly Task[]>>();

export async function startTrace({ page, context }: Commands): Promise<void> {
  running.set(page, await traceTasks(await context.newCDPSession(page)));
}

export async function endTrace({ page }: Commands): Promise<readonly Task[]> {
  const end = running.get(page);
  running.delete(page);
  return (await end?.()) ?? [];
}
