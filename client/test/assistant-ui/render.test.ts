/** The adapters within React, rendered on a server: what an application does before its first effect, and its hooks. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AssistantRuntimeProvider,
  RuntimeAdapterProvider,
  type ThreadHistoryAdapter,
  ThreadListPrimitive,
  ThreadPrimitive,
  useLocalRuntime,
  useRemoteThreadListRuntime,
  useRuntimeAdapters,
} from '@assistant-ui/react';
import { createElement, useState } from 'react';
import { renderToString } from 'react-dom/server';
import { createThreadListAdapter, useBranchChange, useSavingTransport } from '../../src/assistant-ui/index.js';
import { API, message, Network, newUser, until } from '../ai-sdk/harness.js';
import { chain, openDevice, storedOf } from './harness.js';

test('a server renders them without a request', () => {
  const network = new Network();
  const adapter = createThreadListAdapter({ url: API, token: 'none', fetch: network.fetch });
  const useThreadRuntime = () => useLocalRuntime({ run: async () => ({ content: [] }) });
  function App() {
    const runtime = useRemoteThreadListRuntime({ runtimeHook: useThreadRuntime, adapter });
    const thread = createElement(ThreadPrimitive.Root, null, 'a thread');
    const list = createElement(ThreadListPrimitive.Root, null, 'a list');
    return createElement(AssistantRuntimeProvider, { runtime }, list, thread);
  }
  assert.match(renderToString(createElement(App)), /a list.*a thread/);
  assert.equal(network.count(), 0);
});

test('the adapters of a thread are a history with a format, and branches can be saved there', () => {
  const { unstable_useAdapters: useAdapters } = createThreadListAdapter({ url: API, token: 'none' });
  let history: ThreadHistoryAdapter | undefined;
  function Thread() {
    history = useRuntimeAdapters()?.history;
    const onBranchChange = useBranchChange();
    onBranchChange({ headId: null, visibleMessageIds: [] });
    return typeof onBranchChange;
  }
  function App() {
    const adapters = useAdapters() ?? {};
    return createElement(RuntimeAdapterProvider, { adapters, children: createElement(Thread) });
  }
  assert.equal(renderToString(createElement(App)), 'function');
  assert.equal(typeof history?.withFormat, 'function');
});

test('a question is saved when it is asked, once', async () => {
  const token = await newUser();
  const { historyOf, network, openThread } = openDevice(token);
  const { thread, history, remoteId } = openThread();
  class ModelTransport {
    readonly #answer = 'an answer';
    sendMessages = async (options: { trigger?: string; messages: { id: string; role: string }[] }) =>
      options.messages.length;
    answer() {
      return this.#answer;
    }
  }
  let transport: ModelTransport | undefined;
  function Thread() {
    transport = useSavingTransport(useState(() => new ModelTransport())[0]);
    return null;
  }
  const adapters = { history: historyOf(() => thread) };
  renderToString(createElement(RuntimeAdapterProvider, { adapters, children: createElement(Thread) }));
  assert.ok(transport instanceof ModelTransport);
  assert.equal(transport.answer(), 'an answer');

  const items = chain([message('user', 'q', 'q'), message('assistant', 'a', 'a'), message('user', 'n', 'n')]);
  const messages = items.map((item) => item.message);
  assert.equal(await transport.sendMessages({ messages: messages.slice(0, 1) }), 1, 'the model is asked');
  await until(() => network.sent.some((request) => request.endsWith('/messages')) && network.inFlight === 0);
  await transport.sendMessages({ messages: messages.slice(0, 2) });
  for (const item of items.slice(0, 2)) await history.append(item);
  await transport.sendMessages({ trigger: 'regenerate-message', messages: messages.slice(0, 1) });
  await transport.sendMessages({ messages });
  await history.load();
  const stored = await storedOf(token, await remoteId());
  assert.deepEqual(
    stored.map(({ id, parentId }) => [id, parentId]),
    [
      ['q', null],
      ['a', 'q'],
      ['n', 'a'],
    ],
  );
  assert.equal(network.count('PUT'), 0);
  assert.equal(network.count('POST'), 4, 'a thread and three messages');
});
