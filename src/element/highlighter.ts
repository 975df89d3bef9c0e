import type { HLJSApi, LanguageFn } from 'highlight.js';
import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import c from 'highlight.js/lib/languages/c';
import cpp from 'highlight.js/lib/languages/cpp';
import csharp from 'highlight.js/lib/languages/csharp';
import css from 'highlight.js/lib/languages/css';
import diff from 'highlight.js/lib/languages/diff';
import go from 'highlight.js/lib/languages/go';
import java from 'highlight.js/lib/languages/java';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import python from 'highlight.js/lib/languages/python';
import rust from 'highlight.js/lib/languages/rust';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';
import type { CodeLanguage } from './code-languages';
import { make } from './markdown-nodes';

// Fetched with the first code block that is complete and in a language of these.

const LANGUAGES: Readonly<Record<CodeLanguage, LanguageFn>> = {
  ...{ bash, c, cpp, csharp, css, diff, go, java },
  ...{ javascript, json, python, rust, sql, typescript, xml, yaml },
};

/** What a scope of the grammars looks like: classes of `prose-styles.ts`. Scopes without a line here have the colour of text. */
const CLASSES: Readonly<Record<string, string>> = {
  addition: 'code-added',
  attr: 'code-name',
  attribute: 'code-name',
  built_in: 'code-name',
  comment: 'code-comment',
  deletion: 'code-removed',
  doctag: 'code-comment',
  keyword: 'code-keyword',
  literal: 'code-value',
  meta: 'code-comment',
  name: 'code-keyword',
  number: 'code-value',
  property: 'code-name',
  quote: 'code-comment',
  regexp: 'code-string',
  'selector-tag': 'code-keyword',
  string: 'code-string',
  symbol: 'code-value',
  title: 'code-title',
  type: 'code-title',
  variable: 'code-name',
};

const core: HLJSApi = hljs;
for (const [name, language] of Object.entries(LANGUAGES)) core.registerLanguage(name, language);

/** What the highlighter's emitter keeps: text, and scopes with more of both. */
interface Scope {
  readonly scope?: string;
  readonly children: readonly (Scope | string)[];
}

/** `source` with its parts in spans. The grammar's tree becomes nodes; its HTML text is not used. */
export function highlight(source: string, language: string): DocumentFragment {
  const { _emitter: emitter } = core.highlight(source, { language, ignoreIllegals: true });
  const fragment = document.createDocumentFragment();
  fragment.append(...nodesOf(rootOf(emitter).children));
  return fragment;
}

/** The tree is no public part of highlight.js: its version is pinned, and a test holds what is read here. */
function rootOf(emitter: object): Scope {
  return (emitter as { readonly rootNode: Scope }).rootNode;
}

function nodesOf(children: readonly (Scope | string)[]): (Node | string)[] {
  return children.flatMap((child): readonly (Node | string)[] => {
    if (typeof child === 'string') return [child];
    const name = CLASSES[child.scope?.split('.')[0] ?? ''];
    const inside = nodesOf(child.children);
    return name === undefined ? inside : [make('span', inside, { class: name })];
  });
}
