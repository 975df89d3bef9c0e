import type { Page } from '@playwright/test';
import { installCrowd } from './crowd';
import { INSTALL_PROBE } from './probe';

/** Where the built library is, on another origin than the page's. */
export function libraryUrl(metadata: Record<string, unknown>): string {
  return `${String(metadata['otherOrigin'])}/lib/index.js`;
}

/** For journeys to which it does not matter which kernels are the fastest: the plainest, without a probe. */
export const PLAIN_KERNELS = { matvec: 'rows' } as const;

/** Opens an empty page: a web developer's own site. A real file: browsers treat made-up answers as another network. */
export async function openBlankPage(page: Page, origin = ''): Promise<void> {
  await page.goto(`${origin}/fixtures/blank.html`);
}

/** An empty page with the library's exports, `crowd` and `probe` as globals. Returns the library's address. */
export async function useLibrary(page: Page, metadata: Record<string, unknown>): Promise<string> {
  const library = libraryUrl(metadata);
  await openBlankPage(page);
  await page.evaluate(installCrowd);
  await page.evaluate(INSTALL_PROBE);
  await page.evaluate(async (url) => Object.assign(globalThis, await import(url)), library);
  return library;
}
