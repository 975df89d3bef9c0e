import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { unreachable } from '../base/assert';
import type { Clock } from '../base/clock';
import { systemClock } from '../base/system-clock';
import { formatDuration, formatTime } from './format';
import { ICONS } from './icons';
import './load-progress';
import { TEXT } from './messages';
import type { GpuState, ReadyModel } from './page-state';
import { lostText } from './page-state';
import { baseStyles } from '../element/styles';

/** Beside the composer, where it is in sight wherever the conversation is scrolled to. */
export function renderGpu(
  { choice, gpu }: ReadyModel,
  isAnswering: boolean,
  clock: Clock,
): TemplateResult | typeof nothing {
  if (gpu.kind === 'working') return nothing;
  return html`
    <gpu-notice
      .gpu=${gpu}
      .lost=${lostText(gpu)}
      .clock=${clock}
      ?answering=${isAnswering}
      ?local=${choice.local}
    ></gpu-notice>
  `;
}

/** What becomes of a GPU that was lost, while the conversation stays. Says nothing by itself: the page's status node does. */
@customElement('gpu-notice')
export class GpuNotice extends LitElement {
  static override styles = [
    baseStyles,
    css`
      .box {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 0.15rem 0.7rem;
        padding: 0.8rem 1rem;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--accent-wash);
        /* The bar's track, to be seen on this ground. */
        --sunken: var(--line);
      }
      svg {
        margin-top: 0.15rem;
        color: var(--accent);
      }
      p {
        margin: 0;
      }
      .title {
        font-weight: 600;
      }
      .body {
        grid-column: 2;
        font-size: 0.9375rem;
      }
      .countdown {
        font-variant-numeric: tabular-nums;
      }
    `,
  ];

  @property({ attribute: false }) gpu: GpuState = { kind: 'working' };
  /** What to say where it is lost. */
  @property({ attribute: false }) lost: string = TEXT.gpu.lost;
  @property({ attribute: false }) clock: Clock = systemClock;
  /** Whether an answer waits for the GPU. */
  @property({ type: Boolean }) answering = false;
  /** Whether the model's bytes come from this computer. */
  @property({ type: Boolean }) local = false;
  #cancelTick: () => void = () => undefined;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#cancelTick();
  }

  protected override updated(): void {
    this.#cancelTick();
    if (!this.isConnected || this.gpu.kind !== 'blocked') return;
    const leftMs = this.gpu.retryAtMs - this.clock.now();
    // When the shown second is over; the last one stands until the engine says how it went.
    if (leftMs > 0) this.#cancelTick = this.clock.after(leftMs % 1000 || 1000, () => this.requestUpdate());
  }

  protected override render(): TemplateResult | typeof nothing {
    const { gpu } = this;
    switch (gpu.kind) {
      case 'working':
        return nothing;
      case 'lost':
        return this.#renderBox(
          this.lost,
          gpu.isAlone && gpu.progress === null
            ? nothing
            : html`<load-progress .progress=${gpu.progress} ?local=${this.local}></load-progress>`,
        );
      case 'blocked':
        return this.#renderBox(TEXT.gpu.blocked, this.#renderCountdown(gpu.retryAtMs));
      default:
        return unreachable(gpu);
    }
  }

  #renderBox(title: string, body: TemplateResult | typeof nothing): TemplateResult {
    return html`
      <section class="box" aria-labelledby="title" data-testid="gpu-notice" data-gpu=${this.gpu.kind}>
        ${ICONS.warning}
        <p class="title" id="title">${title}</p>
        <div class="body">
          ${body} ${this.answering ? html`<p data-testid="answer-waits">${TEXT.gpu.answerWaits}</p>` : nothing}
        </div>
      </section>
    `;
  }

  #renderCountdown(retryAtMs: number): TemplateResult {
    const leftSeconds = Math.ceil((retryAtMs - this.clock.now()) / 1000);
    const text =
      leftSeconds > 0 ? TEXT.gpu.retry(formatTime(retryAtMs), formatDuration(leftSeconds * 1000)) : TEXT.gpu.retrying;
    return html`<p class="countdown" data-testid="gpu-retry">${text}</p>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'gpu-notice': GpuNotice;
  }
}
