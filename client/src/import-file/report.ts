/** What became of the conversations of a file, gathered from the responses to its portions. */

import type { ImportResponse, ImportResult } from '../net/wire.js';
import type { FileConversation, ImportFileReport, ImportFormat } from '../types.js';
import type { Portion } from './portions.js';

type Status = FileConversation['status'];

/** Of a conversation in several portions the most telling status counts. */
const RANKS: Status[] = ['skipped', 'unchanged', 'updated', 'imported', 'rejected'];

export class ReportWriter {
  readonly #conversations: FileConversation[] = [];
  readonly #byId = new Map<string, FileConversation>();
  readonly #files: ImportFileReport['files'] = [];
  readonly #ignored: string[] = [];
  #invalidLines = 0;

  addFile(name: string, format: ImportFormat) {
    this.#files.push({ name, format });
  }

  ignore(name: string) {
    this.#ignored.push(name);
  }

  /** What the server says of a portion. */
  add(file: string, first: number, { results, invalidLines = 0 }: Pick<ImportResponse, 'results' | 'invalidLines'>) {
    this.#invalidLines += invalidLines;
    for (const result of results) this.#addOne(conversationOf(file, first, result));
  }

  /** A portion that was not taken as a whole. */
  reject(file: string, { first, count }: Portion, isLines: boolean, code: string, message?: string) {
    if (isLines && code === 'too_large') this.#invalidLines += count;
    else this.#addOne({ ...NOTHING, file, index: first, status: 'rejected', code, ...(message && { message }) });
  }

  get isEmpty(): boolean {
    return this.#conversations.length === 0;
  }

  get report(): ImportFileReport {
    const count = (status: Status) =>
      this.#conversations.filter((conversation) => conversation.status === status).length;
    return {
      imported: count('imported'),
      updated: count('updated'),
      unchanged: count('unchanged'),
      rejected: count('rejected'),
      skipped: count('skipped'),
      conversations: [...this.#conversations],
      invalidLines: this.#invalidLines,
      files: [...this.#files],
      ignored: [...this.#ignored],
    };
  }

  #addOne(conversation: FileConversation) {
    const key = conversation.id === null ? null : `${conversation.file}\n${conversation.id}`;
    const known = key === null ? undefined : this.#byId.get(key);
    if (known) merge(known, conversation);
    else this.#conversations.push(conversation);
    if (key !== null && !known) this.#byId.set(key, conversation);
  }
}

const NOTHING = { id: null, messages: null, missingFiles: 0 };

function conversationOf(file: string, first: number, result: ImportResult): FileConversation {
  const { id = null, index, status, message, source } = result;
  const code = result.code ?? source?.skipped;
  return {
    file,
    index: first + index,
    id,
    status,
    ...(code !== undefined && { code }),
    ...(message !== undefined && { message }),
    messages: source?.messages ?? null,
    missingFiles: (source?.placeholders?.length ?? 0) + (source?.morePlaceholders ?? 0),
  };
}

/** Adds what a further portion says of the same conversation. */
function merge(known: FileConversation, more: FileConversation) {
  const { messages, missingFiles } = known;
  if (RANKS.indexOf(more.status) > RANKS.indexOf(known.status)) Object.assign(known, { ...more, index: known.index });
  known.messages = messages === null || more.messages === null ? null : messages + more.messages;
  known.missingFiles = missingFiles + more.missingFiles;
}
