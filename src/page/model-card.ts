import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { unreachable } from '../base/assert';
import { formatBytes } from '../base/units';
import type { EngineInfo } from '../client/index';
import { emit, onEvent } from './events';
import { FollowLibrary } from './follow-library';
import { ICONS } from './icons';
import type { Library } from './library';
import './load-progress';
import { TEXT } from './messages';
import type { ModelChoice } from './model-choice';
import './model-sections';
import './model-source';
import type { ModelSource } from './model-source';
import { formatDuration, timedPhaseText } from './format';
import type { ModelState, ReadyModel } from './page-state';
import { canPause } from './page-state';
import { pausedView, renderNotice } from './paused-view';
import { baseStyles, cardStyles, controlStyles } from '../element/styles';

/** The model: offered, loading, loaded or failed, and the ways to another one. */
@customElement('model-card')
export class ModelCard extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    cardStyles,
    css`
      h3 {
        margin: 0;
        font-size: 1.0625rem;
        line-height: 1.4;
        overflow-wrap: anywhere;
      }
      .offer {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 0.9rem;
      }
      .details {
        margin-top: 0.1rem;
      }
      .verdict {
        margin: 0.5rem 0 0;
        color: var(--ink-soft);
        font-size: 0.875rem;
      }
      .notice {
        margin: 0 0 0.9rem;
        color: var(--ink-soft);
      }
      load-progress,
      forgelight-error {
        margin-top: 0.9rem;
      }
      .notice.problem {
        color: var(--danger);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem;
      }
      model-sections {
        margin-top: 0.9rem;
      }
      model-source {
        margin-top: 1.3rem;
        padding-top: 1.2rem;
        border-top: 1px solid var(--line);
      }
      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 0.25rem 1.2rem;
        margin: 0.8rem 0 0;
        font-size: 0.9375rem;
      }
      dt {
        color: var(--ink-soft);
      }
      dd {
        margin: 0;
        overflow-wrap: anywhere;
      }
      h4 {
        margin: 1rem 0 0.2rem;
        font-size: 0.9375rem;
      }
      details {
        margin-top: 1rem;
        font-size: 0.9375rem;
      }
      summary {
        color: var(--ink-soft);
        cursor: pointer;
      }
      .notes {
        margin: 0;
        padding-left: 1.2rem;
        font-size: 0.9375rem;
      }
    `,
  ];

  @property({ attribute: false }) model: ModelState | null = null;
  /** The model that gave way to this one. */
  @property({ attribute: false }) former: ModelChoice | null = null;
  @property({ attribute: false }) library: Library | null = null;
  @query('model-source') private readonly source: ModelSource | null | undefined;

  constructor() {
    super();
    new FollowLibrary(this);
    // A key that is held down presses again, and by then another button may have the focus.
    this.addEventListener('keydown', (event) => {
      if (event.repeat && event.key === 'Enter') event.preventDefault();
    });
  }

  /** The button that was pressed may be gone: where nobody has put the focus elsewhere it goes to the first there is now, which does what is next. */
  async focusIfLost(): Promise<void> {
    await this.updateComplete;
    // Within an error, or beside a bar, the button is there once that is.
    await this.renderRoot.querySelector<LitElement>('load-progress, forgelight-error')?.updateComplete;
    if (document.activeElement === document.body) this.renderRoot.querySelector('button')?.focus();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { model } = this;
    if (model === null) return nothing;
    return html`<section
      class="card"
      aria-labelledby="name"
      data-testid="model-card"
      @reference-picked=${onEvent('reference-picked', (reference) => this.source?.fill(reference))}
    >
      ${renderModel(this, model)}
    </section>`;
  }
}

function renderModel(card: ModelCard, model: ModelState): TemplateResult {
  const { choice } = model;
  const load = (): void => emit(card, 'model-chosen', choice);
  const { library } = card;
  const source = html`<model-source .library=${library}></model-source>
    <model-sections .library=${library}></model-sections>`;
  switch (model.kind) {
    case 'none':
      return html`${renderOffer(card, model, load)} ${source}`;
    case 'loading':
      return html`
        ${renderName(choice)}
        ${choice.verdict === undefined ? nothing : html`<p class="verdict" data-testid="verdict">${choice.verdict}</p>`}
        <load-progress .progress=${model.progress} .local=${choice.local}>
          <button type="button" data-testid="stop-loading" @click=${() => emit(card, 'loading-stopped', null)}>
            ${canPause(choice, model.progress) ? html`${ICONS.pause} ${TEXT.progress.pause}` : TEXT.progress.cancel}
          </button>
        </load-progress>
      `;
    case 'failed':
      return html`
        ${renderName(choice)}
        <forgelight-error .failure=${model.failure}>
          <button type="button" data-testid="load-again" @click=${load}>${ICONS.retry} ${TEXT.error.tryAgain}</button>
          ${renderWayBack(card, choice)}
        </forgelight-error>
        ${source}
      `;
    case 'ready':
      return html`
        <h3 id="name">${choice.name}</h3>
        ${renderFacts(model.info, choice)} ${renderTimes(model)} ${source}
      `;
    default:
      return unreachable(model);
  }
}

/** The model that is offered; of a paused download how far it is, and the two ways on. */
function renderOffer(card: ModelCard, model: Extract<ModelState, { kind: 'none' }>, load: () => void): TemplateResult {
  const { choice } = model;
  const view = pausedView(model, card.library);
  const discard = (): void => {
    card.renderRoot.querySelector<HTMLElement>('[data-testid=load-model]')?.focus();
    emit(card, 'download-discarded', choice);
  };
  return html`
    ${renderNotice(view)}
    <div class="offer">
      ${renderName(choice)}
      <div class="buttons">
        <button type="button" class="primary" data-testid="load-model" @click=${load}>
          ${view.canContinue ? TEXT.model.continue : TEXT.model.load}
        </button>
        ${renderWayBack(card, choice)}
        ${
          view.canDiscard
            ? html`<button
                type="button"
                data-testid="discard"
                aria-label=${TEXT.model.discardLabel(choice.name)}
                @click=${discard}
              >
                ${TEXT.model.discard}
              </button>`
            : nothing
        }
      </div>
    </div>
  `;
}

/** To the model that gave way, where that is another one. */
function renderWayBack(card: ModelCard, { reference }: ModelChoice): TemplateResult | typeof nothing {
  const { former } = card;
  if (former === null || former.reference === reference) return nothing;
  return html`<button type="button" data-testid="load-before" @click=${() => emit(card, 'model-chosen', former)}>
    ${TEXT.model.loadAgain(former.name)}
  </button>`;
}

function renderName({ name, sizeBytes, licence, reference }: ModelChoice): TemplateResult {
  const facts = [
    ...(sizeBytes === undefined ? [] : [formatBytes(sizeBytes)]),
    ...(licence === undefined ? [] : [licence]),
    ...(typeof reference === 'string' && licence === undefined ? [hostOf(reference)] : []),
  ];
  return html`
    <div>
      <h3 id="name">${name}</h3>
      <ul class="details">
        ${facts.map((fact) => html`<li>${fact}</li>`)}
      </ul>
    </div>
  `;
}

/** Where an address leads: `huggingface.co`-like host, or `hf:owner/repo`. */
function hostOf(reference: string): string {
  return URL.canParse(reference) && new URL(reference).host !== ''
    ? new URL(reference).host
    : reference.split('/').slice(0, 2).join('/');
}

/** What nobody tells is left out. */
function renderFacts({ model, device, notes }: EngineInfo, choice: ModelChoice): TemplateResult {
  const text = TEXT.model.facts;
  const facts: readonly (readonly [string, string])[] = [
    [text.nameInFile, device.kind === 'upstream' ? '' : model.name],
    [text.device, device.name],
    [text.size, model.sizeBytes === 0 ? '' : formatBytes(model.sizeBytes)],
    [text.architecture, model.architecture],
    [text.quantisation, model.quantisation],
    [text.context, model.contextLength === 0 ? '' : TEXT.model.tokens(model.contextLength)],
    ...(choice.licence === undefined ? [] : [[text.licence, choice.licence] as const]),
  ];
  return html`
    <dl data-testid="model-facts">
      ${facts
        .filter(([, value]) => value !== '')
        .map(
          ([term, value]) =>
            html`<dt>${term}</dt>
              <dd>${value}</dd>`,
        )}
    </dl>
    ${
      notes.length === 0
        ? nothing
        : html`<h4>${TEXT.model.notes}</h4>
            <ul class="notes">
              ${notes.map((note) => html`<li>${note}</li>`)}
            </ul>`
    }
  `;
}

/** Where the time from the click to the first token went. */
function renderTimes({ times, firstTokenMs, choice }: ReadyModel): TemplateResult | typeof nothing {
  if (times === null) return nothing;
  const text = TEXT.model.times;
  const rows: readonly (readonly [string, number])[] = [
    ...times.phases.map(({ name, ms }) => [timedPhaseText(name, choice.local), ms] as const),
    ...(firstTokenMs === null ? [] : [[text.firstToken, firstTokenMs] as const]),
  ];
  return html`
    <details data-testid="load-times">
      <summary>${text.title(formatDuration(times.totalMs))}</summary>
      <dl>
        ${rows.map(
          ([term, ms]) =>
            html`<dt>${term}</dt>
              <dd>${formatDuration(ms)}</dd>`,
        )}
      </dl>
    </details>
  `;
}

declare global {
  interface HTMLElementTagNameMap {
    'model-card': ModelCard;
  }
}
