import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { EngineInfo } from '../client/index';
import { baseStyles, controlStyles } from '../element/styles';
import { dialogStyles } from './dialog-styles';
import { ICONS } from './icons';
import { TEXT } from './messages';

/** A button, and the dialog behind it: what this machine can do, or the program on it that answers. Its content is fetched when it is opened first. */
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
        position: sticky;
        top: -0.6rem;
        z-index: 1;
        display: flex;
        align-items: center;
        justify-content: space-between;
        margin: -0.6rem -1.2rem 0;
        padding: 0.6rem 0.7rem 0.3rem 1.2rem;
        background: var(--paper);
      }
      h2 {
        margin: 0;
        font-size: 1.0625rem;
        line-height: 1.3;
        text-wrap: balance;
      }
      p {
        color: var(--danger);
      }
    `,
  ];

  @property() view: 'machine' | 'bridge' = 'machine';
  /** Of the engine that answers now. */
  @property({ attribute: false }) info: EngineInfo | null = null;
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
    const { view } = this;
    const text = TEXT[view];
    return html`
      <button
        type="button"
        class="quiet small"
        data-testid=${view}
        aria-haspopup="dialog"
        @click=${() => void this.#open()}
      >
        ${text.title}
      </button>
      <dialog
        closedby="any"
        aria-labelledby="title"
        data-testid="${view}-dialog"
        @close=${() => this.#closed()}
        @model-chosen=${() => this.#dialog?.close()}
      >
        <div class="head">
          <h2 id="title">${text.title}</h2>
          <button type="button" class="quiet icon" aria-label=${text.close} @click=${() => this.#dialog?.close()}>
            ${ICONS.close}
          </button>
        </div>
        ${this.shown === 'view' ? this.#renderView() : nothing}
        ${this.shown === 'missing' ? html`<p>${TEXT.model.partMissing}</p>` : nothing}
      </dialog>
    `;
  }

  #renderView(): TemplateResult {
    if (this.view === 'machine') return html`<machine-view></machine-view>`;
    return html`<bridge-view .info=${this.info}></bridge-view>`;
  }

  #closed(): void {
    this.renderRoot.querySelector('bridge-view')?.leave();
    this.shown = 'nothing';
  }

  async #open(): Promise<void> {
    this.#dialog?.showModal();
    try {
      await (this.view === 'machine' ? import('./machine-view') : import('./bridge-view'));
      this.shown = 'view';
    } catch {
      this.shown = 'missing';
    }
  }
}

/** The buttons of what this computer has. */
export function renderMachine(info: EngineInfo | null): TemplateResult {
  return html`
    <machine-button view="bridge" .info=${info}></machine-button>
    <machine-button></machine-button>
  `;
}

declare global {
  interface HTMLElementTagNameMap {
    'machine-button': MachineButton;
  }
}
