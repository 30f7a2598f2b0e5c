/** Conversations that expire soon: a notice of them, a view in which to keep them, and the choice of their ttl. */

import { h } from './dom.js';
import { ListedConversations } from './listed.js';
import { showNotice } from './notices.js';
import { attempt } from './error-messages.js';
import { recall, remember } from './remembered.js';
import { navigate } from './router.js';
import { store } from './store.js';
import { counted, dayOf, remaining } from './times.js';
import { toast } from './toasts.js';

const KEY = 'expiring-notice';
const DAY = 86_400_000;

/** What is told of, in days. */
const SOON = 14;

/** The ttls to choose from, in days; null is for ever. */
const TTLS = [30, 90, 365, null];

/** Tells once a day that something expires soon, where something does. */
export async function noticeExpiring() {
  const { askedAt = 0 } = recall(KEY);
  if (Math.abs(Date.now() - askedAt) < DAY) return;
  try {
    const { conversations, count, nextCursor } = await store.listExpiring({ days: SOON, limit: 50 });
    remember(KEY, { askedAt: Date.now() });
    const known = count ?? conversations.length;
    if (known === 0 && nextCursor === null) return;
    const text = `${counted(known, 'conversation')} that you have not used for long will expire within ${SOON} days.`;
    showNotice('expiring-notice', text, [
      ['Look', () => navigate('#/expiring')],
      ['Not now', () => {}],
    ]);
  } catch {
    // The server is away: it is asked when this page is opened the next time.
  }
}

/** Shows the view in a node. */
export async function showExpiring(node) {
  const list = new ListedConversations({
    id: 'expiring-list',
    read: (cursor) => store.listExpiring({ days: SOON, cursor }),
    line,
    nothing: `Nothing expires within ${SOON} days.`,
  });
  const ttl = h('p', { class: 'field', id: 'conversation-ttl-field' });
  node.replaceChildren(
    h(
      'div',
      { class: 'retention' },
      h(
        'div',
        { class: 'intro' },
        h(
          'p',
          {},
          'Opening a conversation or writing in it puts off when it expires. What is pinned or kept never does.',
        ),
        ttl,
      ),
      list.nodes,
    ),
  );
  await Promise.all([list.load(), showTtl(ttl, node)]);
}

function line({ id, title, messageCount, expiresAt }) {
  let isKept = false;
  const toggle = async () => {
    // Clicked twice, both clicks mean the same.
    const isToBeKept = !isKept;
    if (!(await attempt(() => store.updateConversation(id, { keep: isToBeKept })))) return;
    isKept = isToBeKept;
    button.setAttribute('aria-pressed', String(isKept));
    when.textContent = isKept ? 'kept' : `expires ${remaining(expiresAt)}, on ${dayOf(expiresAt)}`;
  };
  const when = h('span', {}, `expires ${remaining(expiresAt)}, on ${dayOf(expiresAt)}`);
  const button = h(
    'button',
    { type: 'button', class: 'small', 'aria-pressed': 'false', 'aria-label': `Keep: ${title}`, onclick: toggle },
    'Keep',
  );
  return h(
    'li',
    {},
    h(
      'div',
      { class: 'about' },
      h('a', { href: `#/c/${id}`, dir: 'auto' }, title),
      h('small', {}, `${counted(messageCount, 'message')}, `, when),
    ),
    button,
  );
}

/** Shows the ttl of unused conversations, and lets the user choose another. */
async function showTtl(field, node) {
  const statistics = await store.getStatistics().catch(() => null);
  if (!statistics) return;
  const current = statistics.conversationTtlDays;
  const ttls = TTLS.includes(current) ? TTLS : [current, ...TTLS];
  const choice = h(
    'select',
    { id: 'conversation-ttl' },
    ttls.map((days) =>
      h('option', { value: days ?? '', selected: days === current }, days === null ? 'for ever' : counted(days, 'day')),
    ),
  );
  const choose = async () => {
    const days = choice.value === '' ? null : Number(choice.value);
    // Of two requests the earlier one might be the last to arrive.
    choice.disabled = true;
    const isSet = await attempt(() => store.setConversationTtl(days));
    if (isSet)
      toast(
        'Saved. A longer time counts for all conversations in a moment, a shorter one for each when it is used next.',
      );
    await showExpiring(node);
    document.getElementById('conversation-ttl')?.focus();
  };
  choice.addEventListener('change', choose);
  field.replaceChildren(h('label', { for: 'conversation-ttl' }, 'Unused, they live'), choice);
}
