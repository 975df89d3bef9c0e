import type { TemplateResult } from 'lit';
import { css, html, LitElement } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import './dialog-status';
import { ICONS } from './icons';
import { TEXT } from './messages';
import { baseStyles, controlStyles } from '../element/styles';

/**
 * A window over the page, with a heading and a button that closes it; what is in it goes into its slot. The browser keeps the focus in
 * it, closes it at Escape and at a click beside it, and gives the focus back. Tells `dialog-closed`.
 */
@customElement('page-dialog')
export class PageDialog extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    css`
      :host {
        display: contents;
      }
      dialog {
        width: min(34rem, calc(100vw - 2rem));
        max-height: min(46rem, calc(100dvh - 2rem));
        padding: 0;
        border: 1px solid var(--line);
        border-radius: calc(var(--radius) + 0.5rem);
        background: var(--surface);
        color: inherit;
        box-shadow: var(--shadow);
        overflow: hidden;
      }
      dialog[open] {
        display: flex;
        flex-direction: column;
      }
      dialog::backdrop {
        background: light-dark(#0006, #000a);
      }
      .head {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 0.5rem;
        padding: 0.6rem 0.6rem 0.6rem 1.4rem;
        border-bottom: 1px solid var(--line);
      }
      h2 {
        margin: 0;
        font-size: 1.0625rem;
        font-weight: 650;
        line-height: 1.3;
      }
      .icon {
        flex: none;
      }
      .body {
        padding: 1.1rem clamp(1rem, 4vw, 1.4rem) 1.4rem;
        overflow-y: auto;
        scrollbar-width: thin;
        scrollbar-color: var(--line-strong) transparent;
        overscroll-behavior: contain;
      }
      .body:focus-visible {
        outline-offset: -2px;
      }
    `,
  ];

  @property() heading = '';
  @property() closeLabel: string = TEXT.model.close;
  /** What the page says: told in here while this is open. */
  @property() announced = '';
  @query('dialog') private readonly dialog: HTMLDialogElement | null | undefined;

  get open(): boolean {
    return this.dialog?.open === true;
  }

  async show(): Promise<void> {
    await this.updateComplete;
    if (!this.open) this.dialog?.showModal();
  }

  close(): void {
    this.dialog?.close();
  }

  protected override render(): TemplateResult {
    return html`
      <dialog closedby="any" aria-labelledby="heading" @close=${this.#closed}>
        <div class="head">
          <h2 id="heading">${this.heading}</h2>
          <button
            type="button"
            class="quiet icon"
            aria-label=${this.closeLabel}
            data-testid="dialog-close"
            @click=${this.close}
          >
            ${ICONS.close}
          </button>
        </div>
        <div class="body"><slot></slot></div>
        <dialog-status .announced=${this.announced}></dialog-status>
      </dialog>
    `;
  }

  #closed(): void {
    this.dispatchEvent(new CustomEvent('dialog-closed'));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'page-dialog': PageDialog;
  }
}
