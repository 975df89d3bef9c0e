import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { unreachable } from '../base/assert';
import { formatBytes } from '../base/units';
import { baseStyles, cardStyles, controlStyles } from '../element/styles';
import { emit } from './events';
import { FollowLibrary } from './follow-library';
import type { HubList, HubModel, HubState } from './hub-list';
import type { Library } from './library';
import { TEXT } from './messages';
import type { ModelChoice } from './model-choice';
import { rowStyles } from './section-styles';

/** The models of a repository on the hub, to pick one from; or why there are none, and a place for an access token. */
@customElement('hub-files')
export class HubFiles extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    cardStyles,
    rowStyles,
    css`
      .found {
        margin-top: 0.7rem;
        padding: 0.2rem 0.9rem;
        border: 1px solid var(--line);
        border-radius: var(--radius-small);
      }
      .rows > li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        align-items: center;
        gap: 0.2rem 0.8rem;
      }
      [data-fits='too-big'] .fit {
        color: var(--danger);
      }
      form {
        display: flex;
        gap: 0.5rem;
        margin-top: 0.5rem;
      }
      label {
        display: block;
        margin-top: 0.7rem;
        font-size: 0.875rem;
        font-weight: 500;
      }
    `,
  ];

  @property({ attribute: false }) library: Library | null = null;
  @query('input') private readonly token: HTMLInputElement | null | undefined;
  #told: HubState['kind'] = 'none';
  #isFocused = false;

  constructor() {
    super();
    new FollowLibrary(this);
  }

  protected override render(): TemplateResult | typeof nothing {
    if (this.library === null) return nothing;
    const { hub } = this.library;
    const { state } = hub;
    switch (state.kind) {
      case 'none':
        return nothing;
      case 'looking':
        return html`<p tabindex="-1">${TEXT.hub.looking(state.reference)}</p>`;
      case 'found':
        return this.#renderFound(hub, state.reference, state.models);
      case 'failed':
        return this.#renderFailed(hub, state);
      default:
        return unreachable(state);
    }
  }

  protected override willUpdate(): void {
    this.#isFocused = (this.shadowRoot?.activeElement ?? null) !== null;
  }

  /** What came of it is said: the focus stays in the field. Where that is one of these, it goes on with what takes their place. */
  protected override updated(): void {
    if (this.#isFocused && this.shadowRoot?.activeElement === null) {
      this.renderRoot.querySelector<HTMLElement>('[tabindex], button, input')?.focus();
    }
    const state = this.library?.hub.state;
    if (state === undefined || state.kind === this.#told) return;
    this.#told = state.kind;
    if (state.kind === 'found') emit(this, 'announced', TEXT.hub.found(state.models.length, state.reference));
    if (state.kind === 'failed') emit(this, 'announced', state.failure.detail);
  }

  #renderFound(hub: HubList, reference: string, models: readonly HubModel[]): TemplateResult {
    return html`
      <div class="found">
        <ul class="rows" aria-label=${TEXT.hub.found(models.length, reference)}>
          ${models.map((model) => this.#renderModel(hub, model))}
        </ul>
      </div>
    `;
  }

  #renderModel({ token }: HubList, model: HubModel): TemplateResult {
    const { path, sizeBytes, quantisation, fits } = model;
    const load = (): void => emit(this, 'model-chosen', choiceOf(model, token));
    return html`
      <li data-testid="hub-model" data-fits=${fits ?? 'unknown'}>
        <div>
          <p class="name">${quantisation ?? path}</p>
          <ul class="details">
            <li>${formatBytes(sizeBytes)}</li>
            ${quantisation === null ? nothing : html`<li>${path}</li>`}
            ${fits === null ? nothing : html`<li class="fit">${TEXT.catalogue.fits[fits]}</li>`}
          </ul>
        </div>
        <button
          type="button"
          class="small"
          data-testid="hub-load"
          aria-label=${TEXT.catalogue.loadLabel(path)}
          @click=${load}
        >
          ${TEXT.catalogue.load}
        </button>
      </li>
    `;
  }

  /** The client's own words say what to do. */
  #renderFailed(hub: HubList, { reference, failure }: Extract<HubState, { kind: 'failed' }>): TemplateResult {
    const again = (event: SubmitEvent): void => {
      event.preventDefault();
      void hub.show(reference, this.token?.value ?? '');
    };
    return html`
      <p class="problem" data-testid="hub-problem">${failure.detail}</p>
      <label for="token">${TEXT.hub.token}</label>
      <p id="token-help">${TEXT.hub.tokenHelp}</p>
      <form @submit=${again}>
        <input
          id="token"
          type="password"
          autocomplete="off"
          data-testid="hub-token"
          aria-describedby="token-help"
          .value=${hub.token ?? ''}
        />
        <button type="submit">${TEXT.error.tryAgain}</button>
      </form>
    `;
  }
}

function choiceOf({ model, path, sizeBytes, sha256 }: HubModel, token: string | null): ModelChoice {
  return {
    reference: model,
    name: path.split('/').at(-1) ?? path,
    local: false,
    sizeBytes,
    ...(sha256 === null ? {} : { sha256 }),
    ...(token === null ? {} : { hubToken: token }),
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'hub-files': HubFiles;
  }
}
