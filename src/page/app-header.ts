import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { renderBrand } from './brand';
import { ICONS } from './icons';
import { TEXT } from './messages';
import type { ModelState, ReadyModel } from './page-state';
import type { Theme } from './theme';

interface HeaderView {
  readonly model: ModelState;
  /** The conversations are in a drawer: what stands above them stands here. */
  readonly hasDrawer: boolean;
  readonly isNewChat: boolean;
  readonly theme: Theme;
}

interface HeaderActs {
  showChats(): void;
  newChat(): void;
  showModel(): void;
  showSettings(): void;
  showShortcuts(): void;
  changeTheme(): void;
}

type IconButton = readonly [testId: string, icon: TemplateResult, label: string, act: () => void];

/** The page's header: the model, and what concerns the shown conversation and the page as a whole. */
export function renderHeader({ model, hasDrawer, isNewChat, theme }: HeaderView, acts: HeaderActs): TemplateResult {
  const text = TEXT.header;
  const dialog = 'dialog';
  return html`
    <header>
      ${
        hasDrawer
          ? html`${renderIcon(['chats-button', ICONS.menu, TEXT.chats.open, acts.showChats], dialog)} ${renderBrand()}`
          : nothing
      }
      ${model.kind === 'ready' ? renderModelButton(model, acts.showModel) : html`<span class="spacer"></span>`}
      ${hasDrawer ? renderIcon(['new-chat', ICONS.plus, text.newChat, acts.newChat], null, isNewChat) : nothing}
      ${renderIcon(['settings-button', ICONS.settings, text.settings, acts.showSettings], dialog)}
      ${renderIcon(['shortcuts-button', ICONS.keyboard, TEXT.shortcuts.title, acts.showShortcuts], dialog)}
      ${renderIcon(['theme', ICONS[theme], text.colours[theme], acts.changeTheme])}
    </header>
  `;
}

function renderIcon(
  [testId, icon, label, act]: IconButton,
  popup: 'dialog' | null = null,
  disabled = false,
): TemplateResult {
  return html`
    <button
      type="button"
      class="quiet icon"
      data-testid=${testId}
      aria-haspopup=${popup ?? nothing}
      aria-label=${label}
      title=${label}
      ?disabled=${disabled}
      @click=${act}
    >
      ${icon}
    </button>
  `;
}

function renderModelButton({ choice, info: { device } }: ReadyModel, show: () => void): TemplateResult {
  return html`
    <button
      type="button"
      class="quiet model"
      data-testid="model-button"
      aria-haspopup="dialog"
      aria-label=${TEXT.header.model(choice.name, device.name)}
      @click=${show}
    >
      <span class="model-name">${choice.name}</span>
      <span class="device-name">${TEXT.model.onDevice(device.name)}</span>
      ${ICONS.chevron}
    </button>
  `;
}
