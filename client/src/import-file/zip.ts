/** ZIP archives, as claude.ai and ChatGPT hand out exports: their list of files, and each of them as a stream. */

import { StoreError } from '../errors.js';

export interface ZipEntry {
  name: string;
  /** Bytes, unpacked. */
  size: number;
  packed: number;
  method: number;
  /** Where it begins in the archive. */
  offset: number;
}

const LOCAL_HEADER = 0x04034b50;
const LIST_ENTRY = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
/** What stands for a number that has more than 32 bits, and is elsewhere. */
const ELSEWHERE = 0xffffffff;

const STORED = 0;
const DEFLATED = 8;

export async function isZip(file: Blob): Promise<boolean> {
  const bytes = await view(file, 0, 4);
  return bytes.byteLength === 4 && bytes.getUint32(0, true) === LOCAL_HEADER;
}

/** The files of an archive, by name. @throws StoreError `invalid_archive` */
export async function listZip(file: Blob): Promise<ZipEntry[]> {
  const { offset, size, count } = await findList(file);
  const list = await view(file, offset, offset + size);
  const entries: ZipEntry[] = [];
  let at = 0;
  while (entries.length < count) {
    if (at + 46 > list.byteLength || list.getUint32(at, true) !== LIST_ENTRY) throw broken();
    const [nameLength, extraLength] = [list.getUint16(at + 28, true), list.getUint16(at + 30, true)];
    entries.push(readEntry(list, at, nameLength, extraLength));
    at += 46 + nameLength + extraLength + list.getUint16(at + 32, true);
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A file of an archive, unpacked as it is read. */
export async function openEntry(file: Blob, entry: ZipEntry): Promise<ReadableStream<Uint8Array>> {
  const header = await view(file, entry.offset, entry.offset + 30);
  if (header.byteLength < 30 || header.getUint32(0, true) !== LOCAL_HEADER) throw broken();
  if (header.getUint16(6, true) & 1) throw new StoreError('invalid_archive', 'This archive has a password.');
  const start = entry.offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  const packed = file.slice(start, start + entry.packed).stream() as ReadableStream<BufferSource>;
  if (entry.method === STORED) return packed as ReadableStream<Uint8Array>;
  if (entry.method !== DEFLATED) throw new StoreError('invalid_archive', 'This archive is packed in an unusual way.');
  return packed.pipeThrough(new DecompressionStream('deflate-raw')) as ReadableStream<Uint8Array>;
}

/** Where the list of files is: what stands at the end of an archive says so. */
async function findList(file: Blob) {
  const LONGEST_COMMENT = 65_535;
  const from = Math.max(0, file.size - LONGEST_COMMENT - 22);
  const tail = await view(file, from, file.size);
  for (let at = tail.byteLength - 22; at >= 0; at -= 1) {
    if (tail.getUint32(at, true) !== END) continue;
    const [count, size, offset] = [
      tail.getUint16(at + 10, true),
      tail.getUint32(at + 12, true),
      tail.getUint32(at + 16, true),
    ];
    const isLarge = count === 0xffff || size === ELSEWHERE || offset === ELSEWHERE;
    return isLarge ? findLargeList(file, tail, at) : { count, size, offset };
  }
  throw broken();
}

/** The same for an archive of more than 4 GB, or as some programs write all of them. */
async function findLargeList(file: Blob, tail: DataView, end: number) {
  if (end < 20 || tail.getUint32(end - 20, true) !== LOCATOR_64) throw broken();
  const at = Number(tail.getBigUint64(end - 12, true));
  const record = await view(file, at, at + 56);
  if (record.byteLength < 56 || record.getUint32(0, true) !== END_64) throw broken();
  const number = (position: number) => Number(record.getBigUint64(position, true));
  return { count: number(32), size: number(40), offset: number(48) };
}

function readEntry(list: DataView, at: number, nameLength: number, extraLength: number): ZipEntry {
  const bytes = new Uint8Array(list.buffer, list.byteOffset + at + 46, nameLength);
  const [packed, size, offset] = large(list, at + 46 + nameLength, extraLength, [
    list.getUint32(at + 20, true),
    list.getUint32(at + 24, true),
    list.getUint32(at + 42, true),
  ]);
  const name = new TextDecoder().decode(bytes);
  return { name, method: list.getUint16(at + 10, true), packed, size, offset };
}

type Numbers = [packed: number, size: number, offset: number];

/** Numbers of more than 32 bits stand in an extra field, in this order: size, packed size, offset. */
function large(list: DataView, from: number, length: number, [packed, size, offset]: Numbers): Numbers {
  let at = from;
  while (at + 4 <= from + length && list.getUint16(at, true) !== 1) at += 4 + list.getUint16(at + 2, true);
  at += 4;
  const next = (number: number) => {
    if (number !== ELSEWHERE || at + 8 > from + length) return number;
    at += 8;
    return Number(list.getBigUint64(at - 8, true));
  };
  const [largeSize, largePacked] = [next(size), next(packed)];
  return [largePacked, largeSize, next(offset)];
}

async function view(file: Blob, from: number, to: number): Promise<DataView> {
  return new DataView(await file.slice(from, Math.min(to, file.size)).arrayBuffer());
}

function broken() {
  return new StoreError('invalid_archive', 'This archive is broken, or not all of it is there.');
}
