import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { unreachable } from '../base/assert';
import { loopbackAddress } from '../client/bridge/loopback';
import { bridgePermission, findBridge, pairBridge, unpairBridge, type EngineInfo } from '../client/index';
import { baseStyles, controlStyles } from '../element/styles';
import { BridgeDesk, type DeskPorts, type DeskState } from './bridge-desk';
import { BRIDGE_TEXT } from './bridge-messages';
import './bridge-models';
import { emit } from './events';
import { keepPairing, readPairing } from './kept-pairing';

const localStore = (): Storage => window.localStorage;

/** This browser's. A page that came from this computer may have come from the program itself. */
const DESK_PORTS: DeskPorts = {
  find: findBridge,
  pair: pairBridge,
  unpair: (pairing) => unpairBridge(pairing),
  permission: bridgePermission,
  read: () => readPairing(localStore, Date.now()),
  keep: (pairing) => void keepPairing(localStore, pairing),
  ownAddress: loopbackAddress(window.location.origin),
};

/** How this page uses the program on this computer: finding it, pairing, and what answers now. Tells `bridge-changed`. */
@customElement('bridge-view')
export class BridgeView extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    css`
      p {
        margin: 0 0 0.7rem;
        font-size: 0.9375rem;
      }
      .what,
      small {
        color: var(--ink-soft);
      }
      code {
        font: 0.875rem/1.5 var(--font-code);
        user-select: all;
      }
      label,
      small {
        display: block;
        font-size: 0.875rem;
      }
      input {
        width: 100%;
        max-width: 20rem;
        margin: 0.25rem 0;
        padding: 0.45rem 0.7rem;
        border: 1px solid var(--line-strong);
        border-radius: var(--radius-small);
        background: var(--surface);
        color: var(--ink);
        font: inherit;
      }
      .problem {
        color: var(--danger);
      }
      details {
        margin-bottom: 0.7rem;
        font-size: 0.875rem;
      }
      summary {
        width: fit-content;
        min-height: 24px;
        cursor: pointer;
      }
      .buttons {
        display: flex;
        gap: 0.5rem;
        margin-top: 0.8rem;
      }
    `,
  ];

  /** What a desk asks; tests put another world here. */
  static desk: DeskPorts = DESK_PORTS;

  /** Of the engine that answers now; `null` where there is none. */
  @property({ attribute: false }) info: EngineInfo | null = null;
  @query('input') private readonly input: HTMLInputElement | null | undefined;
  readonly #desk = new BridgeDesk(BridgeView.desk, () => this.requestUpdate());

  /** It was forgotten, and the page has not heard of that. */
  #isNews = false;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#desk.open();
  }

  protected override render(): TemplateResult {
    const text = BRIDGE_TEXT;
    const { state } = this.#desk;
    return html`
      <p class="what">${text.what}</p>
      <div role="status" data-testid="bridge-state" data-state=${state.kind}>${this.#renderStatus(state)}</div>
      ${this.#renderForm(state)}
    `;
  }

  #renderStatus(state: DeskState): TemplateResult | typeof nothing {
    const text = BRIDGE_TEXT;
    switch (state.kind) {
      case 'idle':
        if (!state.isKnownThere) return nothing;
        return html`
          <p class="problem">${text.stillKnown}</p>
          <p>${text.revoke.map((command) => html`<code>${command}</code><br />`)}</p>
        `;
      case 'not-paired':
        return html`<p class="problem">${text.notPaired}</p>`;
      case 'code':
        return nothing;
      case 'refused':
        return html`<p class="problem">${state.problem}</p>`;
      case 'looking':
        return html`<p>${state.isAsking ? text.asking : text.looking}</p>`;
      case 'denied':
        return html`<p class="problem">${text.denied}</p>`;
      case 'unreachable':
        return html`
          <p class="problem">${text.unreachable}</p>
          <details>
            <summary>${text.details}</summary>
            ${state.detail}
          </details>
        `;
      case 'paired':
        return html`
          <p><strong>${state.device === null ? text.pairedNoName : text.paired(state.device)}</strong></p>
          ${state.isAway ? html`<p class="problem">${text.away}</p>` : nothing} ${this.#renderInfo()}
        `;
      default:
        return unreachable(state);
    }
  }

  #renderInfo(): TemplateResult | typeof nothing {
    if (this.info === null) return nothing;
    const { device, notes } = this.info;
    const isHere = device.kind === 'webgpu';
    return html`
      <p>${isHere ? BRIDGE_TEXT.fellBack(device.name) : BRIDGE_TEXT.runsOn(device.name)}</p>
      ${isHere ? notes.filter((note) => note.startsWith('The bridge')).map((note) => html`<p>${note}</p>`) : nothing}
    `;
  }

  #renderForm(state: DeskState): TemplateResult {
    switch (state.kind) {
      case 'idle':
      case 'looking':
      case 'denied':
      case 'unreachable':
      case 'refused':
      case 'not-paired':
        return this.#renderLook(state);
      case 'code':
        return this.#renderCode(state.isSent, state.problem);
      case 'paired':
        return html`
          <bridge-models .info=${this.info}></bridge-models>
          <div class="buttons">
            <button type="button" class="small" data-testid="bridge-forget" @click=${this.#forget}>
              ${BRIDGE_TEXT.forget}
            </button>
          </div>
        `;
      default:
        return unreachable(state);
    }
  }

  #renderLook(state: DeskState): TemplateResult {
    const text = BRIDGE_TEXT;
    return html`
      <p>${text.start}<br /><code>${text.command}</code></p>
      <form @submit=${this.#look}>
        <label for="address">${text.address}</label>
        <input
          id="address"
          aria-describedby="help"
          data-testid="bridge-address"
          inputmode="url"
          placeholder="http://127.0.0.1:8788"
        />
        <small id="help">${text.addressHelp}</small>
        <div class="buttons">
          <button class="primary" data-testid="bridge-look" ?disabled=${state.kind === 'looking'}>
            ${state.kind === 'idle' || state.kind === 'looking' ? text.look : text.again}
          </button>
        </div>
      </form>
    `;
  }

  #renderCode(isSent: boolean, problem: string | null): TemplateResult {
    const text = BRIDGE_TEXT;
    return html`
      <form @submit=${this.#finish}>
        <label for="code">${text.code}</label>
        <input
          id="code"
          aria-describedby="help"
          aria-invalid=${problem === null ? 'false' : 'true'}
          data-testid="bridge-code"
          inputmode="numeric"
          autocomplete="one-time-code"
          maxlength="16"
        />
        <small id="help" class=${problem === null ? '' : 'problem'}>${problem ?? text.codeHelp}</small>
        <div class="buttons">
          <button class="primary" data-testid="bridge-pair" ?disabled=${isSent}>
            ${isSent ? text.pairing : text.pair}
          </button>
        </div>
      </form>
    `;
  }

  readonly #look = async (event: Event): Promise<void> => {
    event.preventDefault();
    await this.#desk.look(this.input?.value.trim() ?? '');
    await this.updateComplete;
    if (this.#desk.state.kind === 'code') this.input?.focus();
  };

  readonly #finish = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (await this.#desk.finish(this.input?.value ?? '')) emit(this, 'bridge-changed', null);
    else this.input?.focus();
  };

  readonly #forget = async (): Promise<void> => {
    this.#isNews = true;
    await this.#desk.forget();
    const { state } = this.#desk;
    // With the news this may go, where the page has to load anew: what is still to be done on the other side is read first.
    if (state.kind !== 'idle' || !state.isKnownThere) this.leave();
  };

  /** Tells what the page has not heard yet. Whoever shows this calls it before it is taken away. */
  leave(): void {
    if (this.#isNews) emit(this, 'bridge-changed', null);
    this.#isNews = false;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'bridge-view': BridgeView;
  }
}
