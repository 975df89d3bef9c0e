import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const LIBRARY = resolve(import.meta.dirname, '../scripts/lib');

/** Of scripts/lib/firefox-session.mjs, which says what each does. */
interface Session {
  send(method: string, params: object): Promise<unknown>;
  open(url: string): Promise<void>;
  call(code: string, ...args: readonly unknown[]): Promise<unknown>;
  readonly problems: readonly string[];
  close(): Promise<void>;
}

interface Launch {
  readonly executablePath: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A point within what is seen, in CSS pixels. */
interface Point {
  readonly x: number;
  readonly y: number;
}

/** For a busy computer. */
const SEEN_WITHIN_MS = 30_000;

/** Keys that are no characters, as WebDriver names them. */
export const KEYS = { enter: '\uE007', escape: '\uE00C' } as const;

async function load<Module>(file: string): Promise<Module> {
  return (await import(pathToFileURL(join(LIBRARY, file)).href)) as Module;
}

/** A Firefox as it is published, which is clicked and typed into by WebDriver BiDi; Playwright's own cannot be had everywhere. */
export class OwnFirefox {
  private constructor(private readonly session: Session) {}

  static async start(): Promise<OwnFirefox> {
    const { testFirefox } = await load<{ testFirefox: () => Launch }>('firefox.mjs');
    const { startFirefox } = await load<{ startFirefox: (options: Launch) => Promise<Session> }>('firefox-session.mjs');
    return new OwnFirefox(await startFirefox(testFirefox()));
  }

  get problems(): readonly string[] {
    return this.session.problems;
  }

  open(url: string): Promise<void> {
    return this.session.open(url);
  }

  /** `work` runs in the page, with plain data. */
  async call<Args extends readonly unknown[], Result>(
    work: (...args: Args) => Result | Promise<Result>,
    ...args: Args
  ): Promise<Result> {
    return (await this.session.call(String(work), ...args)) as Result;
  }

  state(): Promise<string> {
    return this.call(() => document.documentElement.dataset['state'] ?? '');
  }

  /** Of every element with this test id, in document order, also within shadow trees. */
  texts(testId: string): Promise<string[]> {
    return this.call((id) => {
      const within = (root: Document | ShadowRoot): HTMLElement[] =>
        Array.from(root.querySelectorAll<HTMLElement>('*')).flatMap((element) => [
          ...(element.dataset['testid'] === id ? [element] : []),
          ...(element.shadowRoot === null ? [] : within(element.shadowRoot)),
        ]);
      return within(document).map((element) => element.innerText.trim());
    }, testId);
  }

  /** With the pointer, in the middle of the element; throws where there is none to be seen. */
  async click(testId: string): Promise<void> {
    const { x, y } = await this.middleOf(testId);
    const moves = [
      { type: 'pointerMove', x, y },
      { type: 'pointerDown', button: 0 },
      { type: 'pointerUp', button: 0 },
    ];
    await this.session.send('input.performActions', { actions: [{ type: 'pointer', id: 'pointer', actions: moves }] });
  }

  /** Into what has the focus. */
  async type(text: string): Promise<void> {
    const strokes = Array.from(text, (value) => [
      { type: 'keyDown', value },
      { type: 'keyUp', value },
    ]).flat();
    await this.session.send('input.performActions', { actions: [{ type: 'key', id: 'keys', actions: strokes }] });
  }

  close(): Promise<void> {
    return this.session.close();
  }

  /** Where it is once it is seen and has come to rest; dialogs are fetched when they are used. */
  private async middleOf(testId: string): Promise<Point> {
    const middle = await this.call(
      async (id, waitMs): Promise<Point | null> => {
        const find = (root: Document | ShadowRoot): Element | undefined => {
          for (const element of root.querySelectorAll('*')) {
            const isIt =
              element instanceof HTMLElement && element.dataset['testid'] === id && element.checkVisibility();
            const found = isIt ? element : element.shadowRoot === null ? undefined : find(element.shadowRoot);
            if (found !== undefined) return found;
          }
          return undefined;
        };
        const end = performance.now() + waitMs;
        for (let before = ''; performance.now() < end; await new Promise(requestAnimationFrame)) {
          const element = find(document);
          element?.scrollIntoView({ block: 'nearest', behavior: 'instant' });
          const { left, top, width, height } = element?.getBoundingClientRect() ?? new DOMRect();
          const place = [left, top, width, height].join();
          if (width > 0 && place === before)
            return { x: Math.round(left + width / 2), y: Math.round(top + height / 2) };
          before = place;
        }
        return null;
      },
      testId,
      SEEN_WITHIN_MS,
    );
    if (middle === null) throw new Error(`nothing to be seen in Firefox has the test id ${testId}`);
    return middle;
  }
}
