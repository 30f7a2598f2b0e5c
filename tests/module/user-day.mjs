/**
 * The plan's profile of a user's day, through the module: 3 starts of the app, 8 hours with the page seen half of the time,
 * 10 conversations opened, 60 messages in 30 turns, saved every 300 ms while the answer is written.
 */

import { message } from './basics.mjs';

const MINUTE = 60_000;
export const TURNS = 30;
const OPENED = 10;
const ANSWER_SECONDS = 10;

function oldData() {
  return JSON.stringify(
    Array.from({ length: 50 }, (_, c) => ({
      id: `${1751545800000 + c * 1000}`,
      messages: Array.from({ length: 100 }, (_, m) => ({
        id: `${1751545800000 + c * 1000 + m}`,
        type: m % 2 ? 'assistant' : 'user',
        content: `message ${m}`,
        timestamp: new Date(1751545800000 + c * 1000 + m).toISOString(),
      })),
      createdAt: new Date(1751545800000 + c * 1000).toISOString(),
      updatedAt: new Date(1751545800000 + c * 1000 + 100).toISOString(),
      totalTokens: 0,
    })),
  );
}

/** The service's clock follows the browser's: `ask('advance <ms>')` before the next request that could notice. */
export function followClock(browser, ask) {
  let behind = 0;
  browser.clock.onAdvance = async (ms) => {
    behind += ms;
  };
  let following = Promise.resolve();
  browser.network.before = () => {
    const ms = Math.round(behind);
    behind = 0;
    if (ms > 0) following = following.then(() => ask(`advance ${ms}`));
    return following;
  };
}

/** The user of this browser has 50 conversations since yesterday. */
export async function yesterday(browser) {
  browser.environment.localStorage.setItem('claude-code-conversations', oldData());
  const tab = await browser.open();
  await tab.store.flush();
  await tab.store.sync();
  tab.hide();
  await browser.clock.advance(16 * 60 * MINUTE);
  await tab.crash();
}

/** Question and answer, as a frontend saves them. */
async function turn(browser, store, conversation) {
  const { clock } = browser;
  const question = message(clock, 'user', 'And what about the other one?');
  let messages = [...conversation.messages, question];
  await store.saveConversation({ ...conversation, messages });
  await clock.advance(2_000);
  const answer = message(clock, 'assistant', '', { streaming: true });
  messages = [...messages, answer];
  for (let ms = 0; ms < ANSWER_SECONDS * 1000; ms += 300) {
    answer.content += 'a few more words ';
    await store.saveConversation({ ...conversation, messages });
    await clock.advance(300);
  }
  messages = [...messages.slice(0, -1), { ...answer, streaming: false, tokens: { input: 9, output: 200, total: 209 } }];
  await store.saveConversation({ ...conversation, messages });
  return { ...conversation, messages };
}

/** 20 minutes seen, with some turns, and 20 minutes hidden. */
async function period(browser, tab, plan) {
  const turns = plan.turns.splice(0, plan.perPeriod);
  for (let part = 0; part < 4; part += 1) {
    const end = browser.clock.now() + 5 * MINUTE;
    if (turns.length > 0) {
      turns.shift();
      await plan.openSometimes(tab);
      plan.current = await turn(browser, tab.store, plan.current);
    }
    await browser.clock.advance(end - browser.clock.now());
  }
  tab.hide();
  await browser.clock.advance(20 * MINUTE);
  tab.show();
}

export async function day(browser) {
  const plan = { turns: Array.from({ length: TURNS }), perPeriod: 3, current: null, opened: 0, turnsOfCurrent: 0 };
  plan.openSometimes = async ({ store }) => {
    if (plan.current) plan.turnsOfCurrent += 1;
    if (plan.current && plan.turnsOfCurrent < TURNS / OPENED) return;
    const list = await store.getAllConversations();
    plan.current = await store.getConversation(list[plan.opened * 4].id);
    plan.opened += 1;
    plan.turnsOfCurrent = 0;
  };
  for (let start = 0; start < 3; start += 1) {
    const tab = await browser.open();
    await browser.clock.settle();
    plan.current &&= await tab.store.getConversation(plan.current.id);
    for (let periods = 0; periods < 4; periods += 1) await period(browser, tab, plan);
    await tab.store.flush();
    await tab.crash();
  }
  if (plan.turns.length > 0 || plan.opened !== OPENED)
    throw new Error(`${plan.turns.length} turns left, ${plan.opened} opened`);
}
