/** What models write, as the n-th token of an answer. A long block without an end is the hard case: all of it is open. */
export const ANSWER_SHAPES: Readonly<Record<string, (n: number) => string>> = {
  'all kinds': (n) => MIXED[n % MIXED.length] ?? '',
  'one paragraph': (n) => ['word ', '**bold** ', '`code` ', 'or '][n % 4] ?? '',
  'one code block': (n) => (n === 0 ? '```js\n' : n % 10 === 9 ? ';\n' : 'word '),
  'long code blocks': coloured,
  'one list': (n) => (n % 20 === 0 ? '\n- ' : (['item ', '**bold** ', 'more ', 'and '][n % 4] ?? '')),
  'one table': (n) => (n === 0 ? '|a|b|c|\n|-|-|-|\n|' : n % 12 === 11 ? '|\n|' : n % 4 === 3 ? '| ' : 'cell '),
  'one quotation': (n) => (n % 15 === 0 ? '\n> ' : (['said ', '**bold** ', 'more ', 'and '][n % 4] ?? '')),
};
const MIXED = (
  '# A| head|\n\n|Some| **words**| and| `code`| of| a| paragraph| that| goes| on| and| ends|.\n\n|1.| item| one|\n|2.| item| two|\n\n|' +
  '```|js\n|const| x| = |1;\n|let| y| = x|;\n|```\n\n||a ||b |\n|-|-|\n|1 |2 |\n\n|> a| quotation|\n\n|---\n\n|tail| $x^2$| end|\n\n'
).split('|');
const CODE = [
  ...[
    '  const ',
    'name',
    '1',
    ' = ',
    '`text',
    ' ${',
    'value',
    '(',
    '12',
    ')}`',
    ';\n',
    '  if ',
    '(',
    'name1',
    ' !== ',
    "'a word'",
  ],
  ...[
    ') ',
    'return ',
    'new ',
    'Map',
    '([',
    '[',
    'true',
    ', ',
    'null',
    ']',
    ']);',
    ' // why\n',
    'function ',
    'next',
    '(',
    'a',
    ') {}\n',
  ],
];

/** So many tokens are about as much code as is coloured. */
const BLOCK_TOKENS = 1600;

/** Code of which each piece has a colour; no block is like the one before. */
function coloured(n: number): string {
  if (n % BLOCK_TOKENS === 0) return '```ts\n';
  return n % BLOCK_TOKENS === BLOCK_TOKENS - 1 ? '\n```\n\n' : (CODE[n % CODE.length] ?? '');
}
