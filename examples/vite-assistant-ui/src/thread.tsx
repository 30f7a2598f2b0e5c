/** The open thread, built from assistant-ui's primitives. */

import {
  ActionBarPrimitive,
  BranchPickerPrimitive,
  ComposerPrimitive,
  MessagePrimitive,
  ThreadPrimitive,
  useAuiState,
} from '@assistant-ui/react';

export function Thread() {
  return (
    <ThreadPrimitive.Root className="thread">
      <ThreadPrimitive.Viewport>
        <ThreadPrimitive.Messages>
          {({ message }) => (message.composer.isEditing ? <EditedMessage /> : <Message role={message.role} />)}
        </ThreadPrimitive.Messages>
      </ThreadPrimitive.Viewport>
      <Composer />
    </ThreadPrimitive.Root>
  );
}

function Message({ role }: { role: string }) {
  return (
    <MessagePrimitive.Root asChild>
      <article data-role={role}>
        <MessagePrimitive.Parts>
          {({ part }) => {
            if (part.type === 'text') return <p>{part.text}</p>;
            if (part.type === 'tool-call')
              return <ToolCall name={part.toolName} input={part.args} output={part.result} />;
            return null;
          }}
        </MessagePrimitive.Parts>
        <footer>
          <BranchPickerPrimitive.Root hideWhenSingleBranch>
            <BranchPickerPrimitive.Previous>‹</BranchPickerPrimitive.Previous>
            <span>
              <BranchPickerPrimitive.Number /> of <BranchPickerPrimitive.Count />
            </span>
            <BranchPickerPrimitive.Next>›</BranchPickerPrimitive.Next>
          </BranchPickerPrimitive.Root>
          <ActionBarPrimitive.Root hideWhenRunning>
            {role === 'user' && <ActionBarPrimitive.Edit>Edit</ActionBarPrimitive.Edit>}
            {role === 'assistant' && <ActionBarPrimitive.Reload>Regenerate</ActionBarPrimitive.Reload>}
          </ActionBarPrimitive.Root>
        </footer>
      </article>
    </MessagePrimitive.Root>
  );
}

function ToolCall({ name, input, output }: { name: string; input: unknown; output: unknown }) {
  return (
    <details data-done={output !== undefined}>
      <summary>{name}</summary>
      <pre>{JSON.stringify({ input, output }, null, 2)}</pre>
    </details>
  );
}

function EditedMessage() {
  return (
    <ComposerPrimitive.Root className="edit">
      <ComposerPrimitive.Input aria-label="Edited question" />
      <ComposerPrimitive.Cancel>Cancel</ComposerPrimitive.Cancel>
      <ComposerPrimitive.Send>Save</ComposerPrimitive.Send>
    </ComposerPrimitive.Root>
  );
}

function Composer() {
  const isRunning = useAuiState(({ thread }) => thread.isRunning);
  return (
    <ComposerPrimitive.Root className="composer">
      <ComposerPrimitive.Input aria-label="Question" placeholder="Ask about the weather" />
      {isRunning ? (
        <ComposerPrimitive.Cancel>Stop</ComposerPrimitive.Cancel>
      ) : (
        <ComposerPrimitive.Send>Send</ComposerPrimitive.Send>
      )}
      <output>{isRunning ? 'running' : 'ready'}</output>
    </ComposerPrimitive.Root>
  );
}
