import { keepLosers } from './keeping.js';
import { follow, shownBetween } from './records.js';
import { contest, receiveAbsence, receiveDeletion, receivePage, receiveSummary } from './receiving.js';
import { applySummary, continues, isOutdated } from './merging.js';
import { countDirty } from './settling.js';
import { isOver, readTenure } from './tenure.js';

/** Messages that one request to the server brings. */
const PAGE = 100;

/** Brings what is here of a conversation up to what the server has of it. */
export class Reader {
  #database;
  #api;
  #clock;
  #tell;
  #refreshing = new Map();

  /** `tell({ changed, deleted, conflicts }, source)` is called after what changes records. */
  constructor({ database, api, clock, tell }) {
    this.#database = database;
    this.#api = api;
    this.#clock = clock;
    this.#tell = tell;
  }

  /**
   * Reads the newest page; and where `until`, ms, is given, older ones as far back as that. Calls for the same conversation
   * share one request.
   */
  refresh(id, until = null) {
    const key = `${id} ${until}`;
    if (!this.#refreshing.has(key)) {
      const work = this.#refresh(id, until).finally(() => this.#refreshing.delete(key));
      this.#refreshing.set(key, work);
    }
    return this.#refreshing.get(key);
  }

  async #refresh(id, until) {
    const { record: before, tenure } = await this.#read(id);
    if (!before || before.deleted === 'done') return;
    const isKnown = before.held && before.revision > 0;
    try {
      const options = { tenure, ...(isKnown && before.page && { noneMatch: before.page.tag }) };
      const answer = await this.#api.call('GET', `/conversations/${id}?limit=${PAGE}`, options);
      if (answer.status === 200) await this.#receiveNewest(id, tenure, answer);
      else await this.#confirm(id, tenure, before);
    } catch (error) {
      if (error.status !== 404) throw error;
      await this.#receiveLoss(id, tenure, error.code);
      return;
    }
    while (until !== null && (await this.#isMissing(id, until))) await this.readOlderPage(id);
  }

  /** A conversation that is not known here, if the server has it. */
  async discover(id) {
    try {
      const { tenure } = await this.#read(id);
      const answer = await this.#api.call('GET', `/conversations/${encodeURIComponent(id)}?limit=${PAGE}`, { tenure });
      const { summary, page } = readNewest(answer);
      await this.#database.run('readwrite', async (tx) => {
        if (await isOver(tx, tenure)) return;
        await receiveSummary(tx, summary, this.#clock.now());
        const record = await tx.get('conversations', id);
        if (!record.deleted) await receivePage(tx, record, page);
      });
    } catch {
      return undefined;
    }
    return this.follow(id);
  }

  async #receiveNewest(id, tenure, answer) {
    const { summary, page: newest } = readNewest(answer);
    await this.#write(id, tenure, async (tx, record) => {
      if (isOutdated(record, summary)) return { changed: false, conflicts: [] };
      const older = { older: record.older, verified: record.verified };
      const wasCurrent = record.held && record.revision === summary.revision && continues(record, summary);
      const wasHeld = record.held;
      const fields = applySummary(record, summary, await countDirty(tx, id));
      record.onServer = true;
      const page = await receivePage(tx, record, newest);
      // Nothing has changed: what was verified further back still is.
      if (wasCurrent) Object.assign(record, older);
      record.count = summary.messageCount + (await countDirty(tx, id));
      await tx.put('conversations', record);
      const contested = wasHeld ? await contest(tx, id, page.added) : [];
      return { ...page, conflicts: [...fields, ...page.conflicts, ...contested] };
    });
  }

  /** The server has nothing newer than what was here `before`. */
  #confirm(id, tenure, { latest, revision, page }) {
    return this.#write(id, tenure, async (tx, record) => {
      const isSame = record.latest === latest && record.revision === revision && record.page?.etag === page.etag;
      if (isSame) await tx.put('conversations', { ...record, latest: revision, etag: page.etag });
      return { changed: false, conflicts: [] };
    });
  }

  #receiveLoss(id, tenure, code) {
    return this.#write(id, tenure, (tx, record) => {
      if (code === 'conversation_deleted') return receiveDeletion(tx, record, this.#clock.now());
      return receiveAbsence(tx, record);
    });
  }

  async #isMissing(id, until) {
    const { record } = await this.#read(id);
    return Boolean(record?.older) && record.verified?.at >= until;
  }

  /** Reads the page before the messages that are verified. */
  async readOlderPage(id) {
    const {
      record: { older: cursor, verified },
      tenure,
    } = await this.#read(id);
    const query = new URLSearchParams({ limit: String(PAGE), cursor });
    const answer = await this.#api.call('GET', `/conversations/${id}/messages?${query}`, { tenure });
    await this.#write(id, tenure, async (tx, record) => {
      // Another tab was faster, or a write of ours.
      const isOvertaken = record.older !== cursor || answer.body.revision < record.latest;
      if (isOvertaken) return { changed: false, conflicts: [] };
      const page = { messages: answer.body.data.reverse(), nextCursor: answer.body.nextCursor };
      return receivePage(tx, record, page, verified);
    });
  }

  /**
   * Up to `limit` messages before this place, oldest first: as the server has them where it can be asked, else as they
   * are here.
   */
  async before(id, place, limit, { mayAsk }) {
    const list = () => this.#list(id, place, limit);
    for (;;) {
      const messages = await list();
      const { record } = await this.#read(id);
      const first = messages[0];
      const isVerified = !record?.older || (messages.length === limit && first.at > record.verified.at);
      if (isVerified || !mayAsk) return messages;
      try {
        await this.readOlderPage(id);
      } catch {
        return messages;
      }
    }
  }

  /** Whether there are messages before this place, here or at the server. */
  async hasBefore(id, place) {
    const [{ record }, here] = [await this.#read(id), await this.#list(id, place, 1)];
    return here.length > 0 || Boolean(record?.older);
  }

  #list(id, place, limit) {
    return this.#database.run('readonly', async (tx) => {
      const range = shownBetween(id, null, place);
      return (await tx.list('messages', 'order', range, { reverse: true, limit })).reverse();
    });
  }

  #read(id) {
    return this.#database.run('readonly', async (tx) => ({
      record: await tx.get('conversations', id),
      tenure: await readTenure(tx),
    }));
  }

  /** Runs `work` on the conversation as it is now, and tells what came of it. */
  async #write(id, tenure, work) {
    const result = await this.#database.run('readwrite', async (tx) => {
      const record = await tx.get('conversations', id);
      const isWanted = record && !(await isOver(tx, tenure));
      const result = isWanted ? await work(tx, record) : { changed: false, conflicts: [] };
      await keepLosers(tx, result.conflicts, this.#clock.now());
      return result;
    });
    this.#tell(id, result, 'server');
  }

  /** The conversation that an id leads to, where it was moved. */
  follow(id) {
    return this.#database.run('readonly', (tx) => follow(tx, id));
  }
}

/** The answer that opens a conversation: its summary, and its newest page. */
function readNewest({ headers, body }) {
  const { messages, nextCursor, ...summary } = body;
  const { revision, etag } = summary;
  return { summary, page: { messages, nextCursor, revision, etag, tag: headers.get('ETag') } };
}
