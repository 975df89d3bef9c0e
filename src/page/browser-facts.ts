/** The browser and system that a person has in front of them, as far as advice depends on it. */
export interface BrowserFacts {
  readonly browser: 'chrome' | 'edge' | 'firefox' | 'safari' | 'in-app' | 'other';
  /** The browser's own, in whole numbers; of iOS the system's, because every browser there is made of its parts. `null`: not told. */
  readonly version: number | null;
  readonly system: 'windows' | 'macos' | 'linux' | 'chromeos' | 'android' | 'ios' | 'other';
}

/** What of a `navigator` is read. */
export interface NavigatorFacts {
  readonly userAgent: string;
  /** An iPad calls itself a Mac; no Mac has several touch points. */
  readonly maxTouchPoints?: number;
}

/** Apps that show pages in a view of their own. A link in one opens there, not in the browser. */
const IN_APP =
  /\b(FBAN|FBAV|FB_IAB|Instagram|Line\/|MicroMessenger|Snapchat|Pinterest|LinkedInApp|Twitter|musical_ly|BytedanceWebview|GSA\/)/;
/** Android's own view in apps. */
const WEB_VIEW = /; wv\)/;

/** Reads a user agent string. What it does not know is `other`: advice is then general. */
export function browserFacts({ userAgent, maxTouchPoints = 0 }: NavigatorFacts): BrowserFacts {
  const system = systemOf(userAgent, maxTouchPoints);
  const [browser, ownVersion] = browserOf(userAgent, system);
  return { browser, version: system === 'ios' ? iosVersion(userAgent) : ownVersion, system };
}

function systemOf(userAgent: string, touchPoints: number): BrowserFacts['system'] {
  if (/iPhone|iPad|iPod/.test(userAgent)) return 'ios';
  if (/Macintosh/.test(userAgent)) return touchPoints > 1 ? 'ios' : 'macos';
  if (/Android/.test(userAgent)) return 'android';
  if (/Windows/.test(userAgent)) return 'windows';
  if (/CrOS/.test(userAgent)) return 'chromeos';
  return /Linux|X11/.test(userAgent) ? 'linux' : 'other';
}

function browserOf(
  userAgent: string,
  system: BrowserFacts['system'],
): readonly [BrowserFacts['browser'], number | null] {
  const version = (pattern: RegExp): number | null => {
    const [, found] = pattern.exec(userAgent) ?? [];
    return found === undefined ? null : Number(found);
  };
  // On iOS a browser's view in an app names no Safari.
  const isView = system === 'ios' && /AppleWebKit/.test(userAgent) && !/Safari\//.test(userAgent);
  if (IN_APP.test(userAgent) || WEB_VIEW.test(userAgent) || isView) return ['in-app', null];
  if (/\b(OPR|OPT|SamsungBrowser|YaBrowser|Vivaldi|DuckDuckGo)\//.test(userAgent)) return ['other', null];
  if (/\bEdg(A|iOS)?\//.test(userAgent)) return ['edge', version(/\bEdg(?:A|iOS)?\/(\d+)/)];
  if (/\b(Firefox|FxiOS)\//.test(userAgent)) return ['firefox', version(/\b(?:Firefox|FxiOS)\/(\d+)/)];
  if (/\b(Chrome|CriOS)\//.test(userAgent)) return ['chrome', version(/\b(?:Chrome|CriOS)\/(\d+)/)];
  return /Version\/\d+.*Safari\//.test(userAgent) ? ['safari', version(/Version\/(\d+)/)] : ['other', null];
}

/** Since iOS 26 the system's number is frozen in user agents, and Safari's is the system's. */
function iosVersion(userAgent: string): number | null {
  const numbers = [/\bOS (\d+)_/, /Version\/(\d+)/].flatMap((pattern) => {
    const [, found] = pattern.exec(userAgent) ?? [];
    return found === undefined ? [] : [Number(found)];
  });
  return numbers.length === 0 ? null : Math.max(...numbers);
}
