import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { unreachable } from '../base/assert';
import { formatBytes } from '../base/units';
import type { ModelEntry, RatedEntry } from '../client/index';
import { emit } from './events';
import { FollowLibrary } from './follow-library';
import { choiceOfRated, type FitCheck, type FitState } from './fit-check';
import type { Library } from './library';
import { choiceOfEntry } from './kept-choice';
import { TEXT } from './messages';
import { matchesModel } from './model-match';
import { onEscape } from './on-escape';
import { rowStyles } from './section-styles';
import { baseStyles, cardStyles, controlStyles } from '../element/styles';

/** Models to pick from. One that is picked is loaded, unless it does not fit: then the person is asked first. */
@customElement('catalogue-list')
export class CatalogueList extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    cardStyles,
    rowStyles,
    css`
      .details {
        margin-top: 0.1rem;
      }
      li[data-fits='too-big'] .fit {
        color: var(--danger);
      }
      forgelight-error {
        margin-top: 0.5rem;
      }
      input {
        margin: 0.6rem 0 0.2rem;
      }
      h4 {
        margin: 0.8rem 0 0;
        font-size: 0.9375rem;
      }
    `,
  ];

  @property({ attribute: false }) library: Library | null = null;
  @state() private wanted = '';
  #told: FitState | null = null;

  constructor() {
    super();
    new FollowLibrary(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.library?.fit.leave();
  }

  protected override render(): TemplateResult | typeof nothing {
    if (this.library === null) return nothing;
    const { fit } = this.library;
    const text = TEXT.catalogue;
    if (fit.offer.kind === 'unseen') return html`<p>${text.looking}</p>`;
    const { entries, budgetBytes } = fit.offer;
    const found = entries.filter((entry) => matchesModel(entry, this.wanted));
    const kept = this.#keptMatches();
    return html`
      <p>${budgetBytes === null ? text.noBudget : text.budget(formatBytes(budgetBytes))}</p>
      <label class="visually-hidden" for="search">${TEXT.pick.label}</label>
      <input
        id="search"
        type="search"
        autocomplete="off"
        spellcheck="false"
        data-testid="model-search"
        placeholder=${TEXT.pick.label}
        .value=${this.wanted}
        @input=${this.#typed}
        @keydown=${this.#searchPressed}
      />
      ${found.length + kept.length === 0 ? html`<p data-testid="models-none">${TEXT.pick.none}</p>` : nothing}
      ${
        found.length === 0
          ? nothing
          : html`<ul class="rows" aria-label=${text.list}>
              ${found.map((entry) => this.#renderEntry(fit, entry))}
            </ul>`
      }
      ${kept.length === 0 ? nothing : this.#renderKept(kept)}
    `;
  }

  protected override willUpdate(): void {
    if (!this.hasUpdated) void this.library?.fit.show();
  }

  /** What wants an answer is said. The answer that harms nothing has the focus, also while a check takes the place of the pick. */
  protected override updated(): void {
    const state = this.library?.fit.state;
    if (state === undefined || state === this.#told) return;
    this.#told = state;
    if (state.kind === 'asking') {
      emit(this, 'announced', `${state.reason} ${TEXT.catalogue.question(state.entry.name)}`);
    }
    const focus = (): void => this.renderRoot.querySelector<HTMLElement>('[data-testid=fit-cancel]')?.focus();
    focus();
    // Within an error it is there once that is.
    void this.renderRoot.querySelector('forgelight-error')?.updateComplete.then(focus);
  }

  /** Whole models that are here, once somebody searches. */
  #keptMatches(): readonly ModelEntry[] {
    const shelf = this.library?.kept.shelf;
    if (this.wanted.trim() === '' || shelf?.kind !== 'open') return [];
    return shelf.models.flatMap((entry) =>
      entry.state === 'ok' && matchesModel({ name: entry.fileName }, this.wanted) ? [entry] : [],
    );
  }

  #renderKept(kept: readonly ModelEntry[]): TemplateResult {
    return html`
      <h4>${TEXT.pick.kept}</h4>
      <ul class="rows" aria-label=${TEXT.pick.kept}>
        ${kept.map(
          (entry) => html`
            <li data-testid="kept-match">
              <p class="name">${entry.fileName}</p>
              <ul class="details">
                <li>${formatBytes(entry.sizeBytes)}</li>
              </ul>
              <div class="actions">
                <button
                  type="button"
                  class="small"
                  aria-label=${TEXT.catalogue.loadLabel(entry.fileName)}
                  @click=${() => emit(this, 'model-chosen', choiceOfEntry(entry))}
                >
                  ${TEXT.catalogue.load}
                </button>
              </div>
            </li>
          `,
        )}
      </ul>
    `;
  }

  /** What is kept is looked at when somebody searches first: that opens the store. */
  #typed(event: Event): void {
    if (!(event.target instanceof HTMLInputElement)) return;
    this.wanted = event.target.value;
    const kept = this.library?.kept;
    if (kept?.shelf.kind === 'closed') void kept.show();
  }

  /** Escape empties the field before it closes what the field is in. */
  #searchPressed(event: KeyboardEvent): void {
    if (event.key !== 'Escape' || this.wanted === '') return;
    event.preventDefault();
    event.stopPropagation();
    this.wanted = '';
  }

  #renderEntry(fit: FitCheck, entry: RatedEntry): TemplateResult {
    const { name, description, sizeBytes, licence, fits } = entry;
    return html`
      <li data-testid="catalogue-entry" data-fits=${fits ?? 'unknown'}>
        <p class="name">${name}</p>
        <ul class="details">
          <li>${formatBytes(sizeBytes)}</li>
          <li>${licence}</li>
          ${fits === null ? nothing : html`<li class="fit">${TEXT.catalogue.fits[fits]}</li>`}
        </ul>
        <p>${description}</p>
        ${this.#renderPick(fit, entry)}
      </li>
    `;
  }

  #renderPick(fit: FitCheck, entry: RatedEntry): TemplateResult {
    const text = TEXT.catalogue;
    const { state } = fit;
    if (state.kind === 'none' || state.entry.id !== entry.id) {
      return html`<div class="actions">
        <button
          type="button"
          class="small"
          data-testid="catalogue-load"
          aria-label=${text.loadLabel(entry.name)}
          @click=${() => void this.#pick(fit, entry)}
        >
          ${text.load}
        </button>
      </div>`;
    }
    switch (state.kind) {
      case 'checking':
        return html`<div class="actions" @keydown=${this.#escape(fit)}>
          <p>${text.checking(entry.name)}</p>
          ${this.#renderCancel(fit)}
        </div>`;
      case 'asking':
        return html`<div
          class="actions"
          role="group"
          aria-label=${text.question(entry.name)}
          data-testid="fit-question"
          @keydown=${this.#escape(fit)}
        >
          <p data-testid="fit-reason">${state.reason}</p>
          ${this.#renderAnyway(fit, entry, state.reason)} ${this.#renderCancel(fit)}
        </div>`;
      case 'failed':
        return html`<forgelight-error .failure=${state.failure} @keydown=${this.#escape(fit)}>
          <div class="actions">${this.#renderAnyway(fit, entry, null)} ${this.#renderCancel(fit)}</div>
        </forgelight-error>`;
      default:
        return unreachable(state);
    }
  }

  #renderAnyway(fit: FitCheck, entry: RatedEntry, verdict: string | null): TemplateResult {
    const load = (): void => {
      fit.leave();
      emit(this, 'model-chosen', choiceOfRated(entry, verdict));
    };
    return html`<button type="button" class="small" data-testid="fit-anyway" @click=${load}>
      ${TEXT.catalogue.anyway}
    </button>`;
  }

  #renderCancel(fit: FitCheck): TemplateResult {
    return html`<button type="button" class="small quiet" data-testid="fit-cancel" @click=${() => this.#cancel(fit)}>
      ${TEXT.catalogue.cancel}
    </button>`;
  }

  #escape(fit: FitCheck): (event: KeyboardEvent) => void {
    return onEscape(() => this.#cancel(fit));
  }

  /** The focus goes back to where the pick was made. */
  #cancel(fit: FitCheck): void {
    const row = this.renderRoot.querySelector('[data-testid=fit-cancel]')?.closest('li');
    fit.leave();
    void this.updateComplete.then(() => row?.querySelector('button')?.focus());
  }

  async #pick(fit: FitCheck, entry: RatedEntry): Promise<void> {
    emit(this, 'reference-picked', entry.model);
    emit(this, 'announced', TEXT.catalogue.checking(entry.name));
    const choice = await fit.pick(entry);
    if (choice !== null) emit(this, 'model-chosen', choice);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'catalogue-list': CatalogueList;
  }
}
