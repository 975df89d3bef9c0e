import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { baseStyles, controlStyles } from '../element/styles';
import { emit } from './events';
import type { Refused } from './page-state';
import { REFUSED_TEXT } from './refused-messages';

/** A model that was chosen in place of the one that answers, and cannot be loaded: why, and that nothing was lost. */
@customElement('refused-choice')
export class RefusedChoice extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    css`
      section {
        display: grid;
        gap: 0.5rem;
        margin-bottom: 0.6rem;
      }
      p {
        margin: 0;
        overflow-wrap: anywhere;
      }
    `,
  ];

  @property({ attribute: false }) refused: Refused | null = null;
  /** The name of the model that stays. */
  @property() present = '';

  protected override render(): TemplateResult | typeof nothing {
    if (this.refused === null) return nothing;
    const { name, failure } = this.refused;
    return html`
      <section aria-labelledby="stays" data-testid="refused">
        <p id="stays">${REFUSED_TEXT.stays(name, this.present)}</p>
        <forgelight-error .failure=${failure}>
          <button type="button" data-testid="refused-close" @click=${() => emit(this, 'refused-read', null)}>
            ${REFUSED_TEXT.close}
          </button>
        </forgelight-error>
      </section>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'refused-choice': RefusedChoice;
  }
}
