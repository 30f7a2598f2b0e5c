/** Imports files of other systems: cut into portions here, converted and stored by the server. */

import { codeOf, StoreError } from '../errors.js';
import { readOwnership, type Ownership } from '../local/ownership.js';
import { isPaused, isServersFault } from '../net/failures.js';
import type { OpenStore } from '../open.js';
import { importFor } from '../transfer.js';
import type { ImportFileOptions, ImportFileReport, ImportFormat } from '../types.js';
import { LIMITS, Source, type Limits, type Portion } from './portions.js';
import { ReportWriter } from './report.js';
import { isFull, isRefusal, PortionSender } from './send.js';
import { isZip, listZip, openEntry } from './zip.js';

/** How many portions are under way at a time where their conversations have nothing to do with each other. */
const AT_A_TIME = 4;

/** The largest file that goes to this device where the server is away. */
const LARGEST_HERE = 64_000_000;

/** Files that may hold conversations; macOS adds a shadow of each. */
const MAY_HOLD = /^(?!__MACOSX\/).*\.(json|jsonl|ndjson)$/i;

export interface NamedFile {
  name: string;
  size: number;
  open(): Promise<ReadableStream<Uint8Array>> | ReadableStream<Uint8Array>;
}

/** Imports a file, or those of an archive. Sending the same again changes nothing. */
export async function importFile(
  store: OpenStore,
  file: Blob,
  options: ImportFileOptions & { limits?: Limits } = {},
): Promise<ImportFileReport> {
  const ownership = await store.database.run('readonly', readOwnership);
  const importing = new FileImport(ownership, store, options);
  try {
    await importing.run(file);
  } catch (error) {
    if (importing.hasSent || !isAway(error) || importing.format !== 'own' || file.size > LARGEST_HERE) throw error;
    return importHere(ownership, store, file);
  } finally {
    if (importing.hasSent && store.mayAsk()) await (await store.engine.get()).live.ask().catch(() => {});
  }
  return importing.report;
}

function isAway(error: unknown) {
  return error instanceof StoreError && (isServersFault(error) || isPaused(error) || error.code === 'storage_disabled');
}

/** The service's own form needs no conversion: it goes to this device, and from there to the server later. */
async function importHere(ownership: Ownership, store: OpenStore, file: Blob): Promise<ImportFileReport> {
  const name = nameOf(file);
  const { imported, unchanged, rejected } = await importFor(ownership, store, file);
  const conversations = rejected.map(({ id, code }, index) => {
    return { file: name, index, id, status: 'rejected' as const, code, messages: null, missingFiles: 0 };
  });
  const files = [{ name, format: 'own' as const }];
  const counts = { imported, updated: 0, unchanged, rejected: rejected.length, skipped: 0 };
  return { ...counts, conversations, invalidLines: 0, files, ignored: [] };
}

class FileImport {
  readonly #ownership: Ownership;
  readonly #store: OpenStore;
  readonly #options: ImportFileOptions;
  readonly #limits: Limits;
  readonly #sender: PortionSender;
  readonly #writer = new ReportWriter();
  #total = 0;
  #done = 0;
  #isFull = false;
  format: ImportFormat | undefined;

  constructor(ownership: Ownership, store: OpenStore, options: ImportFileOptions & { limits?: Limits }) {
    this.#ownership = ownership;
    this.#store = store;
    this.#options = options;
    this.#limits = options.limits ?? LIMITS;
    this.#sender = new PortionSender(ownership, store, options.signal);
  }

  get hasSent(): boolean {
    return this.#sender.hasSucceeded;
  }

  get report(): ImportFileReport {
    return this.#writer.report;
  }

  async run(file: Blob) {
    if (await isZip(file)) return this.#runArchive(file);
    this.#total = file.size;
    return this.#runFile({ name: nameOf(file), size: file.size, open: () => file.stream() });
  }

  async #runArchive(archive: Blob) {
    const entries = (await listZip(archive)).filter(({ name }) => MAY_HOLD.test(name));
    this.#total = entries.reduce((sum, { size }) => sum + size, 0);
    for (const { name, size, ...entry } of entries) {
      const open = () => openEntry(archive, { name, size, ...entry });
      await this.#runFile({ name, size, open }).catch((error) => this.#ignore(name, size, error));
    }
    const isRead = this.#writer.report.files.length > 0;
    if (!isRead) throw new StoreError('unknown_format', 'There are no conversations of a known form in this archive.');
  }

  /** An export has more than conversations: users, projects, feedback. */
  #ignore(name: string, size: number, error: unknown) {
    if (!['unknown_format', 'nothing_imported'].includes(codeOf(error))) throw error;
    this.#writer.ignore(name);
    this.#progress(size);
  }

  async #runFile(file: NamedFile) {
    const source = new Source(await file.open(), file.name, this.#limits);
    try {
      const format = this.#options.format ?? (await source.detect());
      this.format = format;
      // Portions of a session, and of an export whose conversations go on in further lines, are sent in order.
      if (format === 'claude-code' || format === 'own') await this.#inOrder(file, format, source);
      else await this.#atOnce(file, format, source);
      this.#writer.addFile(file.name, format);
    } finally {
      await source.close();
    }
  }

  async #inOrder(file: NamedFile, format: ImportFormat, source: Source) {
    let continuation = '';
    for await (const portion of source.portions(format)) {
      const response = await this.#send(file, format, portion, continuation);
      continuation = response?.continuation ?? continuation;
      if (this.#isFull) break;
    }
  }

  async #atOnce(file: NamedFile, format: ImportFormat, source: Source) {
    const underWay = new Set<Promise<unknown>>();
    try {
      for await (const portion of source.portions(format)) {
        const sending: Promise<unknown> = this.#send(file, format, portion, '').then(() => underWay.delete(sending));
        // One that fails stays, and is found when the next one is waited for.
        sending.catch(() => {});
        underWay.add(sending);
        // The first one tells whether there is any point in the others.
        if (portion.first === 0) await sending;
        else if (underWay.size >= AT_A_TIME) await Promise.race(underWay);
        if (this.#isFull) break;
      }
      await Promise.all(underWay);
    } finally {
      await Promise.allSettled(underWay);
    }
  }

  /** Sends a portion, and notes what became of it; what the server refuses of it keeps no other from being sent. */
  async #send(file: NamedFile, format: ImportFormat, portion: Portion, continuation: string) {
    const { name } = file;
    if (portion.isOversized) return this.#sendLarge(name, format, portion);
    const isPortion = portion.first > 0 || !portion.isLast;
    try {
      const text = continuation + portion.text;
      const response = await this.#sender.send({ name, format, text, isPortion });
      // Lines of a session are no conversations of their own.
      this.#writer.add(name, format === 'claude-code' ? 0 : portion.first, response);
      this.#progress(portion.size);
      return response;
    } catch (error) {
      // Of a file that goes in one piece it is the reason why nothing was imported.
      if (!isRefusal(error) || (!isPortion && this.#writer.isEmpty && !HAS_ID.has(error.code))) throw error;
      this.#isFull ||= isFull(error);
      this.#writer.reject(name, portion, false, error.code, error.message);
      this.#progress(portion.size);
      return undefined;
    }
  }

  /** One that is larger than a request: of the service's own form it goes in parts. */
  async #sendLarge(name: string, format: ImportFormat, portion: Portion) {
    const isOwn = format === 'own' && portion.text !== null;
    const { imported = 0, unchanged = 0, rejected = [] } = isOwn ? await this.#sendParts(portion) : {};
    const status = imported > 0 ? ('imported' as const) : ('unchanged' as const);
    const results = imported + unchanged > 0 ? [{ index: 0, status }] : [];
    if (results.length > 0) this.#writer.add(name, portion.first, { results });
    else this.#writer.reject(name, portion, format === 'claude-code', rejected[0]?.code ?? 'too_large');
    this.#progress(portion.size);
    return undefined;
  }

  #sendParts({ text }: Portion) {
    return importFor(this.#ownership, this.#store, text ?? '');
  }

  #progress(bytes: number) {
    this.#done = Math.min(this.#total, this.#done + bytes);
    this.#options.onProgress?.({ done: this.#done, total: this.#total, report: this.report });
  }
}

/** Refusals that are about one conversation rather than about the file. */
const HAS_ID = new Set(['conversation_deleted', 'conversation_too_long']);

function nameOf(file: Blob): string {
  return 'name' in file && typeof file.name === 'string' ? file.name : '';
}
