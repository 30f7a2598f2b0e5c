/** The only page, rendered once for everybody. */

import { Suspense } from 'react';
import { App } from './app';

/** One page for all chats, the same for everybody: what they say is on the device. */
export default function Page() {
  return (
    <Suspense>
      <App />
    </Suspense>
  );
}
