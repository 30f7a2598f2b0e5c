/** Error messages: what went wrong, in the words of the page. */

import { toast } from './toasts.js';

const MESSAGES = {
  offline: 'The server cannot be reached.',
  circuit_open: 'The server has not answered lately. It is tried again in a moment.',
  storage_disabled: 'Storage at the server is switched off: everything stays on this device.',
  storage_unavailable: 'The server cannot reach its database at the moment.',
  storage_busy: 'The server is busy. Try again in a moment.',
  storage_quota: 'The server’s database has reached its quota.',
  storage_full: 'The server’s database is full.',
  storage_timeout: 'The server’s database did not answer in time.',
  newcomers_paused: 'The server takes no new users until tomorrow: everything stays on this device.',
  writes_paused: 'The server takes nothing new until tomorrow. Reading and deleting go on.',
  service_paused: 'The server has done its work for today. Deleting goes on, the rest tomorrow.',
  too_many_new_users: 'Too many new users from this address today: everything stays on this device until tomorrow.',
  too_much_from_address: 'Too much was written from this address today. Reading and deleting go on.',
  too_many_streams: 'Too many of your devices listen at once. This one asks now and then.',
  claim_unfinished: 'Your conversations are being moved into your account. Try again in a moment.',
  rate_limited: 'That was a lot at once. Try again in a minute.',
  wrong_code: 'This code is wrong, used already, or older than ten minutes.',
  too_many_codes: 'Too many wrong codes. Try again later.',
  too_many_conversations_kept: 'The server keeps no more conversations of yours. Delete some first.',
  too_much_text_kept: 'The server keeps no more text of yours. Delete some conversations first.',
  too_many_shares: 'There are a hundred shared links already. Revoke some first.',
  share_not_found: 'This link leads nowhere: it was revoked, has expired, or never existed.',
  conversation_not_found: 'This conversation does not exist any more.',
  conversation_deleted: 'This conversation was deleted on another device.',
  conversation_too_long: 'The conversation has as many messages as the server keeps of one.',
  message_too_large: 'The message is too large: a megabyte of text at most.',
  local_storage_full: 'This browser has no room left. What was not saved is still on the screen.',
  signed_out: 'This device was signed out from another one.',
  incomplete: 'The download broke off. Try again.',
};

/** The message for an error. */
export function describe(error) {
  return MESSAGES[error.code] ?? (error.name === 'StoreError' ? error.message : 'Something went wrong on this page.');
}

/** The message for one of the server's error codes. */
export function describeCode(code) {
  return MESSAGES[code] ?? code.replaceAll('_', ' ');
}

/**
 * Does something, and shows a message where it fails; `messages` by code, where an error means something else there. Returns
 * whether it succeeded.
 */
export async function attempt(work, messages = {}) {
  try {
    await work();
    return true;
  } catch (error) {
    if (error.name !== 'StoreError') console.error(error);
    toast(messages[error.code] ?? describe(error));
    return false;
  }
}
