/** The list of threads and the archive, built from assistant-ui's primitives. */

import { ThreadListItemPrimitive, ThreadListPrimitive } from '@assistant-ui/react';

export function Threads() {
  return (
    <ThreadListPrimitive.Root className="threads">
      <ThreadListPrimitive.New>New thread</ThreadListPrimitive.New>
      <section aria-label="Threads">
        <ThreadListPrimitive.Items>{() => <Thread isArchived={false} />}</ThreadListPrimitive.Items>
      </section>
      <h2>Archive</h2>
      <section aria-label="Archive">
        <ThreadListPrimitive.Items archived>{() => <Thread isArchived />}</ThreadListPrimitive.Items>
      </section>
      <ThreadListPrimitive.LoadMore>More</ThreadListPrimitive.LoadMore>
    </ThreadListPrimitive.Root>
  );
}

function Thread({ isArchived }: { isArchived: boolean }) {
  return (
    <ThreadListItemPrimitive.Root className="thread-item">
      <ThreadListItemPrimitive.Trigger>
        <ThreadListItemPrimitive.Title fallback="New thread" />
      </ThreadListItemPrimitive.Trigger>
      {isArchived ? (
        <ThreadListItemPrimitive.Unarchive>Restore</ThreadListItemPrimitive.Unarchive>
      ) : (
        <ThreadListItemPrimitive.Archive>Archive</ThreadListItemPrimitive.Archive>
      )}
      <ThreadListItemPrimitive.Delete>Delete</ThreadListItemPrimitive.Delete>
    </ThreadListItemPrimitive.Root>
  );
}
