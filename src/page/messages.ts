import { TEXT as PARTS } from '../element/messages';
import { TOOL_TEXT } from './tool-messages';

export { ERROR_TEXT } from '../element/messages';

/** Every text of the page: its own, and those of the parts that it shares with the element. */
export const TEXT = {
  appName: 'Forgelight',
  documentTitle: 'Forgelight: a language model in this tab',

  header: {
    newChat: 'New chat',
    settings: 'Settings of this conversation',
    model: (name: string, device: string) => `Model ${name} on ${device}. Show details or change it`,
    colours: {
      system: 'Colours: as the system. Switch to light',
      light: 'Colours: light. Switch to dark',
      dark: 'Colours: dark. Switch to the system’s',
    },
  },

  welcome: {
    title: 'A language model in this tab',
    text: 'It runs on your own graphics processor. What you write stays on this computer.',
  },

  model: {
    title: 'Model',
    load: 'Load this model',
    loadShort: 'Load',
    openFile: 'Open a file…',
    others: 'Another model',
    hint: 'Any supported GGUF file: drop it on the page, open it, or give its address.',
    urlLabel: 'Address of a GGUF file',
    urlPlaceholder: 'https:// or hf:owner/repo',
    dropHere: 'Drop a GGUF file to load it, or exported conversations to import them',
    stranger: (name: string) =>
      `${name} is neither a GGUF file nor conversations that “Export” has written. Drop one of those; nothing here has changed.`,
    close: 'Close',
    refused: (name: string, why: string) => `${name} was not loaded. ${why}.`,
    loadAgain: (name: string) => `Load ${name} again`,
    stopped: 'Loading was stopped.',
    nothingKept: 'Loading was stopped; nothing of it is kept.',
    paused: (loaded: string) => `Paused: ${loaded} are here, and need not be fetched again.`,
    partMissing: 'This part of the page could not be fetched. Reload the page.',
    continue: 'Continue',
    discard: 'Discard',
    discardLabel: (name: string) => `Discard what is here of ${name}`,
    onDevice: (device: string) => `on ${device}`,
    urlProblems: {
      empty: 'Type an address first.',
      scheme: 'The address must begin with https:// or hf:.',
      insecure: 'The address must begin with https://. Plain http:// works for this computer only.',
      hub: 'A hub reference looks like hf:owner/repo, hf:owner/repo/file.gguf or hf:owner/repo:Q4_K_M.',
      malformed: 'This is not a complete address.',
    },
    facts: {
      nameInFile: 'Name in the file',
      size: 'Size',
      architecture: 'Architecture',
      quantisation: 'Quantisation',
      context: 'Context',
      device: 'Device',
      licence: 'Licence',
    },
    tokens: (count: number) => `${count.toLocaleString('en')} tokens`,
    notes: 'Good to know',
    times: {
      title: (duration: string) => `Loaded in ${duration}`,
      start: 'Starting the engine',
      other: 'Everything else',
      firstToken: 'First token, after sending',
    },
  },

  progress: {
    ...PARTS.progress,
    readLocal: 'Fetching the model from this computer',
    pause: 'Pause',
  },

  kept: {
    title: 'Kept in this browser',
    looking: 'Looking…',
    empty: 'Nothing yet. What is loaded from an address is kept here, so that it is downloaded once.',
    list: 'Kept models',
    lastUsed: (day: string) => `last used on ${day}`,
    unfinished: (received: string, total: string | null) =>
      total === null ? `${received} are here, not finished` : `${received} of ${total} are here`,
    damaged: (reason: string) => `Damaged: ${reason}`,
    load: 'Load',
    continue: 'Continue',
    delete: 'Delete',
    discard: 'Discard',
    repair: 'Repair',
    export: 'Export',
    keep: 'Keep it',
    of: (action: string, name: string) => `${action} ${name}`,
    question: (name: string, size: string) => `Delete ${name} (${size})?`,
    discardQuestion: (name: string, size: string) => `Discard ${name} (${size})?`,
    working: {
      delete: 'Deleting…',
      discard: 'Discarding…',
      repair: 'Fetching it again…',
      export: 'Writing the copy…',
    },
    deleted: (name: string) => `${name} was deleted.`,
    discarded: (name: string) => `What was here of ${name} was discarded.`,
    repaired: (name: string) => `${name} is whole again.`,
    exported: (name: string) => `A copy of ${name} was saved.`,
    exportFailed: (name: string, reason: string) => `The copy of ${name} could not be saved. ${reason}`,
    tooLargeToExport:
      'This browser lets pages save files of up to 2 GB. In Chrome or Edge, larger ones can be exported too.',
    busy: (name: string) =>
      `${name} is in use, here or in another tab. Load another model there, or close that tab; then try again.`,
    total: (count: number, size: string) => `${count === 1 ? '1 file' : `${count} files`}, ${size}`,
  },

  catalogue: {
    title: 'Models to try',
    looking: 'Looking at what fits this device…',
    list: 'Models to try',
    budget: (size: string) => `Marked by what fits, if a model may take ${size} of graphics memory. That is a guess.`,
    noBudget: 'What fits this device is not known: the browser shows no graphics processor.',
    fits: { fits: 'fits', 'fits-shorter': 'fits with a shorter context', 'too-big': 'probably too big' },
    load: 'Load',
    loadLabel: (name: string) => `Load ${name}`,
    checking: (name: string) => `Looking whether ${name} fits…`,
    cancel: 'Cancel',
    question: (name: string) => `Load ${name} all the same?`,
    anyway: 'Load anyway',
  },

  files: {
    again: (name: string) => `Open ${name} again`,
    list: 'Opened before',
    denied: (name: string) =>
      `The browser was not allowed to read ${name}. Try again and allow it, or open the file anew.`,
    gone: (name: string) => `${name} is not where it was: it has been moved, renamed or deleted. Open it anew.`,
  },

  gpu: {
    lost: 'The graphics processor was lost; loading the model again…',
    bridgeLost: 'The bridge went away; answers come from this browser. Making it ready…',
    bridgeAway:
      'The bridge went away, and this browser cannot answer. Start it again: npx forgelight serve. This page then goes on by itself.',
    bridgeBack: 'The bridge is there again. Making it ready…',
    blocked: 'The browser has closed the graphics processor to this page for a while',
    retry: (time: string, left: string) => `It failed twice in a short time. Trying again at ${time}, in ${left}.`,
    retrying: 'It failed twice in a short time. Trying again now…',
    answerWaits: 'The answer goes on by itself.',
  },

  ...TOOL_TEXT,

  chat: {
    ...PARTS.chat,
    emptyTitle: 'Ask it something',
    emptyText: 'Write below, or begin with one of these.',
    prompts: [
      'What is the capital of France?',
      'Explain in three sentences how rain forms.',
      'Write a short poem about the sea.',
      'List five animals that live in a forest.',
    ],
  },

  composer: PARTS.composer,

  chats: {
    title: 'Conversations',
    open: 'Show the conversations',
    close: 'Close',
    newChat: 'New chat',
    untitled: 'Without a question',
    search: 'Search conversations',
    list: 'Conversations, newest first',
    today: 'Today',
    earlier: 'Earlier',
    none: 'What you ask is kept here, in this browser alone.',
    unreadable: (count: number) =>
      `${count === 1 ? '1 conversation is' : `${count} conversations are`} kept that this version of the page cannot read: a newer one may have written ${count === 1 ? 'it' : 'them'}. Nothing is lost.`,
    noMatch: (query: string) => `Nothing holds “${query}”.`,
    found: (count: number) => (count === 1 ? '1 conversation found.' : `${count} conversations found.`),
    writing: 'writing',
    rename: 'Rename',
    delete: 'Delete',
    export: 'Export',
    of: (action: string, title: string) => `${action} “${title}”`,
    nameLabel: 'Name of the conversation',
    saveName: 'Save the name',
    question: (title: string) => `Delete “${title}”?`,
    keep: 'Keep it',
    exportAll: 'Export all',
    import: 'Import…',
    shown: (title: string) => `Showing “${title}”.`,
    renamed: (title: string) => `Renamed to “${title}”.`,
    deleted: (title: string) => `“${title}” was deleted.`,
    deletedElsewhere: (title: string) => `“${title}” was deleted in another tab.`,
    answered: (title: string, ending: string) => `“${title}”: ${ending}`,
    imported: (count: number, known: number) =>
      [
        count === 1 ? '1 conversation was imported.' : `${count} conversations were imported.`,
        ...(known === 0 ? [] : [known === 1 ? '1 was here already.' : `${known} were here already.`]),
      ].join(' '),
    importFailed: (name: string, problem: string) =>
      `${name} was not imported, and nothing here has changed: ${problem}`,
    noJson: 'it is not JSON. Choose a file that “Export” has written.',
    wrongFormat: 'it holds no conversations. Choose a file that “Export” has written.',
    wrongPart: (where: string, problem: string) =>
      `“${where}” in it is not as “Export” writes it, or a newer version wrote it. ${problem}`,
    exportFailed: (reason: string) => `The file could not be saved. ${reason}`,
    exported: (fileName: string) => `${fileName} was saved.`,
    blocked: 'This browser keeps no data of this page: conversations last until the tab is closed.',
    newer: 'A newer version of this page has written this conversation. Load the page anew, or export it.',
    notKept: (reason: string) =>
      `The newest messages could not be kept; they last until the tab is closed. Export them, or make room. (${reason})`,
  },

  status: {
    ...PARTS.status,
    loadStopped: 'Loading stopped.',
    paused: 'Download paused.',
    cleared: 'New chat.',
    gpuBlocked: (time: string) =>
      `The browser has closed the graphics processor to this page for a while. Trying again at ${time}.`,
    gpuBack: 'The graphics processor is back.',
    moved: (device: string) => `Answers come from ${device} now.`,
    bridgeGone: (device: string) => `The bridge went away; answers come from this browser (${device}).`,
    bridgeThere: (device: string) => `The bridge is there; answers come from ${device} now.`,
    bridgeUnloaded: 'The bridge has taken the model off its device; the next message loads it there again.',
    gpuBackAnswering: 'The graphics processor is back; the answer goes on.',
  },

  error: PARTS.error,

  update: {
    label: 'New version',
    says: {
      waiting: 'A new version is ready. Taking it loads this page anew, and the model with it.',
      switching: 'Taking the new version…',
      elsewhere: 'Another window has taken a new version. This one goes on with the old one until it is loaded anew.',
    },
    take: 'Take it now',
    reload: 'Load anew',
  },

  shared: {
    title: 'A link asks for this',
    refused: 'This link cannot be used',
    close: 'Close',
    hint: 'Nothing of it has been fetched or set yet. Take it if you trust where the link came from.',
    model: 'Model',
    system: 'Instructions (system prompt): what the model reads before every conversation',
    kept: 'a model that this browser must keep already',
    hub: (repository: string) => `Hugging Face, ${repository}`,
    byHash: (start: string) => `Model ${start}…`,
    unknownSize:
      'Its size is not known yet. The beginning of the file is read first, and if it does not fit you are asked.',
    loadAndUse: 'Load and use',
    load: 'Load it',
    onlyModel: 'Only the model',
    useSystem: 'Use the system prompt',
    notNow: 'Not now',
    stop: 'Stop',
    share: 'Copy a link',
    copyByHand: (url: string) => `The browser did not let the page copy it. Here it is: ${url}`,
    notes: {
      copied: 'The link was copied. It has the model’s address and the system prompt, and nothing of the conversation.',
      keptOnly:
        'The link was copied. It names the model by its hash, so it works where the same model is kept already.',
    },
    problems: {
      tooLong: 'The link is too long to be one of this page’s.',
      reference: 'The link names no model that can be loaded: it must begin with https://, hf: or sha256:.',
      file: (name: string) => `${name} is a file on this computer: a link cannot bring it to others.`,
      thisComputer: (name: string) => `${name} comes from this computer: others cannot reach it by a link.`,
      notSharable: (name: string) => `The address of ${name} cannot be put into a link.`,
      systemTooLong: 'The system prompt is too long for a link: at most 8,000 characters fit.',
    },
  },

  machine: { title: 'What this machine can do', close: 'Close' },

  bridge: { title: 'Use your AMD GPU', close: 'Close' },
} as const;
