import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { Answer } from './chat-types';
import { answerFigures, liveRate } from './format';
import { TEXT } from './messages';

/** All that was measured of an answer, folded. */
export function renderFigures(answer: Answer): TemplateResult | typeof nothing {
  const figures = answerFigures(answer);
  if (figures.length === 0) return nothing;
  return html`
    <details class="figures" data-testid="answer-figures">
      <summary>${TEXT.chat.figures}</summary>
      <dl>
        ${figures.map(
          ([term, value]) =>
            html`<dt>${term}</dt>
              <dd>${value}</dd>`,
        )}
      </dl>
    </details>
  `;
}

/** How fast the answer is being written. To be looked at: what changes all the time is not said to screen readers. */
export function renderLiveRate(answer: Answer): TemplateResult | typeof nothing {
  const rate = liveRate(answer);
  return rate === null ? nothing : html`<p class="live" data-testid="live-rate">${TEXT.chat.liveRate(rate)}</p>`;
}
