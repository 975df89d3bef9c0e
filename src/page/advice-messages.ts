/** What is said in place of an error's general text, where more is known of the browser and the system. */
export const ADVICE = {
  insecure: {
    title: 'WebGPU needs a secure page',
    advice:
      'This page came over plain http://, and browsers offer WebGPU over https:// and from this computer only. ' +
      'Open it with https:// in front, or as http://localhost.',
  },
  inApp: {
    title: 'The browser inside this app has no WebGPU',
    advice:
      'This page is shown within another app. Open it in a browser of its own, such as Chrome or Safari: the app’s menu ' +
      'often has “Open in browser”.',
  },
  noWebGpu: {
    iosOld:
      'On iPhone and iPad, WebGPU came with iOS and iPadOS 26. Update the system in Settings, General, Software Update.',
    ios: 'Open Settings, Apps, Safari, Advanced, Feature Flags, and turn on WebGPU. Lockdown Mode must be off for this page.',
    safariOld: 'Safari has WebGPU from version 26. Update macOS, or use a current Chrome or Edge.',
    safari: 'In Safari’s settings, turn on WebGPU in Feature Flags. Lockdown Mode must be off for this page.',
    firefoxOld:
      'Firefox has WebGPU from version 141 on Windows and 145 on Macs with Apple silicon. Update it, or use Chrome or Edge.',
    firefox:
      'Open about:config, and set dom.webgpu.enabled to true. On Macs with an Intel processor, use Chrome or Edge.',
    firefoxOnLinux:
      'On Linux, Firefox has WebGPU with dom.webgpu.enabled set to true in about:config. Or use a current Chrome or Edge.',
    firefoxElsewhere: 'Firefox does not offer WebGPU on this system by default. Use a current Chrome or Edge.',
    chromeOld: 'This browser is too old for WebGPU. Update it, and open this page again.',
    chromeOnLinux: (browser: string) =>
      `On Linux, WebGPU may need to be turned on: set ${browser}://flags/#enable-unsafe-webgpu and ` +
      `${browser}://flags/#enable-vulkan to Enabled, and restart the browser.`,
    chromeOnAndroid:
      'WebGPU needs Android 12 or later and a recent graphics processor. Update the system and the browser.',
    chrome: (browser: string) =>
      `Update the browser. ${browser}://gpu says whether WebGPU is off, and why; a managed computer’s rules can turn it off.`,
  },
  turnOn: {
    chrome: (browser: string) =>
      `The switch is in ${browser}://settings/system, and ${browser}://gpu says what is blocked, and why.`,
    linux: (browser: string) =>
      `On Linux, the Vulkan driver must be installed, and ${browser}://flags/#enable-vulkan may need to be Enabled.`,
    android: 'On Android, update the system: its graphics driver comes with it.',
    firefox:
      'The switch is in Settings, General, Performance; about:support says under Graphics what is blocked, and why; ' +
      'gfx.webgpu.ignore-blocklist in about:config lifts that.',
    safari: 'On a Mac, updates of macOS bring the graphics driver. Lockdown Mode must be off for this page.',
    ios: 'On iPhone and iPad, close other apps and open this page again. Lockdown Mode must be off for it.',
  },
  offline: {
    title: 'There is no connection',
    advice:
      'This device is offline. Models that this browser keeps, and files on disk, can be loaded without a connection.',
  },
  smallMemory:
    'Phones and tablets give a page little memory. Close other tabs and apps, or take a smaller model: below 1 GB most devices hold it.',
} as const;
