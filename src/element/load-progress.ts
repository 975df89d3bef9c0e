import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { property } from 'lit/decorators.js';
import type { LoadProgress } from '../client/index';
import { percentText, phaseText, progressDetails } from './format';
import { numbersOf } from './numbers';
import { baseStyles, cardStyles } from './styles';

/** How far a load is, in words and as a bar. What stops it goes into its slot. */
export class LoadProgressView extends LitElement {
  static override styles = [
    baseStyles,
    cardStyles,
    css`
      .phase {
        display: flex;
        justify-content: space-between;
        gap: 1rem;
        margin: 0 0 0.6rem;
        font-weight: 500;
      }
      .percent {
        flex: none;
        font-variant-numeric: tabular-nums;
      }
      progress {
        display: block;
        width: 100%;
        height: 8px;
        margin: 0 0 0.6rem;
        border: 0;
        border-radius: 99px;
        overflow: hidden;
        background: var(--sunken);
        accent-color: var(--accent);
      }
      progress::-webkit-progress-bar {
        background: var(--sunken);
      }
      progress::-webkit-progress-value {
        background: var(--accent);
        border-radius: 99px;
        transition: inline-size 120ms linear;
      }
      progress::-moz-progress-bar {
        background: var(--accent);
      }
      progress:indeterminate {
        appearance: none;
        background: linear-gradient(90deg, transparent 0 30%, var(--accent) 50%, transparent 70%) 0 0 / 60% 100%
          no-repeat var(--sunken);
        animation: glide 1.6s ease-in-out infinite alternate;
      }
      progress:indeterminate::-webkit-progress-bar {
        background: transparent;
      }
      @keyframes glide {
        from {
          background-position: -60% 0;
        }
        to {
          background-position: 160% 0;
        }
      }
      /* The bar is nothing but backgrounds, and those are gone there. */
      @media (forced-colors: active) {
        progress {
          --sunken: Canvas;
          --accent: CanvasText;
          border: 1px solid CanvasText;
          forced-color-adjust: none;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        progress::-webkit-progress-value {
          transition: none;
        }
      }
      .details {
        min-height: 1.6em;
      }
      ::slotted(*) {
        margin-top: 0.9rem;
      }
    `,
  ];

  /** `null` until the engine reports for the first time. */
  @property({ attribute: false }) progress: LoadProgress | null = null;
  /** Whether the bytes come from this computer. */
  @property({ type: Boolean }) local = false;
  /** The language of the numbers. */
  @property() locale = '';

  /** What goes on, in words. */
  protected phase(): string {
    return phaseText(this.progress);
  }

  protected override render(): TemplateResult {
    const { progress } = this;
    const phase = this.phase();
    const percent = percentText(progress);
    const known = progress !== null && progress.total > 0;
    return html`
      <p class="phase">
        <span data-testid="load-phase">${phase}</span>
        ${percent === null ? nothing : html`<span class="percent" data-testid="load-percent">${percent}</span>`}
      </p>
      <progress
        data-testid="load-progress"
        aria-label=${phase}
        value=${known ? progress.loaded : nothing}
        max=${known ? progress.total : nothing}
      ></progress>
      <ul class="details" data-testid="load-details">
        ${progress === null ? nothing : progressDetails(progress, numbersOf(this.locale)).map((detail) => html`<li>${detail}</li>`)}
      </ul>
      <slot></slot>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'forgelight-load-progress': LoadProgressView;
  }
}
