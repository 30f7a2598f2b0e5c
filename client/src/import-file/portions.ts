/** Cuts a source into portions that the server takes, at the ends of lines or of conversations; reads no further than that. */

import { StoreError } from '../errors.js';
import type { ImportFormat } from '../types.js';
import { detectFormat, isUiMessage } from './formats.js';
import { joined, ItemScanner, type Form, type Item } from './items.js';

export interface Limits {
  /** The most bytes of a portion: less than a request may have, as what earlier portions tell goes in front of it. */
  bytes: number;
  /** The most conversations of a portion. */
  conversations: number;
}

export const LIMITS: Limits = { bytes: 4_000_000, conversations: 500 };

export interface Portion {
  /** Lines, an array of conversations, or one; null where it is larger than anybody wants in memory. */
  text: string | null;
  /** Bytes of the source. */
  size: number;
  /** How many lines or conversations of the source came before it. */
  first: number;
  /** How many are in it. */
  count: number;
  /** Whether it is a single one that is larger than a portion may be. */
  isOversized: boolean;
  isLast: boolean;
}

/** How much of a source is looked at to tell what it is. */
const SAMPLE = { items: 50, bytes: 4_000_000 };

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const [OPEN, COMMA, CLOSE] = ['[', ',', ']'].map((text) => encoder.encode(text)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

/** A source that is read bit by bit. */
export class Source {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #scanner: ItemScanner;
  readonly #limits: Limits;
  /** Read and not handed out. */
  #items: Item[] = [];
  #isRead = false;
  #isWhole = true;
  #count = 0;

  /** The name tells where there are lines of JSON even if the first one is cut off. */
  constructor(stream: ReadableStream<Uint8Array>, name: string, limits: Limits) {
    this.#reader = stream.getReader();
    this.#scanner = new ItemScanner(/\.(jsonl|ndjson)$/i.test(name));
    this.#limits = limits;
  }

  get #form(): Form {
    return this.#scanner.form;
  }

  /** What it is. @throws StoreError `unknown_format`, `ambiguous_format` */
  async detect(): Promise<ImportFormat> {
    let bytes = 0;
    while (this.#items.length < SAMPLE.items && bytes < SAMPLE.bytes && (await this.#read())) {
      bytes = this.#items.reduce((sum, { size }) => sum + size, 0);
    }
    const texts = this.#items.slice(0, SAMPLE.items).map(({ bytes }) => (bytes ? decoder.decode(bytes) : ''));
    return detectFormat(texts, this.#form);
  }

  /** Everything of it, in portions. @throws StoreError `invalid_json` behind the last one where the source is cut off */
  async *portions(format: ImportFormat): AsyncGenerator<Portion> {
    const isOne = await this.#isOneConversation(format);
    let next = await this.#portion(format, isOne);
    while (next) {
      const portion = next;
      next = await this.#portion(format, isOne);
      yield { ...portion, isLast: next === null };
    }
    if (!this.#isWhole) throw new StoreError('invalid_json', 'This file is not whole: its JSON does not end.');
  }

  async close() {
    await this.#reader.cancel().catch(() => {});
  }

  /** An array of messages is one conversation, of anything else several. */
  async #isOneConversation(format: ImportFormat) {
    if (this.#items.length === 0) await this.#read();
    const first = this.#items[0]?.bytes;
    return format === 'ui-messages' && this.#form === 'array' && Boolean(first) && isUiMessage(parse(first));
  }

  async #portion(format: ImportFormat, isOne: boolean): Promise<Portion | null> {
    const first = this.#count;
    const items: Item[] = [];
    let size = 2;
    for (let item = await this.#next(); item; item = await this.#next()) {
      const isFull = size + item.size + 1 > this.#limits.bytes || items.length === this.#mostItems(format);
      if (items.length > 0 && isFull && !isOne) {
        this.#items.unshift(item);
        break;
      }
      size += item.size + 1;
      items.push(size > this.#limits.bytes && isOne ? { ...item, bytes: null } : item);
      this.#count += 1;
    }
    if (items.length === 0) return null;
    const isOversized = size > this.#limits.bytes;
    return { text: this.#textOf(items), size, first, count: items.length, isOversized, isLast: false };
  }

  /** Lines of Claude Code are parts of one conversation. */
  #mostItems(format: ImportFormat) {
    return format === 'claude-code' ? Infinity : this.#limits.conversations;
  }

  #textOf(items: readonly Item[]): string | null {
    const parts: Uint8Array[] = [];
    for (const { bytes } of items) {
      if (bytes === null) return null;
      if (this.#form === 'array') parts.push(parts.length === 0 ? OPEN : COMMA);
      parts.push(bytes);
    }
    if (this.#form === 'array') parts.push(CLOSE);
    return decoder.decode(joined(parts));
  }

  async #next(): Promise<Item | null> {
    while (this.#items.length === 0) if (!(await this.#read())) return null;
    return this.#items.shift() as Item;
  }

  /** Reads on; false at the end. */
  async #read(): Promise<boolean> {
    if (this.#isRead) return false;
    const { value } = await this.#reader.read();
    if (value) this.#items = this.#items.concat(this.#scanner.push(value));
    else this.#finish();
    return !this.#isRead;
  }

  #finish() {
    const { items, isWhole } = this.#scanner.end();
    this.#items = this.#items.concat(items);
    [this.#isRead, this.#isWhole] = [true, isWhole];
  }
}

function parse(bytes: Uint8Array | null | undefined): unknown {
  try {
    return bytes && JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}
