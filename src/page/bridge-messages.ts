/** What the view of the bridge says; fetched with it. */
export const BRIDGE_TEXT = {
  what: 'A small program on this computer answers at the speed of an AMD graphics processor. The conversation stays in this page, and goes on here when that program ends.',
  start: 'Start it in a terminal, and leave that open:',
  command: 'npx forgelight serve',
  address: 'Address',
  addressHelp: 'Only where the terminal shows another one.',
  look: 'Look for it',
  again: 'Look again',
  looking: 'Looking for it…',
  asking: 'The browser asks whether this page may reach programs on this computer. Allow it to go on.',
  denied:
    'The browser does not let this page reach programs on this computer. Open the site’s settings beside the address, allow “Apps on device” or “Local network”, then look again.',
  unreachable: 'Nothing answers there.',
  details: 'Details',
  code: 'Code in the terminal',
  codeHelp: 'Six digits, as 123-456. They are good for two minutes.',
  pair: 'Pair',
  pairing: 'Pairing…',
  paired: (device: string) => `Paired: ${device}`,
  pairedNoName: 'Paired with the program on this computer.',
  away: 'It does not answer now. Start it again: the next answer is from there.',
  runsOn: (device: string) => `Answers come from ${device}.`,
  fellBack: (device: string) => `Answers come from this page (${device}) for now.`,
  forget: 'Forget it',
  stillKnown:
    'This page has forgotten it, and answers by itself when this is closed; the conversation stays. The program did not answer, and still knows the page: to take that back there, look up the ID, then give it.',
  notPaired:
    'The program on this computer does not know this page any more: the pairing was taken back there, or is over. Look for it again to pair anew.',
  models: {
    title: 'Models of the server that it passes requests on to',
    none: 'That server lists no models, or does not answer.',
    use: 'Use',
    useLabel: (name: string) => `Use ${name}`,
    used: 'In use',
  },
  revoke: ['npx forgelight pair --list', 'npx forgelight pair --revoke ID'],
} as const;
