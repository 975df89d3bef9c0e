import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { failureOf, type Failure } from '../element/failure';
import { baseStyles, controlStyles } from '../element/styles';
import { emit } from './events';
import { machineGroups, machineText, type FactGroup, type MachineFacts } from './machine-report';
import { MACHINE_PORTS, type MachinePorts } from './machine-tools';
import { MACHINE_TEXT } from './machine-messages';

/** What this machine can do: looked at when it is shown, measured when that is asked for. */
@customElement('machine-view')
export class MachineView extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    css`
      p {
        margin: 0;
        color: var(--ink-soft);
        font-size: 0.9375rem;
      }
      h3 {
        margin: 1.1rem 0 0.3rem;
        font-size: 0.9375rem;
      }
      dl {
        display: grid;
        grid-template-columns: minmax(7rem, 2fr) minmax(0, 5fr);
        margin: 0;
        border-top: 1px solid var(--line);
        font-size: 0.875rem;
      }
      dl > div {
        display: grid;
        grid-column: 1 / -1;
        grid-template-columns: subgrid;
        column-gap: 1rem;
        padding: 0.35rem 0;
        border-bottom: 1px solid var(--line);
      }
      dt {
        color: var(--ink-soft);
        overflow-wrap: anywhere;
      }
      dd {
        margin: 0;
        font-variant-numeric: tabular-nums;
        overflow-wrap: anywhere;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem;
        margin-top: 1.1rem;
      }
      forgelight-error {
        margin-top: 0.8rem;
      }
      textarea {
        width: 100%;
        height: 8rem;
        margin-top: 0.8rem;
        padding: 0.6rem 0.8rem;
        border: 1px solid var(--line-strong);
        border-radius: var(--radius-small);
        background: var(--surface);
        color: var(--ink);
        font: 0.8125rem/1.5 var(--font-code);
      }
    `,
  ];

  @property({ attribute: false }) ports: MachinePorts = MACHINE_PORTS;
  @state() private facts: MachineFacts | null = null;
  @state() private failure: Failure | null = null;
  @state() private said = '';
  @state() private isToCopy = false;
  @state() private measuring: AbortController | null = null;
  #looking = new AbortController();

  override connectedCallback(): void {
    super.connectedCallback();
    this.#looking = new AbortController();
    void this.#look(this.#looking);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#looking.abort();
    this.#stop();
  }

  protected override render(): TemplateResult {
    const { facts, failure } = this;
    const text = MACHINE_TEXT;
    if (facts === null) {
      return failure === null
        ? html`<p role="status">${text.looking}</p>`
        : html`<forgelight-error .failure=${failure}></forgelight-error>`;
    }
    const { graphics } = facts;
    return html`
      <p>${text.hint}</p>
      ${graphics.ok ? nothing : html`<forgelight-error .failure=${graphics.failure}></forgelight-error>`}
      ${machineGroups(facts).map(renderGroup)}
      ${failure === null ? nothing : html`<forgelight-error .failure=${failure}></forgelight-error>`}
      <div class="buttons">
        <button type="button" data-testid="copy-report" @click=${() => void this.#copy(facts)}>${text.copy}</button>
        ${graphics.ok ? this.#renderMeasure(facts) : nothing}
        <p role="status" data-testid="machine-says">${this.said}</p>
      </div>
      ${
        this.isToCopy
          ? html`<textarea
              readonly
              aria-label=${text.report}
              .value=${machineText(facts)}
              @focus=${selectAll}
            ></textarea>`
          : nothing
      }
    `;
  }

  #renderMeasure(facts: MachineFacts): TemplateResult {
    const text = MACHINE_TEXT;
    return this.measuring === null
      ? html`<button type="button" data-testid="measure" @click=${() => void this.#measure(facts)}>
          ${text.measure}
        </button>`
      : html`<button type="button" data-testid="stop-measuring" @click=${() => this.#stop()}>${text.stop}</button>`;
  }

  async #look(looking: AbortController): Promise<void> {
    try {
      const facts = await this.ports.look(looking.signal);
      if (this.#looking === looking) this.facts = facts;
    } catch (error) {
      if (!looking.signal.aborted) this.failure = failureOf(error);
    }
  }

  async #measure(facts: MachineFacts): Promise<void> {
    const measuring = new AbortController();
    this.measuring = measuring;
    this.failure = null;
    this.said = MACHINE_TEXT.measuring;
    try {
      const bandwidth = await this.ports.measure(measuring.signal);
      if (this.measuring !== measuring) return;
      this.facts = { ...facts, bandwidth };
      this.said = MACHINE_TEXT.measured;
    } catch (error) {
      // Stopped: what comes after is nobody's news.
      if (this.measuring !== measuring) return;
      this.failure = failureOf(error);
      this.said = '';
    }
    this.measuring = null;
  }

  #stop(): void {
    if (this.measuring === null) return;
    this.measuring.abort();
    this.measuring = null;
    this.said = MACHINE_TEXT.stopped;
  }

  async #copy(facts: MachineFacts): Promise<void> {
    try {
      await this.ports.copy(machineText(facts));
      this.said = MACHINE_TEXT.copied;
    } catch {
      // The browser may refuse: then the report is there to be copied by hand.
      this.isToCopy = true;
      this.said = MACHINE_TEXT.copyByHand;
    }
    emit(this, 'announced', this.said);
  }
}

function renderGroup({ title, facts }: FactGroup): TemplateResult {
  return html`<h3>${title}</h3>
    <dl>
      ${facts.map(
        ([term, value]) =>
          html`<div>
            <dt>${breakable(term)}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>`;
}

/** Names of limits are long and have no blanks: they break before a capital letter. */
function breakable(term: string): readonly (TemplateResult | string)[] {
  return term.split(/(?<=[a-z])(?=[A-Z])/).map((part, index) => (index === 0 ? part : html`<wbr />${part}`));
}

function selectAll({ target }: Event): void {
  if (target instanceof HTMLTextAreaElement) target.select();
}

declare global {
  interface HTMLElementTagNameMap {
    'machine-view': MachineView;
  }
}
