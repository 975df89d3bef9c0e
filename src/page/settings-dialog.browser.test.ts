import { page, userEvent } from 'vitest/browser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deepFocus, until } from '../../test/support/browser-waits';
import { defined } from '../base/assert';
import { DEFAULT_SETTINGS, type ChatSettings } from './chat-settings';
import './page.css';
import './settings-dialog';
import type { SettingsDialog } from './settings-dialog';
import { SETTINGS_TEXT } from './settings-messages';

let dialog: SettingsDialog;
let told: ChatSettings[];
const field = (name: string) => page.getByTestId(`setting-${name}`);
const focusOf = (): string | null => deepFocus()?.getAttribute('data-testid') ?? null;
const isOpen = (): boolean => dialog.shadowRoot?.querySelector('page-dialog')?.open === true;
const own = SETTINGS_TEXT.fields;

beforeEach(async () => {
  await page.viewport(800, 700);
  told = [];
  dialog = document.createElement('settings-dialog');
  // As the page's store does: what is told comes back as the settings.
  dialog.addEventListener('settings-changed', (event) => {
    told.push((event as CustomEvent<ChatSettings>).detail);
    dialog.settings = defined(told.at(-1), 'settings');
  });
  document.body.append(dialog);
  await dialog.updateComplete;
  await dialog.show();
});

afterEach(() => dialog.remove());

describe('the settings of a conversation', () => {
  it('are told as they change, each once', async () => {
    await userEvent.fill(page.getByTestId('settings-system'), 'Be brief.');
    await userEvent.fill(field('temperature'), '0,5');
    await userEvent.keyboard('{Tab}');
    expect(told).toEqual([
      { system: 'Be brief.', sampling: {} },
      { system: 'Be brief.', sampling: { temperature: 0.5 } },
    ]);
    await userEvent.click(page.getByTestId('settings-done'));
    expect(isOpen()).toBe(false);
    expect(told).toHaveLength(2);
  });

  it('show the engine’s defaults', async () => {
    await expect.element(field('temperature')).toHaveAccessibleDescription(/Default: 0\.8\.$/);
    await expect.element(field('max_tokens')).toHaveAccessibleDescription(/as long as the context has room/);
    await expect.element(field('temperature')).toHaveAccessibleName(own.temperature.label);
  });

  it('that are wrong are told beside their field, and keep what was set', async () => {
    dialog.settings = { system: '', sampling: { temperature: 0.5 } };
    await userEvent.fill(field('temperature'), 'warm');
    await expect.element(field('temperature')).toHaveAccessibleDescription(/^A number from 0 to 2\./);
    await userEvent.click(page.getByTestId('settings-done'));
    expect([isOpen(), focusOf(), told]).toEqual([true, 'setting-temperature', []]);
    await userEvent.keyboard('{Escape}');
    await until(() => !isOpen());
    await dialog.show();
    await expect.element(field('temperature')).toHaveValue('warm');
    await userEvent.click(page.getByTestId('reset-temperature'));
    expect([focusOf(), told]).toEqual(['setting-temperature', [DEFAULT_SETTINGS]]);
  });

  it('that are wrong and folded are unfolded', async () => {
    await userEvent.click(page.getByText(SETTINGS_TEXT.fine));
    await userEvent.fill(field('top_p'), '2');
    await userEvent.click(page.getByText(SETTINGS_TEXT.fine));
    await userEvent.click(page.getByTestId('settings-done'));
    await until(() => focusOf() === 'setting-top_p');
  });

  it('are kept by Escape in the middle of a field', async () => {
    await userEvent.click(page.getByTestId('settings-system'));
    await userEvent.keyboard('Rhyme.{Escape}');
    await until(() => !isOpen());
    expect(told.at(-1)).toEqual({ system: 'Rhyme.', sampling: {} });
  });

  it('come as presets, which are known again, and are all reset', async () => {
    await userEvent.fill(field('max_tokens'), '50');
    await userEvent.click(page.getByTestId('preset-exact'));
    expect(told.at(-1)).toEqual({ system: '', sampling: { temperature: 0, max_tokens: 50 } });
    await expect.element(field('temperature')).toHaveValue('0');
    await userEvent.fill(field('temperature'), '0.3');
    await expect.element(page.getByTestId('preset-exact')).not.toBeChecked();
    await userEvent.click(page.getByTestId('settings-reset'));
    expect(told.at(-1)).toEqual(DEFAULT_SETTINGS);
    await expect.element(page.getByTestId('preset-balanced')).toBeChecked();
  });

  it('of another conversation take the place of what was typed', async () => {
    await userEvent.fill(field('temperature'), 'warm');
    dialog.settings = { system: 'Other', sampling: { temperature: 1 } };
    await expect.element(field('temperature')).toHaveValue('1');
    await expect.element(page.getByTestId('settings-system')).toHaveValue('Other');
  });
});
