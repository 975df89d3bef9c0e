import type { TemplateResult } from 'lit';
import { css, html } from 'lit';
import { LOGO } from './icons';
import { TEXT } from './messages';

export const brandStyles = css`
  .brand {
    display: flex;
    align-items: center;
    gap: 0.55rem;
    margin-right: 0.5rem;
  }
  h1 {
    margin: 0;
    font-size: 1.0625rem;
    font-weight: 650;
    letter-spacing: -0.01em;
  }
  .ember {
    fill: var(--accent);
  }
  .anvil {
    fill: none;
    stroke: var(--accent);
    stroke-width: 2.2;
    stroke-linecap: round;
  }
`;

export function renderBrand(): TemplateResult {
  return html`
    <div class="brand">
      ${LOGO}
      <h1>${TEXT.appName}</h1>
    </div>
  `;
}
