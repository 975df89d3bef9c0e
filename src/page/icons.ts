import { svg } from 'lit';
import type { SVGTemplateResult } from 'lit';

/** Decorative line icons, 24 units square, in the colour of the text around them. The button around one carries the name. */
const icon = (paths: SVGTemplateResult): SVGTemplateResult => svg`
  <svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.8"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${paths}</svg>`;

export const ICONS = {
  send: icon(svg`<path d="M12 19V5m-6 6 6-6 6 6" />`),
  stop: icon(svg`<rect x="7" y="7" width="10" height="10" rx="1.5" fill="currentColor" stroke="none" />`),
  plus: icon(svg`<path d="M12 5v14M5 12h14" />`),
  system: icon(
    svg`<circle cx="12" cy="12" r="8.5" /><path d="M12 3.5a8.5 8.5 0 0 1 0 17z" fill="currentColor" stroke="none" />`,
  ),
  light: icon(
    svg`<circle cx="12" cy="12" r="4" /><path d="M12 3v2m0 14v2M3 12h2m14 0h2M5.6 5.6 7 7m10 10 1.4 1.4m0-12.8L17 7M7 17l-1.4 1.4" />`,
  ),
  dark: icon(svg`<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z" />`),
  copy: icon(svg`<rect x="9" y="9" width="11" height="11" rx="2" /><path d="M5 15V6a2 2 0 0 1 2-2h8" />`),
  down: icon(svg`<path d="M12 5v14m-6-6 6 6 6-6" />`),
  chevron: icon(svg`<path d="m7 10 5 5 5-5" />`),
  close: icon(svg`<path d="M6 6l12 12M18 6 6 18" />`),
  file: icon(svg`<path d="M13 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V9z" /><path d="M13 3v6h6" />`),
  warning: icon(svg`<path d="M12 4 2.8 19.5h18.4zM12 10v4.5m0 2.6v.1" />`),
  pause: icon(svg`<path d="M9 6v12M15 6v12" />`),
  retry: icon(svg`<path d="M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6" />`),
} as const;

/** A spark in a forge: the page's mark. */
export const LOGO = svg`
  <svg viewBox="0 0 24 24" width="26" height="26" aria-hidden="true">
    <path class="ember" d="M12 1.8c.9 4.9 3.1 7.1 8 8-4.9.9-7.1 3.1-8 8-.9-4.9-3.1-7.1-8-8 4.9-.9 7.1-3.1 8-8z" />
    <path class="anvil" d="M5 20.6h14" />
  </svg>`;
