import type { PropertyValues, TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { unreachable } from '../base/assert';
import { formatBytes } from '../base/units';
import type { RatedEntry } from '../client/index';
import { baseStyles, cardStyles, controlStyles } from '../element/styles';
import './dialog-status';
import { dialogStyles } from './dialog-styles';
import { emit } from './events';
import { choiceOfRated, type FitCandidate, type FitState } from './fit-check';
import { FollowLibrary } from './follow-library';
import type { Library } from './library';
import { TEXT } from './messages';
import type { ParsedLink, SharedLink } from './share-link';
import { placeOf } from './share-link';

/** How long a link, or a word about it, is there to be read before it can be taken: a click may be meant for what stood in its place. */
const REST_MS = 500;

/** What a link wants, before anything of it is done. Its first look at the model, and all else, comes after the person has agreed. */
@customElement('shared-card')
export class SharedCard extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    cardStyles,
    dialogStyles,
    css`
      dialog {
        padding: clamp(1.1rem, 4vw, 1.6rem);
      }
      h2 {
        margin: 0;
        font-size: 1.25rem;
        line-height: 1.3;
      }
      p {
        margin: 0.4rem 0 0;
        color: var(--ink-soft);
        font-size: 0.9375rem;
      }
      h3 {
        margin: 0;
        font-size: 0.875rem;
        color: var(--ink-soft);
        font-weight: 500;
      }
      section {
        margin-top: 1rem;
      }
      .name {
        margin: 0.1rem 0 0;
        color: var(--ink);
        font-size: 1.0625rem;
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      .details {
        margin-top: 0.1rem;
      }
      .details li {
        overflow-wrap: anywhere;
      }
      pre {
        max-height: 14rem;
        margin: 0.35rem 0 0;
        padding: 0.7rem 0.9rem;
        border: 1px solid var(--line);
        border-radius: var(--radius-small);
        background: var(--sunken);
        font: 0.9375rem/1.5 var(--font);
        white-space: pre-wrap;
        overflow: auto;
        scrollbar-width: thin;
        scrollbar-color: var(--line-strong) transparent;
        overflow-wrap: anywhere;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem;
        margin-top: 1.3rem;
      }
      .problem {
        color: var(--ink);
      }
      forgelight-error {
        margin-top: 1rem;
      }
    `,
  ];

  @property({ attribute: false }) asked: ParsedLink = { kind: 'none' };
  @property({ attribute: false }) library: Library | null = null;
  /** What the page says: told in here while this is open. */
  @property() announced = '';
  @state() private rests = true;
  #rest: ReturnType<typeof setTimeout> | undefined;
  /** As it is shown. */
  #fit: FitState | null = null;
  /** What the person agreed to, whose model is being checked. */
  #agreed: { readonly link: SharedLink; readonly withSystem: boolean } | null = null;

  constructor() {
    super();
    new FollowLibrary(this);
    // Escape answers the card, and does not stop an answer behind it.
    this.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') event.stopPropagation();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#rest);
    this.library?.sharedFit.leave();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('asked')) {
      // Who agreed to one link has not agreed to the next.
      this.#agreed = null;
      this.library?.sharedFit.leave();
      // What is shown next may be another dialog: the focus goes there from where it was before this one.
      this.#close();
    }
    const fit = this.library?.sharedFit.state ?? null;
    if (!changed.has('asked') && fit === this.#fit) return;
    this.#fit = fit;
    this.rests = true;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => (this.rests = false), REST_MS);
  }

  protected override firstUpdated(): void {
    // The list that comes with the page; of the model itself nothing is fetched.
    void this.library?.sharedFit.show();
  }

  protected override updated(changed: PropertyValues<this>): void {
    // What is refused has a dialog of its own.
    const dialog = this.renderRoot.querySelector('dialog');
    if (dialog?.open === false) dialog.showModal();
    // What had it may be gone.
    if (changed.has('asked') || this.shadowRoot?.activeElement === null) {
      dialog?.querySelector<HTMLElement>('[autofocus]')?.focus();
    }
  }

  /** The focus goes back to what had it; it does not where an open dialog is taken away. */
  #close(): void {
    this.renderRoot?.querySelector('dialog')?.close();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { asked } = this;
    const text = TEXT.shared;
    if (asked.kind === 'none') return nothing;
    if (asked.kind === 'refused') {
      return html`
        <dialog aria-labelledby="title" data-testid="shared" @cancel=${this.#decline}>
          <h2 id="title">${text.refused}</h2>
          <p data-testid="shared-problem">${asked.problem}</p>
          <div class="buttons">${this.#renderDecline(text.close)}</div>
          <dialog-status .announced=${this.announced}></dialog-status>
        </dialog>
      `;
    }
    const { link } = asked;
    return html`
      <dialog aria-labelledby="title" data-testid="shared" @cancel=${this.#decline}>
        <h2 id="title">${text.title}</h2>
        <p>${text.hint}</p>
        ${link.model === null ? nothing : this.#renderModel(link.model)}
        ${
          link.system === ''
            ? nothing
            : html`<section aria-labelledby="system">
                <h3 id="system">${text.system}</h3>
                <pre tabindex="0" aria-labelledby="system" data-testid="shared-system">${link.system}</pre>
              </section>`
        }
        ${this.#renderFit(link)}
        <dialog-status .announced=${this.announced}></dialog-status>
      </dialog>
    `;
  }

  #renderModel({ name, reference }: NonNullable<SharedLink['model']>): TemplateResult {
    const text = TEXT.shared;
    const known = this.#known(reference);
    const fits = known?.fits ?? null;
    return html`<section aria-labelledby="model">
      <h3 id="model">${text.model}</h3>
      <p class="name" data-testid="shared-model">${known?.name ?? name}</p>
      <ul class="details" data-testid="shared-facts">
        <li>${placeOf(reference)}</li>
        ${known === undefined ? nothing : html`<li>${formatBytes(known.sizeBytes)}</li>`}
        ${known === undefined ? nothing : html`<li>${known.licence}</li>`}
        ${fits === null ? nothing : html`<li>${TEXT.catalogue.fits[fits]}</li>`}
      </ul>
      ${known === undefined ? html`<p>${text.unknownSize}</p>` : nothing}
    </section>`;
  }

  #renderFit(link: SharedLink): TemplateResult {
    const state: FitState = this.library?.sharedFit.state ?? { kind: 'none' };
    const text = TEXT.shared;
    switch (state.kind) {
      case 'none':
        return this.#renderChoices(link);
      case 'checking':
        return html`<p class="problem" role="status">${TEXT.catalogue.checking(state.entry.name)}</p>
          <div class="buttons">${this.#renderDecline(text.stop)}</div>`;
      case 'asking':
        return html`<p class="problem" role="alert" data-testid="shared-reason">${state.reason}</p>
          <div class="buttons">
            ${this.#renderAnyway(state.entry, state.reason)} ${this.#renderDecline(text.notNow)}
          </div>`;
      case 'failed':
        return html`<forgelight-error .failure=${state.failure}></forgelight-error>
          <div class="buttons">${this.#renderAnyway(state.entry, null)} ${this.#renderDecline(text.notNow)}</div>`;
      default:
        return unreachable(state);
    }
  }

  #renderChoices(link: SharedLink): TemplateResult {
    const { model, system } = link;
    const text = TEXT.shared;
    const take = (withSystem: boolean) => (): void => void this.#take(link, withSystem);
    const button = (label: string, id: string, act: () => void, isFirst: boolean): TemplateResult =>
      html`<button
        type="button"
        class=${isFirst ? 'primary' : ''}
        data-testid=${id}
        ?disabled=${this.rests}
        @click=${act}
      >
        ${label}
      </button>`;
    return html`<div class="buttons">
      ${
        model === null
          ? button(text.useSystem, 'shared-use', take(true), true)
          : button(system === '' ? text.load : text.loadAndUse, 'shared-use', take(true), true)
      }
      ${model === null || system === '' ? nothing : button(text.onlyModel, 'shared-only-model', take(false), false)}
      ${this.#renderDecline(text.notNow)}
    </div>`;
  }

  #renderAnyway(entry: FitCandidate, verdict: string | null): TemplateResult {
    return html`<button
      type="button"
      data-testid="shared-anyway"
      ?disabled=${this.rests}
      @click=${() => this.#taken(choiceOfRated(entry, verdict))}
    >
      ${TEXT.catalogue.anyway}
    </button>`;
  }

  #renderDecline(label: string): TemplateResult {
    return html`<button type="button" class="quiet" autofocus data-testid="shared-decline" @click=${this.#decline}>
      ${label}
    </button>`;
  }

  /** The model as the page's own list has it, if it is one of those. */
  #known(reference: string): RatedEntry | undefined {
    const offer = this.library?.sharedFit.offer;
    return offer?.kind === 'seen' ? offer.entries.find(({ model }) => model === reference) : undefined;
  }

  async #take(link: SharedLink, withSystem: boolean): Promise<void> {
    const agreed = { link, withSystem };
    this.#agreed = agreed;
    const { model } = link;
    if (model === null) {
      this.#taken(null);
      return;
    }
    const candidate = this.#known(model.reference) ?? { id: model.reference, model: model.reference, name: model.name };
    const choice = (await this.library?.sharedFit.pick(candidate)) ?? null;
    if (choice !== null && this.#agreed === agreed) this.#taken(choice);
  }

  #taken(choice: ReturnType<typeof choiceOfRated> | null): void {
    if (this.#agreed === null) return;
    const { link, withSystem } = this.#agreed;
    this.#close();
    emit(this, 'shared-taken', { choice, system: withSystem && link.system !== '' ? link.system : null });
  }

  readonly #decline = (event: Event): void => {
    event.preventDefault();
    this.#close();
    emit(this, 'shared-declined', null);
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'shared-card': SharedCard;
  }
}
