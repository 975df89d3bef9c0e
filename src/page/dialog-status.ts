import type { TemplateResult } from 'lit';
import { html, LitElement } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { baseStyles } from '../element/styles';

/**
 * Stands inside of a modal dialog and says what the page says while that is open: nothing outside of it is there for a screen reader then,
 * the page's own status node neither. What was said before it opened stays unsaid here.
 */
@customElement('dialog-status')
export class DialogStatus extends LitElement {
  static override styles = [baseStyles];

  /** The page's last announcement. */
  @property() announced = '';

  protected override render(): TemplateResult {
    const isNew = this.hasUpdated && this.closest('dialog')?.open === true;
    return html`<div class="visually-hidden" role="status">${isNew ? this.announced : ''}</div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'dialog-status': DialogStatus;
  }
}
