import type { Page } from '@playwright/test';

/** Where the built library is, on another origin than the page's. */
export function libraryUrl(metadata: Record<string, unknown>): string {
  return `${String(metadata['otherOrigin'])}/lib/index.js`;
}

/** Opens an empty page of the page server's origin: a web developer's own site, with no policy of ours. */
export async function openBlankPage(page: Page): Promise<void> {
  await page.route('**/blank.html', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>blank</title>' }));
  await page.goto('/blank.html');
}
