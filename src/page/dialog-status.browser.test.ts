import { cdp, page } from 'vitest/browser';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { mountBeforeEach, until } from '../../test/support/mounted-page';
import { presentCircumstances } from './advice';
import { MACHINE_PORTS } from './machine-tools';
import { parseShareLink } from './share-link';
import { eventually } from '../../test/support/eventually';

// While a modal dialog is open, nothing outside of it is there for a screen reader.

interface AxNode {
  readonly nodeId: string;
  readonly ignored: boolean;
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
  readonly childIds?: readonly string[];
}
interface Cdp {
  send(method: 'Page.getFrameTree'): Promise<{ frameTree: FrameTree }>;
  send(method: 'Accessibility.getFullAXTree', params: { frameId: string }): Promise<{ nodes: readonly AxNode[] }>;
}
interface FrameTree {
  readonly frame: { readonly id: string; readonly url: string };
  readonly childFrames?: readonly FrameTree[];
}

const mounted = mountBeforeEach();
const session = (): Cdp => cdp() as unknown as Cdp;

const frames = ({ frame, childFrames = [] }: FrameTree): FrameTree['frame'][] => [
  frame,
  ...childFrames.flatMap(frames),
];

/** What the live regions say that a screen reader meets now. */
async function heard(): Promise<readonly string[]> {
  const { frameTree } = await session().send('Page.getFrameTree');
  const all = frames(frameTree);
  const own = all.find(({ url }) => url === window.location.href);
  if (own === undefined) throw new Error(`This page is none of ${all.map(({ url }) => url).join(', ')}.`);
  const { nodes } = await session().send('Accessibility.getFullAXTree', { frameId: own.id });
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const textOf = (node: AxNode): string =>
    node.role?.value === 'StaticText'
      ? (node.name?.value ?? '')
      : (node.childIds ?? [])
          .map((id) => byId.get(id))
          .map((child) => (child === undefined ? '' : textOf(child)))
          .join('');
  return nodes.filter(({ ignored, role }) => !ignored && role?.value === 'status').map(textOf);
}

beforeEach(() => {
  vi.spyOn(MACHINE_PORTS, 'look').mockImplementation(async () => ({
    graphics: { ok: false, failure: { code: 'no-adapter', detail: 'none' } },
    browser: { ...presentCircumstances(), userAgent: 'Agent/1' },
    storage: null,
    bandwidth: null,
  }));
});
afterEach(() => void vi.restoreAllMocks());

const DIALOGS: Readonly<Record<string, () => Promise<void>>> = {
  'no dialog': async () => undefined,
  settings: () => mounted().openDialog('settings-button', 'settings-done'),
  'the sheet of keys': () => mounted().openDialog('shortcuts-button', 'dialog-close'),
  'the model': () => mounted().openDialog('model-button', 'model-facts'),
  'this machine, over the model': async () => {
    await mounted().openDialog('model-button', 'model-facts');
    await mounted().openDialog('machine', 'copy-report');
  },
  'the drawer of conversations': async () => {
    await page.viewport(390, 700);
    await mounted().openDialog('chats-button', 'chats-dialog');
  },
  'what a link asks for': async () => {
    mounted().root.asked = parseShareLink('#sys=Rhyme.');
    await until(() => page.getByTestId('shared').elements().length > 0);
  },
};

it.each(Object.keys(DIALOGS))('what the page says is heard once: %s', async (name) => {
  await mounted().becomeReady();
  mounted().store.announce('Before.');
  await DIALOGS[name]?.();
  // It has been said.
  if (name !== 'no dialog') expect((await heard()).join('')).toBe('');
  mounted().store.announce('Something new.');
  await eventually(async () => expect((await heard()).filter((text) => text !== '')).toEqual(['Something new.']));
});
