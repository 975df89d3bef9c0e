import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../base/errors';
import { errorText, type Circumstances } from './advice';
import { browserFacts, type BrowserFacts } from './browser-facts';

const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';
const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)';
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)';
const LINUX = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)';
const ANDROID = 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)';

type Agent = readonly [
  userAgent: string,
  browser: BrowserFacts['browser'],
  version: number | null,
  system: BrowserFacts['system'],
  maxTouchPoints?: number,
];

/** User agents as browsers send them, and what they say. */
const AGENTS: readonly Agent[] = [
  [`${WINDOWS} Chrome/140.0.0.0 Safari/537.36`, 'chrome', 140, 'windows'],
  [`${WINDOWS} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`, 'edge', 140, 'windows'],
  [`${WINDOWS} Chrome/140.0.0.0 Safari/537.36 OPR/120.0`, 'other', null, 'windows'],
  [`${LINUX} Chrome/112.0.0.0 Safari/537.36`, 'chrome', 112, 'linux'],
  [`${ANDROID} Chrome/140.0.0.0 Mobile Safari/537.36`, 'chrome', 140, 'android'],
  [
    'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36',
    'chrome',
    140,
    'chromeos',
  ],
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0', 'firefox', 140, 'windows'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', 'firefox', 145, 'linux'],
  [`${MAC} Version/18.5 Safari/605.1.15`, 'safari', 18, 'macos'],
  [`${MAC} Version/26.0 Safari/605.1.15`, 'safari', 26, 'ios', 5],
  [`${IPHONE} Version/26.0 Mobile/15E148 Safari/604.1`, 'safari', 26, 'ios'],
  [`${IPHONE} CriOS/140.0 Mobile/15E148 Safari/604.1`, 'chrome', 18, 'ios'],
  [`${IPHONE} Mobile/15E148 Instagram 300.0`, 'in-app', 18, 'ios'],
  [`${IPHONE} Mobile/15E148`, 'in-app', 18, 'ios'],
  [
    'Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36',
    'in-app',
    null,
    'android',
  ],
  ['curl/8.0', 'other', null, 'other'],
];

describe('a user agent', () => {
  it.each(AGENTS.map((agent) => ({ agent, name: agent[0] })))('$name', ({ agent }) => {
    const [userAgent, browser, version, system, maxTouchPoints = 0] = agent;
    expect(browserFacts({ userAgent, maxTouchPoints })).toEqual({ browser, version, system });
  });
});

const at = (userAgent: string, given: Partial<Circumstances> = {}): Circumstances => ({
  ...browserFacts({ userAgent }),
  isSecure: true,
  isOnline: true,
  ...given,
});

describe('every code has a title and an advice that are sentences', () => {
  const places = AGENTS.flatMap(([userAgent]) =>
    [true, false].flatMap((isSecure) => [true, false].map((isOnline) => at(userAgent, { isSecure, isOnline }))),
  );

  it.each([...ERROR_CODES, 'unexpected'] as const)('%s', (code) => {
    for (const place of places) {
      const { title, advice } = errorText(code, place);
      expect(title).toMatch(/^[A-Z][^.:]{10,70}[^.!\s]$/);
      expect(advice).toMatch(/^[A-Z].{15,}\.$/);
      expect(advice).not.toMatch(/undefined|\s\s/);
    }
  });
});

describe('without WebGPU the advice is what helps there', () => {
  it.each([
    ['http', at(AGENTS[0]?.[0] ?? '', { isSecure: false }), /https:\/\//],
    ['an app’s own browser', at(`${IPHONE} Mobile/15E148 Instagram 300.0`), /Open it in a browser/],
    ['an old iOS', at(`${IPHONE} Version/18.6 Mobile/15E148 Safari/604.1`), /iOS and iPadOS 26.*Software Update/],
    ['an iOS that has it', at(`${IPHONE} Version/26.0 Mobile/15E148 Safari/604.1`), /Feature Flags/],
    ['an old Safari', at(`${MAC} Version/18.5 Safari/605.1.15`), /from version 26/],
    [
      'Firefox on Linux',
      at('Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'),
      /dom\.webgpu\.enabled.*about:config.*Chrome or Edge/,
    ],
    [
      'Firefox on Android, which has no about:config',
      at('Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0'),
      /^(?!.*about:config).*Chrome or Edge/,
    ],
    ['an old Firefox', at('Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0'), /from version 141/],
    ['Chrome on Linux', at(`${LINUX} Chrome/140.0.0.0 Safari/537.36`), /chrome:\/\/flags\/#enable-vulkan/],
    ['Edge', at(`${WINDOWS} Chrome/140.0 Safari/537.36 Edg/140.0`), /edge:\/\/gpu/],
    ['an old Chrome', at(`${LINUX} Chrome/112.0.0.0 Safari/537.36`), /too old/],
    ['an old Chrome on Android', at(`${ANDROID} Chrome/120.0.0.0 Mobile Safari/537.36`), /too old/],
  ])('%s', (_name, where, words) => {
    expect(errorText('no-webgpu', where).advice).toMatch(words);
  });
});

it('an adapter that is off is turned on where this browser has the switch', () => {
  const { advice } = errorText('no-adapter', at(`${WINDOWS} Chrome/140.0.0.0 Safari/537.36`));
  expect(advice).toMatch(/hardware acceleration.*chrome:\/\/settings\/system/);
  const firefox = errorText('no-adapter', at('Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0'));
  expect(firefox.advice).toMatch(/about:support.*gfx\.webgpu\.ignore-blocklist/);
  expect(errorText('device-blocked', at(`${MAC} Version/26.0 Safari/605.1.15`)).advice).toMatch(/Wait two minutes/);
});

it('a fetch that fails offline is told as that', () => {
  const chrome = `${WINDOWS} Chrome/140.0.0.0 Safari/537.36`;
  expect(errorText('network', at(chrome, { isOnline: false })).title).toBe('There is no connection');
  expect(errorText('network', at(chrome)).title).toBe('The model could not be fetched');
});
