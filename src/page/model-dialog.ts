import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { baseStyles, controlStyles } from '../element/styles';
import './dialog-status';
import { dialogStyles } from './dialog-styles';
import { ICONS } from './icons';
import type { Library } from './library';
import { renderMachine } from './machine-button';
import { TEXT } from './messages';
import { emit } from './events';
import './model-card';
import type { ReadyModel } from './page-state';

/** The model that is loaded, over the page: what it is, a link to it, what this machine can do, and the ways to another one. */
@customElement('model-dialog')
export class ModelDialog extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    dialogStyles,
    css`
      .foot {
        display: flex;
        flex-wrap: wrap;
        align-items: start;
        justify-content: space-between;
        gap: 0.5rem;
        padding: 0.8rem 0.3rem 0.2rem;
      }
    `,
  ];

  @property({ attribute: false }) model: ReadyModel | null = null;
  @property({ attribute: false }) library: Library | null = null;
  /** The system prompt that goes into a link. */
  @property() system = '';
  /** What the page says: told in here while this is open. */
  @property() announced = '';
  @query('dialog') private readonly dialog: HTMLDialogElement | null | undefined;

  show(): void {
    this.dialog?.showModal();
    // What is not there yet shows nothing.
    import('./share-action').catch(() => emit(this, 'announced', TEXT.model.partMissing));
  }

  /** Before it is taken away, too: the focus goes back to what had it, which it does not from an open dialog that is removed. */
  close(): void {
    this.dialog?.close();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { model } = this;
    if (model === null) return nothing;
    return html`
      <dialog closedby="any" aria-labelledby="title" data-testid="model-dialog">
        <div class="head">
          <h2 id="title">${TEXT.model.title}</h2>
          <button type="button" class="quiet icon" aria-label=${TEXT.model.close} @click=${this.close}>
            ${ICONS.close}
          </button>
        </div>
        <model-card .model=${model} .library=${this.library}></model-card>
        <div class="foot">
          <share-action .choice=${model.choice} .system=${this.system}></share-action>
          ${renderMachine(model.info, this.announced)}
        </div>
        <dialog-status .announced=${this.announced}></dialog-status>
      </dialog>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'model-dialog': ModelDialog;
  }
}
