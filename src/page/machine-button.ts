import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { EngineInfo } from '../client/index';
import { baseStyles, controlStyles } from '../element/styles';
import './dialog-status';
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
        margin: -0.6rem -1.2rem 0;
        padding: 0.6rem 0.7rem 0.3rem 1.2rem;
      }
      p {
        color: var(--danger);
      }
    `,
  ];

  @property() view: 'machine' | 'bridge' = 'machine';
  /** Of the engine that answers now. */
  @property({ attribute: false }) info: EngineInfo | null = null;
  /** What the page says: told in here while this is open. */
  @property() announced = '';
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
        <dialog-status .announced=${this.announced}></dialog-status>
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
export function renderMachine(info: EngineInfo | null, announced: string): TemplateResult {
  return html`
    <machine-button view="bridge" .info=${info} .announced=${announced}></machine-button>
    <machine-button .announced=${announced}></machine-button>
  `;
}

declare global {
  interface HTMLElementTagNameMap {
    'machine-button': MachineButton;
  }
}
