/** The runtime of assistant-ui, with its threads kept in conversation-store. */

import { type AssistantRuntime, useRemoteThreadListRuntime } from '@assistant-ui/react';
import { useChatRuntime } from '@assistant-ui/react-ai-sdk';
import { createThreadListAdapter, useBranchChange, useSavingTransport } from 'conversation-store/assistant-ui';
import { useState } from 'react';
import { mockModel } from './model';
import { API, token } from './session';

/** Made once: with another one, the list would be loaded anew. */
const adapter = createThreadListAdapter({ url: API, token });

function useThreadRuntime(): AssistantRuntime {
  return useChatRuntime({ transport: useSavingTransport(mockModel), unstable_onBranchChange: useBranchChange() });
}

/** Threads and their messages are those of conversation-store; which thread is shown stands in the address. */
export function useRuntime(): AssistantRuntime {
  const [threadId, setThreadId] = useState(() => location.hash.slice(1) || undefined);
  return useRemoteThreadListRuntime({
    runtimeHook: useThreadRuntime,
    adapter,
    threadId,
    onThreadIdChange: (id) => {
      setThreadId(id);
      history.replaceState(null, '', id ? `#${id}` : location.pathname);
    },
  });
}
