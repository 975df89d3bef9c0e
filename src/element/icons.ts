import { svg } from 'lit';
import type { SVGTemplateResult } from 'lit';

/** Decorative line icons, 24 units square, in the colour of the text around them. The button around one carries the name. */
export const icon = (paths: SVGTemplateResult): SVGTemplateResult => svg`
  <svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.8"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${paths}</svg>`;

export const ICONS = {
  send: icon(svg`<path d="M12 19V5m-6 6 6-6 6 6" />`),
  stop: icon(svg`<rect x="7" y="7" width="10" height="10" rx="1.5" fill="currentColor" stroke="none" />`),
  copy: icon(svg`<rect x="9" y="9" width="11" height="11" rx="2" /><path d="M5 15V6a2 2 0 0 1 2-2h8" />`),
  down: icon(svg`<path d="M12 5v14m-6-6 6 6 6-6" />`),
  warning: icon(svg`<path d="M12 4 2.8 19.5h18.4zM12 10v4.5m0 2.6v.1" />`),
  retry: icon(svg`<path d="M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6" />`),
  edit: icon(svg`<path d="M4 20h4L19 9l-4-4L4 16zM13 7l4 4" />`),
  done: icon(svg`<path d="m5 12.5 4.5 4.5L19 7.5" />`),
  previous: icon(svg`<path d="m14 7-5 5 5 5" />`),
  next: icon(svg`<path d="m10 7 5 5-5 5" />`),
} as const;
