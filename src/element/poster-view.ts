import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { unreachable } from '../base/assert';
import { formatBytes, type NumberWriter } from '../base/units';
import type { FitReport } from '../client/index';
import { ERROR_TEXT, TEXT } from './messages';
import type { ModelFacts } from './model-facts';
import type { PosterFitState } from './poster-fit';

export interface PosterView {
  /** `null`: no model is named. */
  readonly facts: ModelFacts | null;
  readonly fit: PosterFitState;
  /** Without the introduction. */
  readonly short: boolean;
  readonly disabled: boolean;
  readonly write: NumberWriter;
}

/** What waits for a click before anything large is fetched. Says only what is known. */
export function renderPoster({ facts, fit, short, disabled, write }: PosterView, load: () => void): TemplateResult {
  const intro = html`
    <slot name="poster">
      <h2>${TEXT.poster.title}</h2>
      <p class="soft">${TEXT.poster.text}</p>
    </slot>
  `;
  const sizeBytes = facts?.sizeBytes ?? (fit.kind === 'told' && fit.report.sizeBytes > 0 ? fit.report.sizeBytes : null);
  return html`
    <div class="poster" part="poster" data-testid="poster">
      ${short ? nothing : intro}
      ${facts === null ? html`<p>${TEXT.poster.noModel}</p>` : html`<p class="model">${facts.name}</p>`}
      ${
        facts === null || sizeBytes === null
          ? nothing
          : html`<p class="soft" data-testid="size">${TEXT.poster.download(formatBytes(sizeBytes, write))}</p>`
      }
      ${facts === null ? nothing : [renderFit(fit, write), renderLoad(TEXT.poster.load, disabled, load)]}
    </div>
  `;
}

export function renderLoad(text: string, disabled: boolean, load: () => void): TemplateResult {
  return html`
    <button
      type="button"
      class="primary"
      part="load-button"
      data-testid="load-model"
      ?disabled=${disabled}
      @click=${load}
    >
      ${text}
    </button>
  `;
}

function renderFit(fit: PosterFitState, write: NumberWriter): TemplateResult | typeof nothing {
  switch (fit.kind) {
    case 'unknown':
      return nothing;
    case 'checking':
      return html`<p class="soft" data-testid="fit" data-verdict="checking">${TEXT.poster.checking}</p>`;
    case 'told':
      return html`<p class="soft" data-testid="fit" data-verdict=${fit.report.verdict}>
        ${wordsOf(fit.report, write)}
      </p>`;
    case 'no-gpu': {
      const { title, advice } = ERROR_TEXT[fit.failure.code];
      return html`<p class="soft" data-testid="fit" data-verdict=${fit.failure.code}>${title}. ${advice}</p>`;
    }
    default:
      return unreachable(fit);
  }
}

function wordsOf(report: FitReport, write: NumberWriter): string {
  if (report.purpose === 'embedding') return TEXT.poster.embeds;
  const { verdict, weightBytes, kvBytes, scratchBytes, memoryBudgetBytes, largestContextLength, reason } = report;
  const needBytes = weightBytes + kvBytes + scratchBytes;
  const need = formatBytes(needBytes, write);
  switch (verdict) {
    case 'fits':
      return TEXT.poster.fits(need);
    case 'fits-shorter':
      return TEXT.poster.fitsShorter(largestContextLength);
    case 'too-big':
      // Where there would be memory enough, the adapter's limits are what it is too big for.
      return needBytes > memoryBudgetBytes
        ? TEXT.poster.tooBig(need, formatBytes(memoryBudgetBytes, write))
        : `${TEXT.poster.tooBigElse} ${reason}`;
    case 'unsupported':
      return `${TEXT.poster.unsupported} ${reason}`;
    default:
      return unreachable(verdict);
  }
}
