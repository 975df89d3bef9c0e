import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { unreachable } from '../base/assert';
import { formatBytes } from '../base/units';
import type { RatedEntry } from '../client/index';
import { emit } from './events';
import { FollowLibrary } from './follow-library';
import { choiceOfRated, type FitCheck } from './fit-check';
import type { Library } from './library';
import { TEXT } from './messages';
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
    `,
  ];

  @property({ attribute: false }) library: Library | null = null;
  #wasAsking = false;

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
    return html`
      <p>${budgetBytes === null ? text.noBudget : text.budget(formatBytes(budgetBytes))}</p>
      <ul class="rows" aria-label=${text.list}>
        ${entries.map((entry) => this.#renderEntry(fit, entry))}
      </ul>
    `;
  }

  protected override willUpdate(): void {
    if (!this.hasUpdated) void this.library?.fit.show();
  }

  /** What wants an answer is said, and its answer that harms nothing has the focus. */
  protected override updated(): void {
    const state = this.library?.fit.state;
    const isAsking = state?.kind === 'asking';
    if (isAsking && !this.#wasAsking) {
      emit(this, 'announced', `${state.reason} ${TEXT.catalogue.question(state.entry.name)}`);
      this.renderRoot.querySelector<HTMLElement>('[data-testid=fit-cancel]')?.focus();
    }
    this.#wasAsking = isAsking;
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
        return html`<div class="actions">
          <p>${text.checking(entry.name)}</p>
          ${this.#renderCancel(fit)}
        </div>`;
      case 'asking':
        return html`<div
          class="actions"
          role="group"
          aria-label=${text.question(entry.name)}
          data-testid="fit-question"
        >
          <p data-testid="fit-reason">${state.reason}</p>
          ${this.#renderAnyway(fit, entry, state.reason)} ${this.#renderCancel(fit)}
        </div>`;
      case 'failed':
        return html`<forgelight-error .failure=${state.failure}>
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
    return html`<button
      type="button"
      class="small quiet"
      data-testid="fit-cancel"
      @click=${(event: Event) => this.#cancel(fit, event)}
    >
      ${TEXT.catalogue.cancel}
    </button>`;
  }

  /** The focus goes back to where the pick was made. */
  #cancel(fit: FitCheck, { target }: Event): void {
    const row = target instanceof Element ? target.closest('li') : null;
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
