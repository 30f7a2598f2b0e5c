/** Decides when to poll and when to stream the changes of other devices. */

import type { Clock, PageEvent, PageState } from '../environment.js';
import { codeOf, StoreError } from '../errors.js';
import type { EventBus } from '../event-bus.js';
import type { Ownership } from '../local/ownership.js';
import type { Api } from '../net/api.js';
import { readEvents, type StreamEvent } from '../net/event-stream.js';
import type { SessionStorage } from '../net/session-storage.js';
import type { StreamedChange, SyncResponse, WriteResponse } from '../net/wire.js';
import type { LiveMode } from '../types.js';
import { GRACE } from '../tabs/grace.js';
import type { ChangeFeed } from './change-feed.js';
import type { Presence } from './presence.js';

/** Looking again costs commands: not more often than this, ms, however often the tab is switched. */
const SHORTEST_PAUSE = 30_000;
/** A server that streams sends its first event at once, ms. */
const FIRST_EVENT = 10_000;
/** A stream that ends sooner than this, ms, is not followed by the next one at once. */
const BRIEF = 10_000;
/** Changes that have to be asked for are asked for together, ms. */
const GATHER = 1_000;
const LONGEST_BACKOFF = 300_000;
/** Where the user has as many streams as one may have, and the server does not say when to come back, ms. */
const CROWDED_PAUSE = 60_000;
/** Where storage is switched off, or nobody is signed in, ms. */
const REFUSED_BACKOFF = 600_000;
const REFUSALS = new Set(['storage_disabled', 'signed_out']);

interface LiveParts {
  api: Api;
  feed: ChangeFeed;
  presence: Presence;
  session: SessionStorage;
  clock: Clock;
  page: PageState;
  bus: EventBus;
  /** Resolves when no write is on its way. */
  writesSettled: () => Promise<void>;
}

/**
 * Hears of other devices' changes, and not at all in a hidden tab. Where no other device is at work the server is asked, at
 * once when the page is shown, focused or online again, then less and less often: a stream keeps an instance of the server
 * open, and costs as much as asking some thirty times. Where another one is at work, a stream tells each change as it
 * happens; where streams do not get through, asking is what is left.
 */
export class LiveUpdates {
  readonly #parts: LiveParts;
  readonly #clock: Clock;
  #isActive = false;
  #running: Promise<void> | null = null;
  #mode: LiveMode = 'off';
  /** From when on a stream may get through, ms: until it is tried, or for good where that is infinite. */
  #streamsFrom = -Infinity;
  #quiet = 0;
  #failures = 0;
  #isRefused = false;
  #isBrief = false;
  /** The last stream's place at the server: the next one takes it up again, which costs less. */
  #place: string | null = null;
  #lastContact = -Infinity;
  #hiddenAt: number | null = null;
  #sleeper: (() => void) | null = null;
  #abort: (() => void) | null = null;
  #gathering: unknown = null;

  constructor(parts: LiveParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
  }

  start() {
    this.#isActive = true;
    this.#failures = 0;
    this.#isRefused = false;
    this.#isBrief = false;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      this.#setMode('off');
    });
  }

  async stop() {
    this.#isActive = false;
    this.#abort?.();
    this.#wake();
    await this.#running;
  }

  /** The tab was shown, hidden or focused, or the network came or went. */
  pageChanged(event?: PageEvent) {
    if (this.#parts.page.isVisible()) {
      if (this.#hiddenAt !== null || event === 'focus' || event === 'online') this.#quiet = 0;
      this.#hiddenAt = null;
      this.#wake();
    } else {
      this.#hiddenAt ??= this.#clock.now();
      this.#clock.setTimeout(() => this.#leaveIfHidden(), GRACE);
    }
  }

  #leaveIfHidden() {
    if (this.#hiddenAt === null || this.#clock.now() - this.#hiddenAt < GRACE) return;
    this.#abort?.();
    this.#wake();
  }

  /** The server answers, and there may be a user now. */
  reconsider() {
    this.#failures = 0;
    this.#wake();
  }

  /** A write was answered. Where it shows that no other device has written, there is no need to ask for a while. */
  async noteWrite(response: WriteResponse, ownership: Ownership) {
    if (this.#mode === 'stream') return;
    const isAll = await this.#parts.feed.applyOwn(response, ownership);
    if (isAll === true) this.#contacted();
    if (isAll === false) this.#askSoon();
  }

  /** Asks now. */
  async ask() {
    if (await this.#parts.feed.ask()) await this.#notePresence();
    this.#contacted();
    this.#parts.bus.emit('server-reached', undefined);
  }

  async #run() {
    while (this.#isActive) {
      if (!this.#mayListen()) {
        this.#setMode('resting');
        await this.#sleep(null);
        continue;
      }
      const wait = this.#isStreamDue ? 0 : this.#lastContact + this.#pause() - this.#clock.now();
      if (wait > 0) {
        this.#setMode(this.#canStream ? 'resting' : 'polling');
        await this.#sleep(Math.min(wait, this.#untilStreams()));
      } else {
        await this.#listenOnce();
      }
    }
  }

  get #canStream() {
    return this.#clock.now() >= this.#streamsFrom;
  }

  /** A page that is used again while another device may be at work shows at once what happens there. */
  get #isStreamWanted() {
    const { isActive, isRecent } = this.#parts.presence;
    return isActive || (isRecent && this.#quiet === 0);
  }

  #mayListen() {
    const isSeen = this.#hiddenAt === null || this.#clock.now() - this.#hiddenAt < GRACE;
    return isSeen && this.#parts.page.isOnline() && this.#parts.session.exists;
  }

  /** There were too many streams, and by now the server may take one more. */
  get #isStreamDue() {
    return this.#streamsFrom !== -Infinity && this.#canStream && this.#isStreamWanted;
  }

  /** How long until streams are tried again, ms; where they are not given up, there is nothing to wait for. */
  #untilStreams() {
    return this.#canStream ? Infinity : this.#streamsFrom - this.#clock.now();
  }

  #pause() {
    const { presence } = this.#parts;
    if (this.#failures > 0 && this.#isRefused) return REFUSED_BACKOFF;
    if (this.#failures > 0) return Math.min(LONGEST_BACKOFF, 5_000 * 2 ** (this.#failures - 1));
    if (this.#isBrief) return BRIEF;
    if (this.#canStream && presence.isActive) return 0;
    return this.#quiet === 0 ? SHORTEST_PAUSE : presence.pauseBetweenPolls(this.#quiet - 1);
  }

  async #listenOnce() {
    const before = this.#quiet;
    const began = this.#clock.now();
    const isStream = this.#canStream && this.#isStreamWanted;
    this.#quiet += 1;
    try {
      if (isStream) await this.#stream();
      else await this.ask();
      this.#failures = 0;
    } catch (error) {
      this.#failed(error, before);
    }
    this.#isBrief = isStream && this.#canStream && this.#clock.now() - began < BRIEF;
    this.#contacted();
  }

  #failed(error: unknown, quiet: number) {
    const code = error instanceof StoreError ? error.code : '';
    if (error instanceof StoreError && (code === 'no_stream' || code === 'too_many_streams')) {
      const pause = code === 'no_stream' ? Infinity : (error.retryAfter ?? CROWDED_PAUSE);
      this.#streamsFrom = this.#clock.now() + pause;
      this.#quiet = quiet;
      return;
    }
    this.#failures += 1;
    this.#isRefused = REFUSALS.has(code);
    this.#parts.bus.emit('server-failed', codeOf(error));
  }

  #contacted() {
    this.#lastContact = this.#clock.now();
  }

  async #stream() {
    const controller = new AbortController();
    const abort = () => controller.abort();
    this.#abort = abort;
    this.#streamsFrom = -Infinity;
    let hasBegun = false;
    let isLate = false;
    const timer = this.#clock.setTimeout(() => {
      isLate = !hasBegun;
      if (isLate) abort();
    }, FIRST_EVENT);
    const confirmed = this.#parts.feed.noteConfirmations();
    try {
      const { ownership, body } = await this.#openStream(controller.signal);
      for await (const event of readEvents(body, this.#clock, abort)) {
        hasBegun = true;
        this.#setMode('stream');
        if (event.name === 'reconnect') return;
        await this.#receive(event, ownership, confirmed);
      }
    } catch (error) {
      // Something on the way gathers what should flow.
      if (isLate) throw new StoreError('no_stream', 'Nothing came through the stream.');
      if (error instanceof StoreError && !hasBegun) throw error;
    } finally {
      this.#parts.feed.forgetConfirmations(confirmed);
      this.#clock.clearTimeout(timer);
      this.#abort = null;
    }
  }

  async #openStream(signal: AbortSignal) {
    const { cursor, ownership } = await this.#parts.feed.place();
    const query = new URLSearchParams({ ...(cursor && { cursor }), ...(this.#place && { place: this.#place }) });
    const headers = { Accept: 'text/event-stream' };
    const response = await this.#parts.api.open('GET', `/sync?${query}`, { headers, signal, ownership });
    if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) {
      throw new StoreError('offline', 'What answered is not this service.');
    }
    this.#place = response.headers.get('Stream-Place');
    if (!response.body?.getReader) throw new StoreError('no_stream', 'This browser cannot read streams.');
    return { ownership, body: response.body };
  }

  async #receive({ name, id, data }: StreamEvent, ownership: Ownership, confirmed: Set<string>) {
    const { feed, writesSettled } = this.#parts;
    // A write on its way would look like another device's until it is answered.
    await writesSettled();
    if (name === 'sync') {
      if (await feed.apply(data as SyncResponse, ownership, confirmed)) await this.#notePresence();
    } else if (name === 'erase') {
      await feed.erase(ownership);
    } else if (name === 'change') {
      const isGathering = this.#gathering !== null;
      const { isEnough, isForeign } = await feed.applyOne(data as StreamedChange, id, isGathering, ownership);
      if (!isEnough) this.#askSoon();
      if (isForeign) await this.#notePresence();
    }
  }

  #askSoon() {
    this.#gathering ??= this.#clock.setTimeout(async () => {
      this.#gathering = null;
      // Where it fails, the cursor has not moved, and the next stream tells it again.
      await this.ask().catch(() => {});
    }, GATHER);
  }

  async #notePresence() {
    this.#quiet = 0;
    await this.#parts.presence.note();
    this.#wake();
  }

  #setMode(mode: LiveMode) {
    if (this.#mode === mode) return;
    this.#mode = mode;
    this.#parts.bus.emit('live-mode', mode);
  }

  /** Until it is woken, or for so long, ms. */
  #sleep(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === null ? null : this.#clock.setTimeout(() => this.#wake(), ms);
      this.#sleeper = () => {
        if (timer !== null) this.#clock.clearTimeout(timer);
        resolve();
      };
    });
  }

  #wake() {
    this.#sleeper?.();
    this.#sleeper = null;
  }
}
