import type { Page } from '@playwright/test';

/** Where the built library is, on another origin than the page's. */
export function libraryUrl(metadata: Record<string, unknown>): string {
  return `${String(metadata['otherOrigin'])}/lib/index.js`;
}

/** Opens an empty page: a web developer's own site. A real file: browsers treat made-up answers as another network. */
export async function openBlankPage(page: Page): Promise<void> {
  await page.goto('/fixtures/blank.html');
}
