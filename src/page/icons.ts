import { svg } from 'lit';
import { icon, ICONS as PART_ICONS } from '../element/icons';

/** All that the page uses. */
export const ICONS = {
  ...PART_ICONS,
  plus: icon(svg`<path d="M12 5v14M5 12h14" />`),
  system: icon(
    svg`<circle cx="12" cy="12" r="8.5" /><path d="M12 3.5a8.5 8.5 0 0 1 0 17z" fill="currentColor" stroke="none" />`,
  ),
  light: icon(
    svg`<circle cx="12" cy="12" r="4" /><path d="M12 3v2m0 14v2M3 12h2m14 0h2M5.6 5.6 7 7m10 10 1.4 1.4m0-12.8L17 7M7 17l-1.4 1.4" />`,
  ),
  dark: icon(svg`<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z" />`),
  chevron: icon(svg`<path d="m7 10 5 5 5-5" />`),
  close: icon(svg`<path d="M6 6l12 12M18 6 6 18" />`),
  file: icon(svg`<path d="M13 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V9z" /><path d="M13 3v6h6" />`),
  pause: icon(svg`<path d="M9 6v12M15 6v12" />`),
} as const;

/** A spark in a forge: the page's mark. */
export const LOGO = svg`
  <svg viewBox="0 0 24 24" width="26" height="26" aria-hidden="true">
    <path class="ember" d="M12 1.8c.9 4.9 3.1 7.1 8 8-4.9.9-7.1 3.1-8 8-.9-4.9-3.1-7.1-8-8 4.9-.9 7.1-3.1 8-8z" />
    <path class="anvil" d="M5 20.6h14" />
  </svg>`;
