/** Finds where lines and JSON values end, without reading what is in them: bytes in, items out. */

/** What the items of a source stand in: lines, an array, or there is one. */
export type Form = 'lines' | 'array' | 'whole';

/** The most bytes of an item that are held: of one that is larger there is its size. */
const LARGEST = 64_000_000;

const NEW_LINE = 10;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

const MARK = [0xef, 0xbb, 0xbf];
/** The member of an object that holds the items. */
const MEMBER = new TextEncoder().encode('conversations"');

export interface Item {
  /** Null where it is larger than anybody wants in memory. */
  bytes: Uint8Array | null;
  size: number;
}

type State = 'begin' | 'lines' | 'object' | 'behind' | 'between' | 'value' | 'literal' | 'end';

/** Takes a source in chunks of any size. */
export class ItemScanner {
  /** Known when the first item is. */
  form: Form = 'whole';
  #state: State = 'begin';
  #items: Item[] = [];
  #parts: Uint8Array[] = [];
  #size = 0;
  #position = 0;
  #depth = 0;
  #isString = false;
  #isEscaped = false;
  readonly #member = new MemberFinder();

  /** `isLines`: lines are known to be in it, whatever the first one looks like. */
  constructor(isLines: boolean) {
    if (isLines) this.#beginLines();
  }

  /** The items that end in this chunk. */
  push(chunk: Uint8Array): Item[] {
    for (let at = 0; at < chunk.length; ) at = this.#step(chunk, at);
    return this.#taken();
  }

  /** The items that the end of the source ends; `isWhole` is false where it ends in the middle of one. */
  end(): { items: Item[]; isWhole: boolean } {
    const isWhole = !['object', 'value', 'literal', 'between'].includes(this.#state);
    if (this.#state === 'lines' && this.#size > 0) this.#close();
    if (this.#state === 'behind') this.#close();
    return { items: this.#taken(), isWhole };
  }

  #taken() {
    const items = this.#items;
    this.#items = [];
    return items;
  }

  /** Goes on at a byte; returns where to go on next. */
  #step(chunk: Uint8Array, at: number): number {
    switch (this.#state) {
      case 'begin':
        return this.#begin(chunk, at);
      case 'lines':
        return this.#line(chunk, at);
      case 'behind':
        return this.#behindObject(chunk, at);
      case 'between':
        return this.#between(chunk, at);
      case 'literal':
        return this.#literal(chunk, at);
      case 'object':
      case 'value':
        return this.#value(chunk, at);
      case 'end':
        return chunk.length;
    }
  }

  #begin(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] as number;
    if (isSpace(byte) || byte === MARK[this.#position]) {
      this.#position += isSpace(byte) ? 0 : 1;
      return at + 1;
    }
    if (byte === OPEN_BRACKET) {
      this.form = 'array';
      this.#state = 'between';
      return at + 1;
    }
    if (byte === OPEN_BRACE) this.#state = 'object';
    else this.#beginLines();
    return at;
  }

  #beginLines() {
    this.form = 'lines';
    this.#state = 'lines';
  }

  #line(chunk: Uint8Array, at: number): number {
    const end = chunk.indexOf(NEW_LINE, at);
    this.#keep(chunk, at, end < 0 ? chunk.length : end + 1);
    if (end < 0) return chunk.length;
    this.#close();
    return end + 1;
  }

  /** An object that something follows is the first of several lines. */
  #behindObject(chunk: Uint8Array, at: number): number {
    let end = at;
    while (end < chunk.length && isSpace(chunk[end] as number)) end += 1;
    this.#keep(chunk, at, end);
    if (end === chunk.length) return end;
    this.#close();
    this.#beginLines();
    return end;
  }

  #between(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] as number;
    if (isSpace(byte) || byte === COMMA) return at + 1;
    if (byte === CLOSE_BRACKET) {
      this.#state = 'end';
      return at + 1;
    }
    this.#state = [QUOTE, OPEN_BRACE, OPEN_BRACKET].includes(byte) ? 'value' : 'literal';
    return at;
  }

  /** A number, `true`, `false`, `null`; or nothing that is JSON. */
  #literal(chunk: Uint8Array, at: number): number {
    let end = at;
    while (end < chunk.length && !endsLiteral(chunk[end] as number)) end += 1;
    this.#keep(chunk, at, end);
    if (end === chunk.length) return end;
    this.#close();
    this.#state = 'between';
    return end;
  }

  /** An object, an array or a string, as far as it is in this chunk. */
  #value(chunk: Uint8Array, at: number): number {
    const isOuter = this.#state === 'object';
    let [depth, isString] = [this.#depth, this.#isString];
    let end = at;
    for (let isDone = false; end < chunk.length && !isDone; end += 1) {
      const byte = chunk[end] as number;
      if (isOuter && depth === 1 && this.#member.isFound(byte, isString)) return this.#enter(end + 1);
      if (isString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === BACKSLASH) this.#isEscaped = true;
        else if (byte === QUOTE) isString = false;
      } else if (byte === QUOTE) isString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
      isDone = depth === 0 && !isString;
    }
    [this.#depth, this.#isString] = [depth, isString];
    this.#keep(chunk, at, end);
    if (depth === 0 && !isString) this.#endValue(isOuter);
    return end;
  }

  #endValue(isOuter: boolean) {
    this.#state = isOuter ? 'behind' : 'between';
    if (!isOuter) this.#close();
  }

  /** What has been read of the object is around the array of its conversations. */
  #enter(at: number): number {
    [this.#parts, this.#size, this.#depth, this.#isString] = [[], 0, 0, false];
    this.form = 'array';
    this.#state = 'between';
    return at;
  }

  #keep(chunk: Uint8Array, from: number, to: number) {
    this.#size += to - from;
    if (this.#size > LARGEST) this.#parts = [];
    else this.#parts.push(chunk.slice(from, to));
  }

  #close() {
    this.#items.push({ bytes: this.#size > LARGEST ? null : joined(this.#parts), size: this.#size });
    [this.#parts, this.#size] = [[], 0];
  }
}

/** Finds `"conversations": [` among the members of an object. */
class MemberFinder {
  /** How many bytes of the name are there; -1: this string is another. */
  #matched = -1;
  /** What is expected next: a colon, and then the bracket. */
  #expected = 0;

  /** Takes the bytes of the object's own level; `isString`: the byte stands in a string. Whether it opens the array. */
  isFound(byte: number, isString: boolean): boolean {
    if (isString) {
      const goesOn = this.#matched >= 0 && byte === MEMBER[this.#matched];
      this.#matched = goesOn ? this.#matched + 1 : -1;
      this.#expected = this.#matched === MEMBER.length ? COLON : 0;
      return false;
    }
    if (isSpace(byte)) return false;
    const isExpected = byte === this.#expected;
    this.#matched = byte === QUOTE ? 0 : -1;
    this.#expected = isExpected && byte === COLON ? OPEN_BRACKET : 0;
    return isExpected && byte === OPEN_BRACKET;
  }
}

function isSpace(byte: number): boolean {
  return byte === 32 || byte === NEW_LINE || byte === 13 || byte === 9;
}

function endsLiteral(byte: number): boolean {
  return isSpace(byte) || byte === COMMA || byte === CLOSE_BRACKET;
}

/** The parts as one. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
