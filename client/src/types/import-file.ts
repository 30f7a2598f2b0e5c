/** Importing files: what a frontend chooses, and what becomes of them. */

/** What a file to import is written in, as the server names it. */
export type ImportFormat = 'claude-code' | 'claude-ai' | 'chatgpt' | 'ui-messages' | 'librechat' | 'open-webui' | 'own';

export interface ImportFileOptions {
  /** What it is written in; told by its shape where it is left out. */
  format?: ImportFormat;
  /** Called whenever the server has taken more of it. */
  onProgress?: (progress: ImportFileProgress) => void;
  /** Ends it; what the server has taken by then stays. */
  signal?: AbortSignal;
}

export interface ImportFileProgress {
  /** Bytes done, unpacked. */
  done: number;
  /** Bytes in all. */
  total: number;
  /** What became of it so far. */
  report: ImportFileReport;
}

/** What became of a file of conversations. */
export interface ImportFileReport {
  imported: number;
  /** Were there, and have become what their source is now. */
  updated: number;
  unchanged: number;
  /** Not taken by the server. */
  rejected: number;
  /** Not converted: there is nothing to be read in them, or they are not of the source's form. */
  skipped: number;
  conversations: FileConversation[];
  /** Lines that could not be read. */
  invalidLines: number;
  /** What was read: the file, or those of an archive. */
  files: { name: string; format: ImportFormat }[];
  /** Files of an archive without conversations. */
  ignored: string[];
}

/** What became of a conversation of a file. */
export interface FileConversation {
  file: string;
  /** Where it stands in the file: the first is 0. */
  index: number;
  id: string | null;
  status: 'imported' | 'updated' | 'unchanged' | 'rejected' | 'skipped';
  /** Why it was rejected or skipped: an error code of the server, or `too_large`, `wrong_shape`, `empty`, `duplicate_id`. */
  code?: string;
  /** The same as a sentence, where the server gave one. */
  message?: string;
  /** How many messages it has; null where the server did not say. */
  messages: number | null;
  /** How many files are named in it and are not there. */
  missingFiles: number;
}
