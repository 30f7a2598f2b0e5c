/**
 * The user of this device: link and recovery codes, read tokens, sessions, erasure, and claiming an anonymous user's
 * data.
 */

import { createContext } from './context.js';
import { StoreError } from './errors.js';
import { handOver, tellGone, wipe } from './local/change-user.js';
import { expectEpoch, readOwnership, userChanged, type Ownership } from './local/ownership.js';
import { listConversations } from './local/records.js';
import { copyRefused, idsToTakeOver, isAllOf, takeOver } from './local/take-over.js';
import { forgetOldData } from './migration.js';
import type { SessionResponse } from './net/wire.js';
import { openStore, type OpenStore } from './open.js';
import type { ReadToken, RecoveryCode } from './types.js';

/** The response to one of the requests that an erasure takes. */
interface ErasureResponse {
  erased: boolean;
  remaining: number;
}

export async function createLinkCode({ engine }: OpenStore) {
  const { api, live, presence } = await engine.get();
  const options = { body: { action: 'link' }, ownership: await api.owner() };
  const { body } = await api.call<{ code: string; expiresAt: string }>('POST', '/session', options);
  await presence.note();
  // The device on which it is entered may be active at once.
  live.reconsider();
  return body;
}

/** Makes a recovery code, in the place of the one before. It is told this once. */
export async function createRecoveryCode({ engine }: OpenStore): Promise<RecoveryCode> {
  const { api } = await engine.get();
  const options = { body: { action: 'createRecoveryCode' }, ownership: await api.owner() };
  const { body } = await api.call<{ recoveryCode: string; createdAt: string }>('POST', '/session', options);
  return { code: body.recoveryCode, createdAt: body.createdAt };
}

export async function revokeRecoveryCode({ engine }: OpenStore) {
  const { api } = await engine.get();
  await api.call('POST', '/session', { body: { action: 'revokeRecoveryCode' }, ownership: await api.owner() });
}

/** Makes a token that only reads, in the place of the one before. It is told this once. */
export async function createReadToken({ engine }: OpenStore): Promise<ReadToken> {
  const { api } = await engine.get();
  const options = { body: { action: 'createReadToken' }, ownership: await api.owner() };
  const { body } = await api.call<{ readToken: string; createdAt: string }>('POST', '/session', options);
  return { token: body.readToken, createdAt: body.createdAt };
}

export async function revokeReadToken({ engine }: OpenStore) {
  const { api } = await engine.get();
  await api.call('POST', '/session', { body: { action: 'revokeReadToken' }, ownership: await api.owner() });
}

/**
 * Becomes the user whose code it is, of a device (`redeem`) or a recovery code (`recover`); what is here goes along, or is
 * removed.
 */
export async function becomeUserOf(
  store: OpenStore,
  action: 'redeem' | 'recover',
  code: string,
  { keepLocal = true } = {},
) {
  const { bus, database } = store;
  const { api, presence, session } = await store.engine.get();
  if (session.isOfProvider) throw new StoreError('use_provider', 'This user signs in at the auth provider.');
  return exclusively(store, async () => {
    // Before anything changes: what only the server has of the former user could not be had afterwards.
    if (keepLocal && session.stored?.token) await pullEverything(store);
    const options = { body: { action, code }, isPublic: true } as const;
    const { body } = await api.call<SessionResponse & { userId: string }>('POST', '/session', options);
    const gone = keepLocal ? [] : await database.run('readwrite', wipe);
    tellGone(bus, gone);
    await session.become(body);
    await presence.note();
    await announceUser(store);
    const { length: kept } = await database.run('readonly', listConversations);
    return { userId: body.userId, kept };
  });
}

/** The user, or all data, has changed: other tabs begin anew, and the frontend of this one is told. */
async function announceUser({ engine, leadership }: OpenStore) {
  leadership.post({ type: 'user' });
  const { live, users } = await engine.get();
  await users.check();
  live.pageChanged();
}

/** Runs `work` while nothing else is done. Rejects where other data are here by then than it was asked of. */
async function exclusively<T>(store: OpenStore, work: (before: Ownership) => Promise<T>) {
  const { database, engine, leadership } = store;
  const { session } = await engine.get();
  const before = session.exists ? await session.owner() : await database.run('readonly', readOwnership);
  return leadership.exclusively(async () => {
    await database.run('readonly', (tx) => expectEpoch(tx, before));
    return work(before);
  });
}

/** How many conversations are read at a time. */
const AT_ONCE = 6;

/** Brings all messages of all conversations here. */
async function pullEverything({ database, engine }: OpenStore) {
  const { feed, pull } = await engine.get();
  await feed.ask();
  const records = (await database.run('readonly', listConversations)).values();
  const pullNext = async () => {
    for (const { id } of records) {
      const record = await pull.resolve(id);
      if (record?.onServer) await pull.refresh(id, 'all');
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, pullNext));
}

export async function signOutEverywhere({ engine }: OpenStore) {
  const { api, session } = await engine.get();
  const ownership = await api.owner();
  const options = { body: { action: 'signOutEverywhere' }, ownership };
  const { body } = await api.call<SessionResponse>('POST', '/session', options);
  await session.keepFor(ownership, body);
}

export async function startNewSession(store: OpenStore) {
  const { api, session } = await store.engine.get();
  await exclusively(store, async () => {
    const { body } = await api.call<SessionResponse>('POST', '/session', { isPublic: true });
    await session.become(body);
    await announceUser(store);
  });
}

/** Deletes everything of the user: at the server first, so that nothing is left there that nobody can reach. */
export async function eraseEverything(store: OpenStore) {
  const { bus, database, environment } = store;
  const { session } = await store.engine.get();
  // What is at the server could not be reached any more.
  if (session.stored?.isSignedOut) throw new StoreError('signed_out', 'This session was ended from another device.');
  await exclusively(store, async (ownership) => {
    if (session.exists) await eraseAtServer(store, ownership);
    const gone = await database.run('readwrite', wipe);
    forgetOldData(environment.localStorage);
    await session.forget();
    tellGone(bus, gone);
    await announceUser(store);
  });
}

async function eraseAtServer({ bus, engine }: OpenStore, ownership: Ownership) {
  const { api } = await engine.get();
  let total: number | undefined;
  for (;;) {
    const { body } = await api.call<ErasureResponse>('DELETE', '/user', { ownership });
    if (body.erased) return;
    total ??= body.remaining;
    bus.emit('progress', { task: 'erase', done: total - body.remaining, total });
  }
}

/**
 * Takes what the anonymous user of this device has into the account: at the server, and what has not got there yet, from
 * here.
 */
export async function claimAnonymous(store: OpenStore) {
  const { getToken: _, account: __, ...options } = store.options;
  const anonymous = await openStore(createContext(options));
  try {
    return await claim(store, anonymous);
  } finally {
    await anonymous.close();
  }
}

async function claim(store: OpenStore, anonymous: OpenStore) {
  const { session } = await anonymous.engine.get();
  // What this tab has to send as the anonymous user may begin a session at any moment.
  const conversations =
    (session.stored?.token ? null : await moveHere(store, anonymous)) ?? (await claimSent(store, anonymous));
  await store.count();
  await (await store.engine.get()).live.ask().catch(() => {});
  return { conversations };
}

/** Lets the server give the account what the anonymous user has there. */
async function claimSent(store: OpenStore, anonymous: OpenStore): Promise<number> {
  const { session } = await anonymous.engine.get();
  const ownership = await store.database.run('readonly', readOwnership);
  const before = await anonymous.database.run('readonly', readOwnership);
  const token = session.stored?.token;
  if (!token) throw userChanged();
  await anonymous.leadership.flush();
  const { length } = await anonymous.database.run('readonly', listConversations);
  await claimAtServer(store, ownership, token);
  const databases = { from: anonymous.database, to: store.database };
  const move = { ...databases, ownership: before, owner: ownership, now: store.environment.clock.now() };
  await anonymous.leadership.exclusively(async () => {
    let gone: string[] | null = null;
    while (!gone) {
      const refused = await copyRefused(move);
      gone = await anonymous.database.run('readwrite', async (tx) => {
        await expectEpoch(tx, before);
        if ((await tx.keys('outbox')).length > 0) {
          throw new StoreError('offline', 'Something was written meanwhile, and is not sent yet.');
        }
        return (await isAllOf(tx, refused)) ? wipe(tx) : null;
      });
    }
    await endAnonymous(anonymous, gone);
  });
  return length;
}

/** Moves what the server cannot give to the account. Returns how many conversations; null where the anonymous user has begun a session by then. */
async function moveHere(store: OpenStore, anonymous: OpenStore): Promise<number | null> {
  const { bus, database, leadership } = anonymous;
  const { session } = await anonymous.engine.get();
  // In this order: nothing of what is being moved may get to the server as the anonymous user's.
  return leadership.exclusively(() =>
    store.leadership.exclusively(async () => {
      if (session.stored?.token) return null;
      const now = store.environment.clock.now();
      // What is here of a user whom another device has signed out is all sent anew: the account has nothing of it.
      if (session.stored) tellGone(bus, await database.run('readwrite', (tx) => handOver(tx, undefined, now)));
      const ownership = await database.run('readonly', readOwnership);
      const owner = await store.database.run('readonly', readOwnership);
      const move = { from: database, to: store.database, ownership, owner, now };
      let moved = 0;
      for (;;) {
        const refused = await copyRefused(move);
        const ids = await database.run('readwrite', async (tx) => {
          const left = await idsToTakeOver(tx, ownership);
          if (left.length > 0 || !(await isAllOf(tx, refused))) return left;
          await wipe(tx);
          return null;
        });
        if (!ids) break;
        for (const id of ids) await takeOver(move, id);
        tellGone(bus, ids);
        moved += ids.length;
      }
      await endAnonymous(anonymous, []);
      return moved;
    }),
  );
}

/** Other tabs show what is gone from the anonymous user's data no longer. */
async function endAnonymous(anonymous: OpenStore, gone: readonly string[]) {
  await (await anonymous.engine.get()).session.forget();
  tellGone(anonymous.bus, gone);
  await announceUser(anonymous);
}

async function claimAtServer({ engine }: OpenStore, ownership: Ownership, token: string) {
  const { api } = await engine.get();
  const options = { body: { action: 'claim', token }, ownership };
  for (;;) {
    const { body } = await api.call<{ claimed: boolean }>('POST', '/session', options);
    if (body.claimed) return;
  }
}
