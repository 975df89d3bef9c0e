import type { PropertyValues, TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Message } from '../element/chat-types';
import { baseStyles } from '../element/styles';
import { contextUse, type ContextUse } from './context-use';
import { emit } from './events';
import { TEXT } from './messages';

/** How full the model's context is. Says so in the page's status node when it gets near the end, and once more when it is full. */
@customElement('context-meter')
export class ContextMeter extends LitElement {
  static override styles = [
    baseStyles,
    css`
      .line {
        display: flex;
        align-items: center;
        justify-content: flex-end;
        gap: 0.5rem;
        color: var(--ink-soft);
        font-size: 0.8125rem;
        line-height: 1.4;
        font-variant-numeric: tabular-nums;
      }
      .track {
        flex: none;
        width: 4.5rem;
        height: 0.5rem;
        border: 1px solid var(--line-strong);
        border-radius: 99px;
        overflow: hidden;
      }
      .fill {
        height: 100%;
        background: var(--accent);
        transition: inline-size 200ms;
      }
      p {
        margin: 0.2rem 0 0;
        font-size: 0.875rem;
        text-align: right;
        text-wrap: balance;
      }
      [data-level='near'] .fill,
      [data-level='full'] .fill {
        background: var(--danger);
      }
      [data-level='full'] p {
        color: var(--danger);
      }
      @media (forced-colors: active) {
        .fill {
          forced-color-adjust: none;
          background: CanvasText !important;
        }
      }
    `,
  ];

  @property({ attribute: false }) messages: readonly Message[] = [];
  /** Tokens that the model's context holds. */
  @property({ type: Number }) contextLength = 0;
  #use: ContextUse | null = null;
  #level: ContextUse['level'] = 'roomy';

  protected override willUpdate(): void {
    this.#use = this.contextLength > 0 ? contextUse(this.messages, this.contextLength) : null;
  }

  protected override updated(changed: PropertyValues<this>): void {
    const level = this.#use?.level ?? 'roomy';
    const before = this.#level;
    this.#level = level;
    // Of a conversation that is opened people read it; what happens while they write is said.
    const isSameChat = changed.has('messages') && changed.get('messages')?.[0]?.id === this.messages[0]?.id;
    if (isSameChat && level !== before && level !== 'roomy') emit(this, 'announced', TEXT.context[level]);
  }

  protected override render(): TemplateResult | typeof nothing {
    const use = this.#use;
    if (use === null) return nothing;
    const { tokens, contextLength, isEstimate, level } = use;
    const text = TEXT.context;
    const told = text.use(tokens, contextLength, isEstimate);
    return html`
      <div data-level=${level} data-testid="context" title=${text.help}>
        <div class="line">
          <span aria-hidden="true">${told}</span>
          <div
            class="track"
            role="meter"
            aria-label=${text.title}
            aria-valuemin="0"
            aria-valuemax=${contextLength}
            aria-valuenow=${tokens}
            aria-valuetext=${told}
          >
            <div class="fill" .style=${`inline-size: ${(100 * tokens) / contextLength}%`}></div>
          </div>
        </div>
        ${level === 'roomy' ? nothing : html`<p data-testid="context-warning">${text[level]}</p>`}
      </div>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'context-meter': ContextMeter;
  }
}
