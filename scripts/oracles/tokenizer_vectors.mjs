/**
 * Writes test/fixtures/tokenizer/{bpe-words,character-bpe,sentencepiece,wordpiece}.json: random texts and llama.cpp's ids for them.
 *
 * Run by hand, in the repository's root, with llama.cpp somewhere else:
 *   npm install --prefix ../oracle node-llama-cpp@3.22.1
 *   node scripts/oracles/tokenizer_vectors.mjs ../oracle/node_modules/node-llama-cpp
 * Seeded: the same files come out each time. Special tokens are parsed, none are added.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runnerImport } from 'vite';

const FOLDER = 'test/fixtures/tokenizer';
const TEXTS = 520;
const SOURCE = 'llama.cpp through node-llama-cpp 3.22.1, by scripts/oracles/tokenizer_vectors.mjs';

/** What random texts are made of: words, and what tokenizers trip over. Parted by spaces, which stand below. */
const PARTS = [
  'the Hello world helloWorld HTTPServer McDonald ÉCOLE école ÀÉî straße İstanbul ſ Ωmega ﬁx Привет мир ЁЖИК 중국어 한국어',
  '中文字 日本語テキスト ひらがな カタカナ ﾊﾝｶｸ ไทยภาษา ພາສາ မြန်မာ ខ្មែរ हिन्दी বাংলা العربية עברית ㄅㄆㄇ ⅣⅫ ½¼ ²³',
  `'s 'S 're 'LL 'd it's I'M 'ſ ’s ' '' " \` - -- _ __init__ a_b x-y . .. ... ?! ! , ; : ( ) [] {} < > | / // \\ @ # $ % ^ & * + = ~`,
  '0 1 12 123 1234 12345 123456 1234567 3.14 1,000 １２３ ٣٤ 1e-9 0x1F २०२४',
  '。 ， 、 ！ ？ 「 」 … — “ ” ‘ ۔ । 、 ، € £ © ™ → ∑ √ ░ ♪',
  'e\u0301 \u0301 \u0300\u0327 a\u0308o\u0302 \u093f \u0e34 \u20dd ṩ ậ 가 \u1112\u1161\u11ab Å ≠ か\u3099',
  '👍 👍🏽 👨‍👩‍👧 🇫🇷 ☃\ufe0f 𝔘𝔫𝔦 𝟘𝟙 𐐀𐐨 𠀀 \u{2b820} \u{2b920} \u{20000} 豈 \ue000 \u{10ffff} \u0378 \ufffd',
  '<|end|> <s> </s> <unk> <|user|> <|assistant|> <|endoftext|> <user> [CLS] [SEP] [MASK] <bos> <0x0A> ▁ ▁a',
  '<sentinel:12> IMGIMGABZ f(x): ret(a==b){ }; https://a.b/c?d=1 user@example.com #hashtag /usr/bin',
].flatMap((parts) => parts.split(' '));

const BLANKS = [
  ...[1, 1, 1, 1, 1, 1, 2, 2, 3, 4, 9].map((count) => ' '.repeat(count)),
  ...'\t|\t\t|\n|\n\n|\n\n\n|\r\n|\r| \n|\n | \r\n '.split('|'),
  ...'\u00a0|\u0085|\u3000|\u2003|\u2028|\u1680|\u200b|\u200d|\ufeff|\u00ad|\u0000|\u0007|\u001c'.split('|'),
];

/** On so many texts the other names of a pre-tokenizer are checked to mean the same to llama.cpp. */
const PROBES = 60;

const [nodeLlamaCpp] = process.argv.slice(2);
if (nodeLlamaCpp === undefined) throw new Error('Say where node-llama-cpp is: see the top of this file.');
const { getLlama } = await import(pathToFileURL(resolve(nodeLlamaCpp, 'dist/index.js')).href);
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'disabled' });
const temporary = mkdtempSync(join(tmpdir(), 'tokenizer-vectors-'));

const load = async (path) => (await runnerImport(resolve(path), { configFile: false, logLevel: 'error' })).module;
const { writeGguf } = await load('test/gguf-writer.ts');
const vocabularies = await load('test/support/tokenizer-vocabularies.ts');
const { PRE_TOKENIZERS } = await load('src/tokenizer/pre-tokenizers/registry.ts');

/** Ids of each text by llama.cpp with the vocabulary of a GGUF file. */
async function idsOf(gguf, texts) {
  const path = join(temporary, 'vocabulary.gguf');
  writeFileSync(path, gguf);
  const model = await llama.loadModel({ modelPath: path, vocabOnly: true });
  const ids = texts.map((text) => model.tokenize(text, true));
  await model.dispose();
  return ids;
}

/** Of the basic plane: what newer versions of Unicode added, mostly elsewhere, has other categories in llama.cpp's tables. */
function anyCharacter(random) {
  const character = String.fromCodePoint(random(random(4) === 0 ? 0x10000 : 0x3000));
  return /[\p{Cn}\p{Surrogate}]/u.test(character) ? '' : character;
}

function randomTexts(seed) {
  const random = vocabularies.createRandom(seed);
  const texts = [...PARTS, ...BLANKS];
  while (texts.length < TEXTS) {
    const parts = Array.from({ length: 2 + random(9) }, () => {
      if (random(12) === 0) return anyCharacter(random);
      const from = random(3) > 0 ? PARTS : BLANKS;
      return from[random(from.length)];
    });
    texts.push(parts.join(''));
  }
  return texts.slice(0, TEXTS);
}

function write(name, content) {
  writeFileSync(join(FOLDER, name), JSON.stringify({ source: SOURCE, ...content }) + '\n');
}

async function writeWords() {
  const texts = randomTexts(1);
  const ids = {};
  for (const [, name, ...aliases] of PRE_TOKENIZERS) {
    ids[name] = await idsOf(writeGguf({ metadata: vocabularies.pairVocabulary(name) }), texts);
    for (const alias of aliases) {
      const others = await idsOf(writeGguf({ metadata: vocabularies.pairVocabulary(alias) }), texts.slice(-PROBES));
      if (JSON.stringify(others) !== JSON.stringify(ids[name].slice(-PROBES)))
        throw new Error(`${alias} is not ${name}`);
    }
  }
  write('bpe-words.json', { texts, ids });
}

async function writeCharacters() {
  const texts = randomTexts(2);
  const ids = {};
  for (const pre of ['gemma4', 'granite-embed-multi-311m', 'sarvam-moe'])
    ids[pre] = await idsOf(writeGguf({ metadata: vocabularies.characterVocabulary(pre) }), texts);
  write('character-bpe.json', { texts, ids });
}

const zoo = (name) => readFileSync(`test/fixtures/zoo/${name}.gguf`);

async function writePieces() {
  const texts = randomTexts(3);
  write('sentencepiece.json', {
    texts,
    ids: {
      phi3: await idsOf(zoo('phi3'), texts),
      gemma3: await idsOf(zoo('gemma3'), texts),
      'with prefix': await idsOf(writeGguf({ metadata: vocabularies.pieceVocabulary(true) }), texts),
      'without prefix': await idsOf(writeGguf({ metadata: vocabularies.pieceVocabulary(false) }), texts),
    },
  });
}

async function writeWordPieces() {
  const texts = randomTexts(4);
  write('wordpiece.json', { texts, ids: { minilm: await idsOf(zoo('minilm'), texts) } });
}

await writeWords();
await writeCharacters();
await writePieces();
await writeWordPieces();
rmSync(temporary, { recursive: true });
await llama.dispose();
