/** Renders the list of threads and the open thread. */

import { AssistantRuntimeProvider } from '@assistant-ui/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { useRuntime } from './runtime';
import { Thread } from './thread';
import { Threads } from './threads';
import './style.css';

function App() {
  return (
    <AssistantRuntimeProvider runtime={useRuntime()}>
      <main>
        <Threads />
        <Thread />
      </main>
    </AssistantRuntimeProvider>
  );
}

const root = document.getElementById('root');
if (!root) throw new Error('The page has no #root.');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
