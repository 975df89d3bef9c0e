import type { PropertyValues, TemplateResult } from 'lit';
import { html, LitElement, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { SAMPLING_RANGES, type SamplingName } from '../client/index';
import { baseStyles, controlStyles } from '../element/styles';
import {
  DEFAULT_SETTINGS,
  isSame,
  PRESETS,
  presetOf,
  SAMPLING_NAMES,
  samplingOf,
  withPreset,
  type ChatSettings,
  type PresetName,
  type Sampling,
} from './chat-settings';
import { emit } from './events';
import './page-dialog';
import type { PageDialog } from './page-dialog';
import { readSetting } from './read-setting';
import { SETTINGS_TEXT } from './settings-messages';
import { settingsStyles } from './settings-styles';

/** Shown first; the others are folded. */
const PLAIN: readonly SamplingName[] = ['temperature', 'max_tokens'];

/** What is typed into the fields, wrong or not. */
type Typed = Readonly<Partial<Record<SamplingName, string>>>;

/**
 * How the model is to answer in one conversation. Each change that can be read is told at once (`settings-changed`); what cannot stays in
 * its field, with a word about it, and the setting stays as it was.
 */
@customElement('settings-dialog')
export class SettingsDialog extends LitElement {
  static override styles = [baseStyles, controlStyles, settingsStyles];

  @property({ attribute: false }) settings: ChatSettings = DEFAULT_SETTINGS;
  /** What the page says. */
  @property() announced = '';
  @state() private typed: Typed = {};
  @query('page-dialog') private readonly dialog: PageDialog | null | undefined;
  /** As told last, or given since. */
  #told: ChatSettings = DEFAULT_SETTINGS;

  async show(): Promise<void> {
    await this.updateComplete;
    await this.dialog?.show();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('settings')) return;
    const { system, sampling } = this.settings;
    const isOwn = system === this.#told.system && isSame(sampling, this.#told.sampling);
    // Settings of another conversation: what was typed belongs to the one before.
    if (!isOwn) this.typed = {};
    this.#told = this.settings;
  }

  protected override render(): TemplateResult {
    const text = SETTINGS_TEXT;
    const folded = SAMPLING_NAMES.filter((name) => !PLAIN.includes(name));
    return html`
      <page-dialog
        heading=${text.title}
        .closeLabel=${text.close}
        .announced=${this.announced}
        @dialog-closed=${this.#closed}
        data-testid="settings"
      >
        <form @submit=${this.#submitted} novalidate>
          ${this.#renderSystem()} ${this.#renderPresets()} ${PLAIN.map((name) => this.#renderField(name))}
          <details data-testid="settings-fine">
            <summary>${text.fine}</summary>
            ${folded.map((name) => this.#renderField(name))}
          </details>
          <div class="end">
            <button type="button" class="quiet" data-testid="settings-reset" @click=${this.#resetAll}>
              ${text.resetAll}
            </button>
            <button type="submit" class="primary" data-testid="settings-done">${text.done}</button>
          </div>
        </form>
      </page-dialog>
    `;
  }

  #renderSystem(): TemplateResult {
    const text = SETTINGS_TEXT;
    return html`
      <div class="system">
        <label for="system">${text.system}</label>
        <p class="help" id="system-help">${text.systemHelp}</p>
        <textarea
          id="system"
          rows="3"
          data-testid="settings-system"
          aria-describedby="system-help"
          placeholder=${text.systemPlaceholder}
          .value=${this.#told.system}
          @change=${this.#systemTyped}
        ></textarea>
      </div>
    `;
  }

  #renderPresets(): TemplateResult {
    const text = SETTINGS_TEXT;
    const chosen = presetOf(this.#read());
    const names = Object.keys(PRESETS) as readonly PresetName[];
    return html`
      <fieldset>
        <legend>${text.manner}</legend>
        <div class="presets">
          ${names.map(
            (name) => html`
              <label class="preset">
                <input
                  type="radio"
                  name="preset"
                  data-testid=${`preset-${name}`}
                  .checked=${name === chosen}
                  @change=${() => this.#choose(name)}
                />
                <span class="preset-name">${text.presets[name].name}</span>
                <span class="help">${text.presets[name].help}</span>
              </label>
            `,
          )}
        </div>
        <p class="help own" ?hidden=${chosen !== null}>${text.own}</p>
      </fieldset>
    `;
  }

  #renderField(name: SamplingName): TemplateResult {
    const text = SETTINGS_TEXT;
    const { label, help } = text.fields[name];
    const shown = this.typed[name] ?? textOf(this.#told.sampling[name]);
    const read = readSetting(name, shown);
    const problem = read.ok ? null : read.problem;
    return html`
      <div class="field">
        <label for=${name}>${label}</label>
        <p class="help" id="${name}-help">${help} <span class="initial">${initialOf(name)}.</span></p>
        <div class="entry">
          <input
            id=${name}
            type="text"
            autocomplete="off"
            inputmode=${SAMPLING_RANGES[name].whole ? 'numeric' : 'decimal'}
            data-testid=${`setting-${name}`}
            aria-describedby=${problem === null ? `${name}-help` : `${name}-problem ${name}-help`}
            aria-invalid=${problem !== null}
            .value=${shown}
            @input=${(event: InputEvent) => this.#type(name, (event.target as HTMLInputElement).value)}
            @change=${this.#tell}
          />
          <button
            type="button"
            class="small quiet"
            aria-label=${text.resetOf(label)}
            data-testid=${`reset-${name}`}
            ?hidden=${shown === ''}
            @click=${() => this.#reset(name)}
          >
            ${text.reset}
          </button>
        </div>
        ${problem === null ? nothing : html`<p class="problem" id="${name}-problem">${problem}</p>`}
      </div>
    `;
  }

  /** What the fields say, and of those that are wrong what was set before. */
  #read(): Sampling {
    return samplingOf((name) => {
      const text = this.typed[name];
      const kept = this.#told.sampling[name];
      if (text === undefined) return kept;
      const read = readSetting(name, text);
      return read.ok ? read.value : kept;
    });
  }

  #type(name: SamplingName, text: string): void {
    this.typed = { ...this.typed, [name]: text };
  }

  #systemTyped(event: Event): void {
    this.#tell(event.target instanceof HTMLTextAreaElement ? event.target.value : undefined);
  }

  /** The button goes with the text: the focus goes to the field. */
  #reset(name: SamplingName): void {
    this.#type(name, '');
    this.#tell();
    this.renderRoot.querySelector<HTMLElement>(`#${name}`)?.focus();
  }

  #resetAll(): void {
    this.typed = {};
    this.#told = { ...this.#told, sampling: {} };
    emit(this, 'settings-changed', this.#told);
    this.requestUpdate();
  }

  #choose(preset: PresetName): void {
    const sampling = withPreset(this.#read(), preset);
    this.typed = {};
    this.#told = { ...this.#told, sampling };
    emit(this, 'settings-changed', this.#told);
    this.requestUpdate();
  }

  readonly #tell = (system: unknown = this.#told.system): void => {
    const next = { system: typeof system === 'string' ? system : this.#told.system, sampling: this.#read() };
    if (next.system === this.#told.system && isSame(next.sampling, this.#told.sampling)) return;
    this.#told = next;
    emit(this, 'settings-changed', next);
    this.requestUpdate();
  };

  /** Escape leaves a field without the change that a browser tells when it is left. */
  #closed(): void {
    this.#tell(this.renderRoot.querySelector('textarea')?.value);
  }

  #submitted(event: SubmitEvent): void {
    event.preventDefault();
    this.#tell(this.renderRoot.querySelector('textarea')?.value);
    const wrong = this.renderRoot.querySelector<HTMLElement>('[aria-invalid=true]');
    if (wrong === null) return this.dialog?.close();
    const fold = wrong.closest('details');
    if (fold !== null) fold.open = true;
    wrong.focus();
  }
}

function textOf(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}

function initialOf(name: SamplingName): string {
  const { initial } = SAMPLING_RANGES[name];
  if (initial !== null) return SETTINGS_TEXT.initial(initial);
  return SETTINGS_TEXT.noInitial[name === 'seed' ? 'seed' : 'max_tokens'];
}

declare global {
  interface HTMLElementTagNameMap {
    'settings-dialog': SettingsDialog;
  }
}
