// The page's mark as PNG, which browsers want of an app that is installed. Source: the PNG specification (W3C), sections 5 and 11.
import { crc32, deflateSync } from 'node:zlib';

/** The spark of `src/page/favicon.svg`, on a field of 24 units: cubic curves from one tip to the next. */
const SPARK = [
  [12, 1.8, 12.9, 6.7, 15.1, 8.9, 20, 9.8],
  [20, 9.8, 15.1, 10.7, 12.9, 12.9, 12, 17.8],
  [12, 17.8, 11.1, 12.9, 8.9, 10.7, 4, 9.8],
  [4, 9.8, 8.9, 8.9, 11.1, 6.7, 12, 1.8],
];
const ANVIL = { fromX: 5, toX: 19, y: 20.8, halfWidth: 1.2 };
const FIELD = 24;
const STEPS = 24; // of a curve
const SAMPLES = 4; // a side of each pixel
const MARK = [0xff, 0x8a, 0x4c];
const GROUND = [0x21, 0x1e, 0x1b];

/** @type {readonly (readonly [number, number])[]} the spark's outline */
const OUTLINE = SPARK.flatMap(([x0 = 0, y0 = 0, x1 = 0, y1 = 0, x2 = 0, y2 = 0, x3 = 0, y3 = 0]) =>
  Array.from({ length: STEPS }, (_, step) => {
    const t = step / STEPS;
    const u = 1 - t;
    const at = (/** @type {number[]} */ [a = 0, b = 0, c = 0, d = 0]) =>
      u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d;
    return /** @type {[number, number]} */ ([at([x0, x1, x2, x3]), at([y0, y1, y2, y3])]);
  }),
);

/** @param {number} x @param {number} y in units of the field */
function isMark(x, y) {
  const { fromX, toX, y: lineY, halfWidth } = ANVIL;
  if (Math.hypot(x - Math.min(Math.max(x, fromX), toX), y - lineY) <= halfWidth) return true;
  let inside = false;
  for (let i = 0, j = OUTLINE.length - 1; i < OUTLINE.length; j = i++) {
    const [xi, yi] = OUTLINE[i] ?? [0, 0];
    const [xj, yj] = OUTLINE[j] ?? [0, 0];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

/**
 * @param {object} options
 * @param {number} options.size pixels a side
 * @param {number} options.margin part of a side that is left free on each side of the mark
 * @param {number} options.corner radius of the ground's corners, as a part of a side; 0: it fills the square
 * @returns {Buffer} a PNG
 */
export function drawIcon({ size, margin, corner }) {
  const rows = Buffer.alloc(size * (1 + size * 4));
  const radius = corner * size;
  const isGround = (/** @type {number} */ x, /** @type {number} */ y) => {
    const dx = Math.max(radius - x, x - (size - radius), 0);
    const dy = Math.max(radius - y, y - (size - radius), 0);
    return Math.hypot(dx, dy) <= radius;
  };
  const scale = FIELD / (size * (1 - 2 * margin));
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let [ground, mark] = [0, 0];
      for (let sample = 0; sample < SAMPLES ** 2; sample++) {
        const x = column + ((sample % SAMPLES) + 0.5) / SAMPLES;
        const y = row + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES;
        if (!isGround(x, y)) continue;
        ground += 1;
        if (isMark((x - margin * size) * scale, (y - margin * size) * scale)) mark += 1;
      }
      const share = ground === 0 ? 0 : mark / ground;
      const colour = GROUND.map((value, i) => Math.round(value + ((MARK[i] ?? 0) - value) * share));
      rows.set([...colour, Math.round((255 * ground) / SAMPLES ** 2)], row * (1 + size * 4) + 1 + column * 4);
    }
  }
  return png(size, rows);
}

/** @param {number} size @param {Buffer} rows RGBA, each row behind a byte that says it is not filtered */
function png(size, rows) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 6], 8); // bits a channel; RGBA
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** @param {string} type @param {Buffer} data */
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
