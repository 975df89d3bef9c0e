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
  settings: icon(
    svg`<path d="M4 8h8m5 0h3M4 16h3m5 0h8" /><circle cx="14.5" cy="8" r="2.5" /><circle cx="9.5" cy="16" r="2.5" />`,
  ),
  keyboard: icon(
    svg`<rect x="3" y="6" width="18" height="12" rx="2.5" /><path d="M7 10h.01M10.5 10h.01M14 10h.01M17 10h.01M8 14h8" />`,
  ),
  menu: icon(svg`<path d="M4 7h16M4 12h16M4 17h10" />`),
  search: icon(svg`<circle cx="11" cy="11" r="6.5" /><path d="m16 16 4.5 4.5" />`),
  trash: icon(svg`<path d="M4.5 7h15M9.5 7V4.5h5V7M6.5 7l.8 12.5h9.4L17.5 7M10.3 11v5m3.4-5v5" />`),
  export: icon(svg`<path d="M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 19.5h14" />`),
  import: icon(svg`<path d="M12 15V4M7.5 8.5 12 4l4.5 4.5M5 19.5h14" />`),
  more: icon(svg`<path d="M6 12h.01M12 12h.01M18 12h.01" stroke-width="2.6" />`),
  file: icon(svg`<path d="M13 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V9z" /><path d="M13 3v6h6" />`),
  share: icon(
    svg`<path d="M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1" />`,
  ),
  pause: icon(svg`<path d="M9 6v12M15 6v12" />`),
} as const;

/** A spark in a forge: the page's mark. */
export const LOGO = svg`
  <svg viewBox="0 0 24 24" width="26" height="26" aria-hidden="true">
    <path class="ember" d="M12 1.8c.9 4.9 3.1 7.1 8 8-4.9.9-7.1 3.1-8 8-.9-4.9-3.1-7.1-8-8 4.9-.9 7.1-3.1 8-8z" />
    <path class="anvil" d="M5 20.6h14" />
  </svg>`;
