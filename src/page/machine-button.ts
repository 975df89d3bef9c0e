import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { baseStyles, controlStyles, dialogStyles } from '../element/styles';
import { ICONS } from './icons';
import { TEXT } from './messages';

/** A button, and the dialog behind it that says what this machine can do; its content is fetched when it is opened first. */
@customElement('machine-button')
export class MachineButton extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    dialogStyles,
    css`
      dialog {
        padding: 0.6rem 1.2rem 1.2rem;
      }
      .head {
        display: flex;
        align-items: center;
        justify-content: space-between;
        margin-right: -0.5rem;
      }
      h2 {
        margin: 0;
        font-size: 1.0625rem;
      }
      p {
        color: var(--danger);
      }
    `,
  ];

  @state() private shown: 'nothing' | 'view' | 'missing' = 'nothing';

  constructor() {
    super();
    // Escape closes the dialog, and does not stop an answer behind it.
    this.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.#dialog?.open === true) event.stopPropagation();
    });
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog');
  }

  protected override render(): TemplateResult {
    const text = TEXT.machine;
    return html`
      <button
        type="button"
        class="quiet small"
        data-testid="machine"
        aria-haspopup="dialog"
        @click=${() => void this.#open()}
      >
        ${text.title}
      </button>
      <dialog
        closedby="any"
        aria-labelledby="title"
        data-testid="machine-dialog"
        @close=${() => (this.shown = 'nothing')}
      >
        <div class="head">
          <h2 id="title">${text.title}</h2>
          <button type="button" class="quiet icon" aria-label=${text.close} @click=${() => this.#dialog?.close()}>
            ${ICONS.close}
          </button>
        </div>
        ${this.shown === 'view' ? html`<machine-view></machine-view>` : nothing}
        ${this.shown === 'missing' ? html`<p>${TEXT.model.partMissing}</p>` : nothing}
      </dialog>
    `;
  }

  async #open(): Promise<void> {
    this.#dialog?.showModal();
    try {
      await import('./machine-view');
      this.shown = 'view';
    } catch {
      this.shown = 'missing';
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'machine-button': MachineButton;
  }
}
