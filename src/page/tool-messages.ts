/** Texts of what stands around a conversation: finding models, shortcuts, storage and context. Part of `TEXT`. */
export const TOOL_TEXT = {
  pick: {
    label: 'Search models',
    none: 'No model here has that. Above, hf:owner/repo lists any repository of the hub.',
    kept: 'Kept in this browser',
  },

  hub: {
    list: 'List files',
    looking: (reference: string) => `Looking at ${reference}…`,
    found: (count: number, reference: string) =>
      count === 1 ? `1 model in ${reference}` : `${count} models in ${reference}, the smallest first`,
    token: 'Access token of the hub',
    tokenHelp: 'For gated and private models. It goes to the hub alone, and is forgotten with this page.',
  },

  shortcuts: {
    title: 'Keyboard shortcuts',
    close: 'Close the shortcuts',
    does: {
      'new-chat': 'New chat',
      search: 'Search conversations',
      previous: 'Conversation above',
      next: 'Conversation below',
      sidebar: 'Show or hide the conversations',
      composer: 'Write a message',
      stop: 'Stop the answer',
      regenerate: 'Answer the last question again',
      copy: 'Copy the last answer',
      settings: 'Settings of this conversation',
      model: 'Model: details, and another one',
      help: 'This list',
    },
    keys: {
      alt: 'Alt',
      shift: 'Shift',
      ctrl: 'Ctrl',
      control: 'Control',
      command: 'Command',
      escape: 'Esc',
    },
  },

  storage: {
    title: 'Room in this browser',
    models: 'Models',
    partial: 'Unfinished downloads',
    other: 'The rest of this page: conversations, settings, its own files',
    free: 'Free for this page',
    of: (what: string, size: string) => `${what}: ${size}`,
    persistent: 'The browser keeps all of this until you delete it.',
    fleeting: 'The browser may delete all of this when the disk gets full.',
    persist: 'Keep it for good',
    granted: 'The browser now keeps all of this until you delete it.',
    refused:
      'The browser does not promise it yet. Most decide by how often a page is used: bookmark or install it, and ask again later.',
  },

  context: {
    title: 'Context that is filled',
    help: 'The context is all that the model reads for an answer: your instructions, the conversation, and the answer itself.',
    use: (tokens: number, total: number, isEstimate: boolean) =>
      `${isEstimate ? 'about ' : ''}${tokens.toLocaleString('en')} of ${total.toLocaleString('en')} tokens`,
    near: 'This conversation will soon be too long for the model. Begin a new chat before it is.',
    full: 'The context is full: answers are cut, and longer questions are refused. Begin a new chat.',
  },
} as const;
