import { page, userEvent } from 'vitest/browser';
import { describe, expect, it } from 'vitest';
import { deepFocus, mountBeforeEach, until } from '../../test/support/mounted-page';
import { ForgelightError } from '../base/errors';
import type { ModelDialog } from './model-dialog';

// With keys alone through a load: the button that was pressed is gone, and the focus is on what can be done next.

const mounted = mountBeforeEach();

const focusOf = (): string | null => deepFocus()?.getAttribute('data-testid') ?? null;
const focusIsOn = (testId: string): Promise<void> => until(() => focusOf() === testId);
const focus = (testId: string): void => (page.getByTestId(testId).element() as HTMLElement).focus();
const loads = (count: number): Promise<void> => until(() => mounted().engines.loads.length === count);
const fail = (): void => mounted().load.fail(new ForgelightError('network', 'gone'));

describe('the focus follows', () => {
  it('a load that is begun, stopped, begun again, fails, and is tried again', async () => {
    focus('load-model');
    await userEvent.keyboard('{Enter}');
    await focusIsOn('stop-loading');
    await userEvent.keyboard('{Enter}');
    await focusIsOn('load-model');
    await userEvent.keyboard('{Enter}');
    await loads(2);
    await focusIsOn('stop-loading');
    fail();
    await focusIsOn('load-again');
    await userEvent.keyboard('{Enter}');
    await loads(3);
    await focusIsOn('stop-loading');
    mounted().load.finish();
    await focusIsOn('prompt');
  });

  it('a load that is begun with a key held down, which does not press the button in its place', async () => {
    focus('load-model');
    await userEvent.keyboard('{Enter>8/}');
    await focusIsOn('stop-loading');
    expect(mounted().engines.loads).toHaveLength(1);
    expect(mounted().store.state.model.kind).toBe('loading');
  });

  it('a download that is paused', async () => {
    await mounted().showDownload();
    focus('stop-loading');
    await userEvent.keyboard('{Enter}');
    await focusIsOn('load-model');
  });

  it('an address that is given in the model’s dialog', async () => {
    await mounted().becomeReady();
    focus('model-button');
    await userEvent.keyboard('{Enter}');
    focus('model-url');
    await userEvent.keyboard('hf:owner/repo/x.gguf{Enter}');
    await loads(2);
    await focusIsOn('stop-loading');
  });

  it('an engine that goes away behind the model’s dialog', async () => {
    await mounted().converse();
    focus('model-button');
    await userEvent.keyboard('{Enter}');
    focus('model-url');
    mounted().load.enter('gone', { error: { code: 'network', message: 'gone' } });
    await mounted().phase('error');
    await focusIsOn('load-again');
  });
});

describe('the focus is left where a person is', () => {
  it('and goes back there from the model’s dialog, which goes with the engine', async () => {
    await mounted().converse();
    focus('prompt');
    (mounted().root.renderRoot.querySelector('model-dialog') as ModelDialog).show();
    focus('model-url');
    mounted().load.enter('gone', { error: { code: 'network', message: 'gone' } });
    await expect.element(page.getByTestId('load-again')).toBeVisible();
    await focusIsOn('prompt');
  });

  it('whatever the load does', async () => {
    focus('settings-button');
    await mounted().startLoading();
    await until(() => page.getByTestId('stop-loading').elements().length > 0);
    expect(focusOf()).toBe('settings-button');
    fail();
    await until(() => page.getByTestId('load-again').elements().length > 0);
    expect(focusOf()).toBe('settings-button');
  });

  it('when the page opens with a load: nobody has pressed anything', async () => {
    const { root, store } = mounted();
    const opened = document.createElement('app-root');
    opened.store = store;
    await mounted().startLoading();
    root.replaceWith(opened);
    await expect.element(page.getByTestId('load-phase')).toBeVisible();
    expect(deepFocus()).toBe(document.body);
    opened.remove();
  });
});
