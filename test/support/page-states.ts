import { page, userEvent } from 'vitest/browser';
import { defined } from '../../src/base/assert';
import { ERROR_CODES, ForgelightError } from '../../src/base/errors';
import type { AppUpdates } from '../../src/page/app-updates';
import { TEXT } from '../../src/page/messages';
import { SETTINGS_TEXT } from '../../src/page/settings-messages';
import { until } from './browser-waits';
import { fakeHandle } from './fake-handle';
import type { DeskPorts } from '../../src/page/bridge-desk';
import { BridgeView } from '../../src/page/bridge-view';
import type { MountedPage } from './mounted-page';

/** Opens the dialog of the bridge, where the world is as `ports` say. */
async function openBridge(ports: Partial<DeskPorts>): Promise<void> {
  BridgeView.desk = {
    find: async () => ({ url: 'http://127.0.0.1:8788', version: '1.0.0', isPaired: true, device: 'hip: Radeon' }),
    pair: async () => ({ expiresInMs: 120_000, finish: wrongCode }),
    unpair: async () => undefined,
    permission: async () => 'granted',
    read: () => null,
    keep: () => undefined,
    ownAddress: null,
    ...ports,
  };
  await userEvent.click(page.getByTestId('bridge'));
  await until(() => page.getByTestId('bridge-state').elements().length > 0);
}

async function lookForBridge(ports: Partial<DeskPorts>, state: string): Promise<void> {
  await openBridge(ports);
  await userEvent.click(page.getByTestId('bridge-look'));
  await until(() => page.getByTestId('bridge-state').element().getAttribute('data-state') === state);
}

const wrongCode = async (): Promise<never> => {
  throw new ForgelightError('bridge-denied', 'The code is wrong. Look at the terminal again: 4 more can be tried.');
};

const failing = (code: 'bridge-denied' | 'bridge-unreachable' | 'invalid-request') => async (): Promise<never> => {
  throw new ForgelightError(code, 'Nothing answers at http://127.0.0.1:8788 (Failed to fetch).');
};

const PAIRING = { url: 'http://127.0.0.1:8788', token: 'x', expiresAtMs: Infinity };

/** Every state that a person can meet, by name, with the way into it. */
export const STATES: Readonly<Record<string, (mounted: MountedPage) => Promise<void>>> = {
  idle: async () => undefined,
  loading: (mounted) => mounted.showDownload(),
  'loading, size unknown': (mounted) => mounted.startLoading(),
  stopped: async (mounted) => {
    await mounted.startLoading();
    mounted.store.stopLoading();
  },
  'ready and empty': (mounted) => mounted.becomeReady(),
  'ready with messages': (mounted) => mounted.converse(),
  'reading the prompt': async (mounted) => {
    await mounted.becomeReady();
    await mounted.ask('Hello');
  },
  generating: (mounted) => mounted.beginAnswer(),
  'answer elsewhere': (mounted) => mounted.answerElsewhere(),
  'answer failed': async (mounted) => {
    await mounted.failAnswering('context-overflow');
    await until(() => page.getByTestId('error').elements().length > 0);
  },
  'another model refused': async (mounted) => {
    await mounted.refuse({ reference: new Blob(['GIF89a']), name: 'notes.gguf', local: true });
  },
  'another model failed': async (mounted) => {
    await mounted.failAnother({ reference: new Blob(['GGUF']), name: 'other.gguf', local: true });
  },
  'device lost while answering': async (mounted) => {
    await mounted.failAnswering('device-lost');
    await mounted.phase('error');
  },
  'GPU lost while answering': (mounted) => mounted.loseGpu(),
  'GPU lost, nothing asked': async (mounted) => {
    await mounted.becomeReady();
    mounted.load.enter('lost');
  },
  'GPU blocked while answering': async (mounted) => {
    await mounted.loseGpu();
    mounted.load.enter('blocked', { retryAtMs: mounted.clock.now() + 125_000 });
  },
  'GPU gone': (mounted) => mounted.endEngine('device-lost', 'The device was lost (no adapter).'),
  'GPU too small': (mounted) => mounted.endEngine('out-of-memory', 'At most 512 tokens fit.'),
  conversations: async (mounted) => {
    await mounted.fillConversations();
    await mounted.showConversations();
  },
  'conversations, deleting one and editing a question': async (mounted) => {
    await mounted.fillConversations();
    await userEvent.click(page.getByTestId('edit').last());
    await mounted.showConversations();
    await userEvent.hover(page.getByTestId('chat').first());
    await userEvent.click(page.getByTestId('chat-delete').first());
    await until(() => page.getByTestId('chat-question').elements().length > 0);
  },
  'conversations, renaming one': async (mounted) => {
    await mounted.converse();
    await mounted.showConversations();
    await userEvent.hover(page.getByTestId('chat').first());
    await userEvent.click(page.getByTestId('chat-rename').first());
    await until(() => page.getByTestId('chat-name').elements().length > 0);
  },
  'a new version is ready': async ({ root }) => {
    const ready: Pick<AppUpdates, 'state' | 'subscribe' | 'apply'> = {
      state: 'waiting',
      subscribe: () => () => undefined,
      apply: () => undefined,
    };
    root.updates = ready as AppUpdates;
    await until(() => page.getByTestId('update').elements().length > 0);
  },
  'conversations that are not kept': async (mounted) => {
    mounted.conversations.isBlocked = true;
    await mounted.converse();
    mounted.store.renameChat(defined(mounted.store.state.chats.shown, 'the shown one').id, 'Rain');
    await until(() => mounted.store.state.chats.keeping.kind === 'failing');
    await mounted.showConversations();
    const file = new File(['GIF89a'], 'a-file-that-is-no-export-of-conversations-but-a-picture-of-a-cat.gif');
    await userEvent.upload(page.getByTestId('import-file'), file);
    await until(() => mounted.store.state.notice.includes('cat.gif'));
  },
  'settings with something wrong': async (mounted) => {
    await mounted.becomeReady();
    await mounted.openDialog('settings-button', 'settings-done');
    await userEvent.click(page.getByText(SETTINGS_TEXT.fine));
    await userEvent.fill(page.getByTestId('setting-top_p'), '2');
  },
  // By keys: narrow windows have no button for it.
  shortcuts: async () => {
    await userEvent.keyboard('{Control>}/{/Control}');
    await until(() =>
      page
        .getByText(TEXT.shortcuts.does.help)
        .elements()
        .some((text) => text.checkVisibility()),
    );
  },
  'context nearly full': async (mounted) => {
    await mounted.startLoading();
    mounted.load.info = { ...mounted.load.info, model: { ...mounted.load.info.model, contextLength: 100 } };
    mounted.load.finish();
    await mounted.phase('ready');
    await mounted.ask('Hello');
    mounted.answer.write('Hello');
    mounted.answer.finish();
    await until(() => page.getByTestId('context-warning').elements().length > 0);
  },
  'conversations put away': async (mounted) => {
    await mounted.converse();
    await userEvent.keyboard('{Alt>}{Shift>}b{/Shift}{/Alt}');
  },
  bridge: () => openBridge({}),
  'bridge, asking for permission': () =>
    lookForBridge({ permission: async () => 'prompt', find: () => new Promise(() => undefined) }, 'looking'),
  'bridge, denied': () => lookForBridge({ find: failing('bridge-denied') }, 'denied'),
  'bridge, not there': () => lookForBridge({ find: failing('bridge-unreachable') }, 'unreachable'),
  'bridge, wrong code': async () => {
    await lookForBridge({}, 'code');
    await userEvent.fill(page.getByTestId('bridge-code'), '123456');
    await userEvent.click(page.getByTestId('bridge-pair'));
    await until(() => page.getByTestId('bridge-code').element().getAttribute('aria-invalid') === 'true');
  },
  'bridge, paired and away': async (mounted) => {
    await mounted.becomeReady();
    await userEvent.click(page.getByTestId('model-button'));
    await openBridge({ read: () => PAIRING, find: failing('bridge-unreachable') });
    await until(() => page.getByTestId('bridge-forget').elements().length > 0);
  },
  'bridge, forgotten and away': async (mounted) => {
    await mounted.becomeReady();
    await userEvent.click(page.getByTestId('model-button'));
    await openBridge({ read: () => PAIRING, unpair: failing('bridge-unreachable') });
    await userEvent.click(page.getByTestId('bridge-forget'));
    await until(() => page.getByText('pair --revoke').elements().length > 0);
  },
  'bridge, an address elsewhere': () => lookForBridge({ find: failing('invalid-request') }, 'refused'),
  'model dialog': async (mounted) => {
    await mounted.becomeReady();
    await userEvent.click(page.getByTestId('model-button'));
  },
  'download paused': (mounted) => mounted.pause(),
  'kept models': (mounted) => mounted.unfold('kept'),
  'kept models, none': async (mounted) => {
    mounted.models.entries = [];
    await mounted.unfold('kept');
  },
  'kept models, deleting': async (mounted) => {
    await mounted.unfold('kept');
    await userEvent.click(page.getByRole('button', { name: 'Delete small.gguf' }));
    await until(() => page.getByTestId('kept-question').elements().length > 0);
  },
  'kept models, in use': async (mounted) => {
    await mounted.unfold('kept');
    mounted.models.failWith = 'busy';
    await mounted.library.kept.delete('1'.repeat(64), 'small.gguf');
    mounted.models.failWith = null;
    await mounted.library.kept.show();
  },
  'kept models, repairing': async (mounted) => {
    await mounted.unfold('kept');
    mounted.models.hold();
    await userEvent.click(page.getByRole('button', { name: 'Repair' }));
    await until(() => page.getByText(TEXT.kept.working.repair).elements().length > 0);
  },
  'kept models, no store': async (mounted) => {
    mounted.models.failWith = 'invalid-request';
    await userEvent.click(page.getByTestId('section-kept').element().querySelector('summary') as Element);
    await until(() => page.getByTestId('error').elements().length > 0);
  },
  catalogue: (mounted) => mounted.unfold('catalogue'),
  'catalogue, too big': (mounted) => mounted.askBeforeLoading(),
  'files opened before': async (mounted) => {
    const [file, gone] = [
      fakeHandle('a-name-that-is-longer-than-a-narrow-window-has-room-for-Q4_K_M.gguf'),
      fakeHandle('gone.gguf'),
    ];
    await mounted.library.files.remember([file]);
    gone.gone = true;
    await mounted.library.files.reopen({ name: 'gone.gguf', handles: [gone] });
  },
  'repository listed': (mounted) => mounted.listRepository(),
  'repository refused': async (mounted) => {
    mounted.listHub = async () => {
      throw new ForgelightError('network', 'owner/name-GGUF is gated, private, or not there.');
    };
    await mounted.listRepository();
  },
  'bad address': (mounted) => mounted.typeBadAddress(),
  ...Object.fromEntries(
    ERROR_CODES.map((code) => [`error ${code}`, (mounted: MountedPage) => mounted.failLoading(code)]),
  ),
};
