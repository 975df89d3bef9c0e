/** Names that models write, each before its character. Others stay as they are written, which can be read too. */
const NAMED = new Map(
  [
    ...[
      'amp &',
      'lt <',
      'gt >',
      'quot "',
      "apos '",
      'copy ©',
      'reg ®',
      'trade ™',
      'hellip …',
      'mdash —',
      'ndash –',
      'lsquo ‘',
    ],
    ...[
      'rsquo ’',
      'ldquo “',
      'rdquo ”',
      'laquo «',
      'raquo »',
      'bull •',
      'middot ·',
      'times ×',
      'divide ÷',
      'plusmn ±',
      'minus −',
    ],
    ...[
      'deg °',
      'micro µ',
      'frac12 ½',
      'frac14 ¼',
      'frac34 ¾',
      'sup2 ²',
      'sup3 ³',
      'euro €',
      'pound £',
      'yen ¥',
      'cent ¢',
      'sect §',
    ],
    ...[
      'larr ←',
      'rarr →',
      'uarr ↑',
      'darr ↓',
      'harr ↔',
      'rArr ⇒',
      'hArr ⇔',
      'le ≤',
      'ge ≥',
      'ne ≠',
      'asymp ≈',
      'equiv ≡',
      'infin ∞',
    ],
    ...[
      'sum ∑',
      'prod ∏',
      'radic √',
      'part ∂',
      'int ∫',
      'isin ∈',
      'forall ∀',
      'exist ∃',
      'empty ∅',
      'cap ∩',
      'cup ∪',
      'alpha α',
    ],
    ...[
      'beta β',
      'gamma γ',
      'delta δ',
      'epsilon ε',
      'theta θ',
      'lambda λ',
      'mu μ',
      'pi π',
      'rho ρ',
      'sigma σ',
      'tau τ',
      'phi φ',
    ],
    ...[
      'omega ω',
      'Delta Δ',
      'Sigma Σ',
      'Omega Ω',
      'szlig ß',
      'auml ä',
      'ouml ö',
      'uuml ü',
      'Auml Ä',
      'Ouml Ö',
      'Uuml Ü',
      'eacute é',
    ],
  ].map((pair): [string, string] => [pair.slice(0, -2), pair.slice(-1)]),
).set('nbsp', '\u00a0');
const REFERENCE = /&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|([a-zA-Z]\w{1,9}));/g;

/** `text` with its character references (`&amp;`, `&#60;`, `&#x3c;`) replaced. It is text before and after: nobody parses it as HTML. */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(REFERENCE, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return NAMED.get(name) ?? whole;
    return characterOf(decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal));
  });
}

/** As HTML has it: what is no character is U+FFFD. */
function characterOf(code: number): string {
  const isCharacter = code > 0 && code <= 0x10_ff_ff && !(code >= 0xd8_00 && code <= 0xdf_ff);
  return isCharacter ? String.fromCodePoint(code) : '\ufffd';
}
