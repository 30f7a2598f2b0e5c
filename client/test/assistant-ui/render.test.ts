/** The adapters within React, rendered on a server: what an application does before its first effect. */

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
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { createThreadListAdapter, useBranchChange } from '../../src/assistant-ui/index.js';
import { API, Network } from '../ai-sdk/harness.js';

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
