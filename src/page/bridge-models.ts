import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { listBridgeModels, type BridgeModels as Listed, type EngineInfo } from '../client/index';
import { baseStyles, controlStyles } from '../element/styles';
import { BRIDGE_TEXT } from './bridge-messages';
import { emit } from './events';
import { readPairing } from './kept-pairing';
import { choiceOfUpstream } from './upstream-choice';

/** Where the program on this computer passes requests on to another server: that server's models, each with a button that has it answer. */
@customElement('bridge-models')
export class BridgeModels extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    css`
      h3 {
        margin: 0.8rem 0 0.3rem;
        font-size: 0.9375rem;
      }
      p {
        margin: 0;
        font-size: 0.875rem;
        color: var(--ink-soft);
      }
      ul {
        max-height: 14rem;
        margin: 0;
        padding: 0;
        overflow-y: auto;
        list-style: none;
      }
      li {
        display: flex;
        gap: 0.5rem;
        align-items: center;
        justify-content: space-between;
        min-height: 2.2rem;
        font-size: 0.875rem;
        overflow-wrap: anywhere;
      }
    `,
  ];

  /** Tests ask another world. */
  static list: () => Promise<Listed | null> = async () => {
    const pairing = readPairing(() => window.localStorage, Date.now());
    return pairing === null ? null : listBridgeModels(pairing);
  };

  /** Of the engine that answers now; `null` where there is none. */
  @property({ attribute: false }) info: EngineInfo | null = null;
  @state() private listed: Listed | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    // Where it does not answer, what is beside this says so.
    BridgeModels.list().then(
      (listed) => (this.listed = listed),
      () => (this.listed = null),
    );
  }

  protected override render(): TemplateResult | typeof nothing {
    const text = BRIDGE_TEXT.models;
    if (this.listed?.backend !== 'upstream') return nothing;
    const { models } = this.listed;
    return html`
      <h3 id="title">${text.title}</h3>
      ${
        models.length === 0
          ? html`<p>${text.none}</p>`
          : html`<ul aria-labelledby="title" data-testid="bridge-models">
              ${models.map(({ model, name }) => this.#renderModel(model, name))}
            </ul>`
      }
    `;
  }

  #renderModel(model: string, name: string): TemplateResult {
    const text = BRIDGE_TEXT.models;
    const { info } = this;
    const isUsed = info?.device.kind === 'upstream' && info.model.name === model;
    return html`
      <li>
        <span>${name}</span>
        ${
          isUsed
            ? html`<strong>${text.used}</strong>`
            : html`<button
                type="button"
                class="small"
                aria-label=${text.useLabel(name)}
                @click=${() => emit(this, 'model-chosen', choiceOfUpstream(model))}
              >
                ${text.use}
              </button>`
        }
      </li>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'bridge-models': BridgeModels;
  }
}
