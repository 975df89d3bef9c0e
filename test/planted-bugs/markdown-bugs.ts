import type { PlantedBug } from './planted-bug';

const plant = (bug: Omit<PlantedBug, 'simulation'>): PlantedBug => ({ ...bug, simulation: 'markdown' });

/** Mistakes about what a model's markdown may become, and about how it grows. */
export const MARKDOWN_BUGS: readonly PlantedBug[] = [
  plant({
    name: 'a link of any scheme',
    file: 'src/element/markdown-nodes.ts',
    find: 'URL.canParse(href) && PROTOCOLS.has(new URL(href).protocol)',
    replace: 'URL.canParse(href) && new URL(href).protocol.length > 0',
    why: 'a click on an answer runs a script of the model',
  }),
  plant({
    name: 'a scheme is allowed by how it is written',
    file: 'src/element/markdown-nodes.ts',
    find: 'URL.canParse(href) && PROTOCOLS.has(new URL(href).protocol)',
    replace: "!href.startsWith('javascript:') && !href.startsWith('data:')",
    why: 'capital letters in a scheme run a script of the model',
  }),
  plant({
    name: 'whoever a link leads to has the page',
    file: 'src/element/markdown-nodes.ts',
    find: "rel: 'noopener noreferrer'",
    replace: "rel: 'opener'",
    why: 'another site sends the page somewhere else',
  }),
  plant({
    name: 'text is read as HTML',
    file: 'src/element/markdown.ts',
    find: 'return token.tokens === undefined ? [decodeEntities(token.text)] : inline(token.tokens, inLink);',
    replace: `if (token.tokens !== undefined) return inline(token.tokens, inLink);
      const template = document.createElement('template');
      template.innerHTML = token.text;
      return [template];`,
    why: 'whatever elements a model writes are there',
  }),
  plant({
    name: 'an attribute of the model’s own',
    file: 'src/element/markdown-nodes.ts',
    find: '  element.append(...children);\n',
    replace: "  element.append(...children);\n  element.setAttribute('onclick', element.textContent);\n",
    why: 'a click on an answer runs a script of the model',
  }),
  plant({
    name: 'an image is fetched before anybody asks for it',
    file: 'src/element/markdown.ts',
    find: "const words = [TEXT.chat.image(decodeEntities(token.text === '' ? token.href : token.text))];",
    replace: `const image = document.createElement('img');
      image.setAttribute('src', token.href);
      const words = [image];`,
    why: 'the address of an image tells a server what was said',
  }),
  plant({
    name: 'a code block whose fence is closed is dropped',
    file: 'src/element/markdown-stream.ts',
    find: 'this.#finished.push({ key, element: code.element });',
    replace: '',
    why: 'long code vanishes as its last line comes',
  }),
  plant({
    name: 'the fence that closes code is not seen',
    file: 'src/element/open-code.ts',
    find: 'if (this.#closing.test(line)) {',
    replace: 'if (this.#closing.test(line) && line === this.#info) {',
    why: 'what comes below long code is code',
  }),
  plant({
    name: 'a block is final as soon as another begins',
    file: 'src/element/markdown-lexer.ts',
    find: 'const OPEN_BLOCKS = 2;',
    replace: 'const OPEN_BLOCKS = 0;',
    why: 'a paragraph ends at its first letter',
  }),
  plant({
    name: 'a displayed formula without its end is read as text',
    file: 'src/element/markdown-formulas.ts',
    find: 'isAlone(text) && text.length <= MAX_FORMULA && UNFINISHED',
    replace: 'text.length < 0 && UNFINISHED',
    why: 'the beginning of a formula stays a list when its end comes',
  }),
  plant({
    name: 'an answer goes on from another one',
    file: 'src/element/markdown-stream.ts',
    find: 'if (!text.startsWith(this.#text.slice(0, this.#start))) this.#reset();',
    replace: '',
    why: 'another version of an answer begins with the blocks of the one before',
  }),
];
