import { ErrorView } from '../element/error-view';
import type { BrowserFacts } from './browser-facts';
import { browserFacts } from './browser-facts';
import type { ErrorText, FailureCode } from '../element/messages';
import { ADVICE } from './advice-messages';
import { ERROR_TEXT } from './messages';

/** What is true of the place where something went wrong. */
export interface Circumstances extends BrowserFacts {
  /** https, or this computer. */
  readonly isSecure: boolean;
  /** As the browser tells; it may be wrong about a network that leads nowhere. */
  readonly isOnline: boolean;
}

const HAS_WEBGPU = { ios: 26, safari: 26, chrome: 113, firefoxOnWindows: 141, firefoxOnMac: 145, chromeOnAndroid: 121 };

/** Where this code runs. */
export function presentCircumstances(): Circumstances {
  return { ...browserFacts(navigator), isSecure: isSecureContext, isOnline: navigator.onLine };
}

/** From here on every error of the page is shown with what helps here. */
export function adviseHere(): void {
  ErrorView.textOf = (code) => errorText(code, presentCircumstances());
}

/** What a person reads of an error: the code's own text, or where browser, system or connection say more, that. */
export function errorText(code: FailureCode, where: Circumstances): ErrorText {
  const text = ERROR_TEXT[code];
  switch (code) {
    case 'no-webgpu':
      return { ...text, ...noWebGpuText(where) };
    case 'no-adapter':
    case 'device-blocked':
      return { title: text.title, advice: [text.advice, turnOnAdvice(where)].filter(Boolean).join(' ') };
    case 'network':
      return where.isOnline ? text : ADVICE.offline;
    case 'out-of-memory':
      return isHandheld(where) ? { title: text.title, advice: ADVICE.smallMemory } : text;
    default:
      return text;
  }
}

function noWebGpuText({ isSecure, browser, version, system }: Circumstances): Partial<ErrorText> {
  const { insecure, inApp, noWebGpu } = ADVICE;
  if (!isSecure) return insecure;
  if (browser === 'in-app') return inApp;
  const isOlderThan = (first: number): boolean => version !== null && version < first;
  if (system === 'ios') return { advice: isOlderThan(HAS_WEBGPU.ios) ? noWebGpu.iosOld : noWebGpu.ios };
  switch (browser) {
    case 'safari':
      return { advice: isOlderThan(HAS_WEBGPU.safari) ? noWebGpu.safariOld : noWebGpu.safari };
    case 'firefox':
      return { advice: firefoxAdvice(system, isOlderThan) };
    case 'chrome':
    case 'edge':
      if (isOlderThan(system === 'android' ? HAS_WEBGPU.chromeOnAndroid : HAS_WEBGPU.chrome)) {
        return { advice: noWebGpu.chromeOld };
      }
      if (system === 'linux') return { advice: noWebGpu.chromeOnLinux(browser) };
      return { advice: system === 'android' ? noWebGpu.chromeOnAndroid : noWebGpu.chrome(browser) };
    default:
      return {};
  }
}

function firefoxAdvice(system: BrowserFacts['system'], isOlderThan: (first: number) => boolean): string {
  const { noWebGpu } = ADVICE;
  if (system === 'windows') return isOlderThan(HAS_WEBGPU.firefoxOnWindows) ? noWebGpu.firefoxOld : noWebGpu.firefox;
  if (system === 'macos') return isOlderThan(HAS_WEBGPU.firefoxOnMac) ? noWebGpu.firefoxOld : noWebGpu.firefox;
  return system === 'linux' ? noWebGpu.firefoxOnLinux : noWebGpu.firefoxElsewhere;
}

/** Where this browser's switch for the graphics processor is. */
function turnOnAdvice({ browser, system }: Circumstances): string {
  const { turnOn } = ADVICE;
  if (system === 'ios') return turnOn.ios;
  switch (browser) {
    case 'chrome':
    case 'edge':
      if (system === 'android') return turnOn.android;
      return [turnOn.chrome(browser), ...(system === 'linux' ? [turnOn.linux(browser)] : [])].join(' ');
    case 'firefox':
      return turnOn.firefox;
    case 'safari':
      return turnOn.safari;
    default:
      return '';
  }
}

function isHandheld({ system }: BrowserFacts): boolean {
  return system === 'ios' || system === 'android';
}
