/** Announces changes to this tab's frontend and to the other tabs. */

import type { Channel } from '../environment.js';
import type { ChangeSource, EventBus, InternalEvents, RecordChange } from '../event-bus.js';
import type { Conflict, StoredRefusal } from '../local/refused-writes.js';
import type { OpenedConversations } from '../opened-conversations.js';
import type { ChangeEvent } from '../types.js';
import type { TabMessage } from './messages.js';

interface AnnouncerParts {
  bus: EventBus;
  channel: Channel;
  opened: OpenedConversations;
}

/** Tells this tab's frontend, and all other tabs, what has happened. */
export class Announcer {
  readonly #parts: AnnouncerParts;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
    const { bus } = parts;
    bus.on('records-changed', (event) => this.#recordsChanged(event));
    bus.on('writes-refused', (refused) => this.#writesRefused(refused));
  }

  /** Conversations are new or different. */
  announce(changed: string[], source: ChangeSource) {
    if (changed.length > 0) this.#change({ changed, deleted: [], source });
  }

  /** What another tab tells. */
  hear(message: TabMessage) {
    const { bus, opened } = this.#parts;
    if (message.type === 'event' && message.name === 'conflict') bus.emit('conflict', message.event);
    if (message.type === 'event' && message.name === 'refused') bus.emit('refused', message.event);
    if (message.type !== 'change') return;
    const { changed, deleted, source } = message;
    bus.emit('change', { changed, deleted, source: SOURCES[source] ?? 'other-tab' });
    if (isOfServer(source)) opened.refresh(changed);
  }

  #recordsChanged({ id, change, source }: InternalEvents['records-changed']) {
    const { changed, conflicts = [] } = change;
    if (changed) {
      const event = { ...idsOf(id, change), source };
      this.#change(event);
      if (isOfServer(source)) this.#parts.opened.refresh(event.changed);
    }
    for (const conflict of conflicts) this.#conflict(conflict);
  }

  #change(event: { changed: string[]; deleted: string[]; source: ChangeSource }) {
    const source = event.source === 'confirmed' ? 'tab' : event.source;
    this.#parts.bus.emit('change', { ...event, source });
    this.#post({ type: 'change', ...event });
  }

  #conflict({ refused, ...event }: Conflict) {
    const { bus } = this.#parts;
    bus.emit('conflict-found', undefined);
    bus.emit('conflict', event);
    this.#post({ type: 'event', name: 'conflict', event });
    if (refused) bus.emit('writes-refused', [refused]);
  }

  #writesRefused(refused: StoredRefusal[]) {
    for (const event of refused) {
      this.#parts.bus.emit('refused', event);
      this.#post({ type: 'event', name: 'refused', event });
    }
    this.#parts.bus.emit('outbox-changed', undefined);
  }

  #post(message: TabMessage) {
    this.#parts.channel.postMessage(message);
  }
}

/** Whether the server may have more than is here: the response to a write may show that another device has written, too. */
function isOfServer(source: ChangeSource) {
  return source === 'server' || source === 'confirmed';
}

/** What another tab's change is to this one. That a write is confirmed is no news of another tab's either. */
const SOURCES: Partial<Record<ChangeSource, ChangeEvent['source']>> = { server: 'server', confirmed: 'tab' };

/** The ids that a frontend knows, which are new or different, and which are gone. */
function idsOf(id: string, { deleted, copy, movedFrom }: RecordChange) {
  return {
    changed: [...(deleted ? [] : [id]), ...(copy ? [copy] : [])],
    deleted: [...(deleted ? [id] : []), ...(movedFrom ? [movedFrom] : [])],
  };
}
