// Reads one entry of a ZIP archive (a Python wheel is one). Source: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.16.
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { PassThrough, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';

const END_RECORD = { signature: 0x06054b50, sizeBytes: 22 };
const CENTRAL_HEADER = { signature: 0x02014b50, sizeBytes: 46 };
const LOCAL_HEADER = { signature: 0x04034b50, sizeBytes: 30 };
const MAX_COMMENT_BYTES = 0xffff;
/** Stands for "see the 64-bit record", which archives above 4 GiB have. */
const IN_ZIP64 = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;

/**
 * Appends the entry `name` of the archive to `target`, a new file if there is none. Rejects when the entry is missing, its method unknown, or its
 * bytes are not those that the archive promises (length, CRC-32).
 * @param {string} archive path
 * @param {string} name path inside of the archive
 * @param {string} target path
 * @param {AbortSignal} [signal]
 */
export async function appendEntry(archive, name, target, signal) {
  const entry = await findEntry(archive, name);
  if (entry.method !== STORED && entry.method !== DEFLATED)
    throw new Error(`${name} is packed with method ${entry.method}`);
  const packed =
    entry.packedBytes === 0
      ? Readable.from([])
      : createReadStream(archive, { start: entry.offset, end: entry.offset + entry.packedBytes - 1 });
  const unpack = entry.method === DEFLATED ? createInflateRaw() : new PassThrough();
  await pipeline(packed, unpack, checked(entry, name), createWriteStream(target, { flags: 'a' }), { signal });
}

/** Lets bytes pass while they are what the entry promises, and no more of them: a bomb ends here.
 * @param {{ sizeBytes: number, crc: number }} entry @param {string} name */
function checked(entry, name) {
  let size = 0;
  let crc = 0;
  return new Transform({
    transform(chunk, _encoding, done) {
      size += chunk.length;
      crc = crc32(chunk, crc);
      done(size > entry.sizeBytes ? new Error(`${name} is longer than the archive says`) : null, chunk);
    },
    flush(done) {
      const whole = size === entry.sizeBytes && crc === entry.crc;
      done(whole ? null : new Error(`${name} is damaged in the archive`));
    },
  });
}

/** @param {string} archive @param {string} name */
async function findEntry(archive, name) {
  const file = await open(archive, 'r');
  try {
    const directory = await readDirectory(file);
    for (let at = 0; at + CENTRAL_HEADER.sizeBytes <= directory.length;) {
      if (directory.readUInt32LE(at) !== CENTRAL_HEADER.signature) throw new Error('not a readable ZIP directory');
      const nameEnd = at + CENTRAL_HEADER.sizeBytes + directory.readUInt16LE(at + 28);
      if (directory.toString('utf8', at + CENTRAL_HEADER.sizeBytes, nameEnd) === name) {
        return await readEntry(file, directory.subarray(at));
      }
      at = nameEnd + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    }
    throw new Error(`the archive has no ${name}`);
  } finally {
    await file.close();
  }
}

/** @param {import('node:fs/promises').FileHandle} file @param {Buffer} central header of the entry */
async function readEntry(file, central) {
  const headerAt = central.readUInt32LE(42);
  const entry = {
    method: central.readUInt16LE(10),
    crc: central.readUInt32LE(16),
    packedBytes: central.readUInt32LE(20),
    sizeBytes: central.readUInt32LE(24),
  };
  if ([headerAt, entry.packedBytes, entry.sizeBytes].includes(IN_ZIP64)) throw new Error('ZIP64 archives are not read');
  const local = await readExactly(file, headerAt, LOCAL_HEADER.sizeBytes);
  if (local.readUInt32LE(0) !== LOCAL_HEADER.signature) throw new Error('not a readable ZIP entry');
  const offset = headerAt + LOCAL_HEADER.sizeBytes + local.readUInt16LE(26) + local.readUInt16LE(28);
  return { ...entry, offset };
}

/** @param {import('node:fs/promises').FileHandle} file */
async function readDirectory(file) {
  const { size } = await file.stat();
  const tailBytes = Math.min(size, END_RECORD.sizeBytes + MAX_COMMENT_BYTES);
  const tail = await readExactly(file, size - tailBytes, tailBytes);
  for (let at = tail.length - END_RECORD.sizeBytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) === END_RECORD.signature) {
      return readExactly(file, tail.readUInt32LE(at + 16), tail.readUInt32LE(at + 12));
    }
  }
  throw new Error('not a ZIP archive, or cut off');
}

/** @param {import('node:fs/promises').FileHandle} file @param {number} position @param {number} length */
async function readExactly(file, position, length) {
  const { size } = await file.stat();
  if (position < 0 || position + length > size) throw new Error('not a ZIP archive, or cut off');
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead !== length) throw new Error('not a ZIP archive, or cut off');
  return buffer;
}
