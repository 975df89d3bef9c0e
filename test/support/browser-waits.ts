import { vi } from 'vitest';

/** Waits until `check` holds: components render in their own time. */
export async function until(check: () => boolean): Promise<void> {
  await vi.waitUntil(check, { timeout: 30_000, interval: 20 });
}

/** The focused element, through shadow roots. */
export function deepFocus(): Element | null {
  let focused = document.activeElement;
  while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
  return focused;
}
