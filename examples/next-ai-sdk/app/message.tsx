/** One message: its parts, an editor for questions, and a switch between versions. */

'use client';

import { getToolName, isToolUIPart, type UIMessage } from 'ai';
import { useState } from 'react';

interface Props {
  message: UIMessage;
  /** The ids of its versions, where there are several. */
  versions: readonly string[] | undefined;
  onEdit: ((text: string) => void) | undefined;
  onRegenerate: (() => void) | undefined;
  onSelect: (messageId: string) => void;
}

export function Message({ message, versions, onEdit, onRegenerate, onSelect }: Props) {
  const [draft, setDraft] = useState<string>();
  const isQuestion = message.role === 'user';
  const text = message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const save = () => {
    setDraft(undefined);
    onEdit?.(draft ?? text);
  };
  return (
    <article data-role={message.role}>
      {message.parts.map((part, index) => (
        <Part key={`${message.id}-${index}`} part={part} />
      ))}
      {draft !== undefined && (
        <input name="edit" value={draft} onChange={(event) => setDraft(event.target.value)} autoComplete="off" />
      )}
      <footer>
        {isQuestion && draft === undefined && onEdit && (
          <button type="button" onClick={() => setDraft(text)}>
            Edit
          </button>
        )}
        {draft !== undefined && (
          <button type="button" onClick={save}>
            Save
          </button>
        )}
        {!isQuestion && onRegenerate && (
          <button type="button" onClick={onRegenerate}>
            Regenerate
          </button>
        )}
        {versions && <Versions id={message.id} versions={versions} onSelect={onSelect} />}
      </footer>
    </article>
  );
}

function Part({ part }: { part: UIMessage['parts'][number] }) {
  if (part.type === 'text') return <p>{part.text}</p>;
  if (!isToolUIPart(part)) return null;
  return (
    <details data-state={part.state}>
      <summary>{getToolName(part)}</summary>
      <pre>{JSON.stringify({ input: part.input, output: part.output }, null, 2)}</pre>
    </details>
  );
}

function Versions({
  id,
  versions,
  onSelect,
}: {
  id: string;
  versions: readonly string[];
  onSelect: (id: string) => void;
}) {
  const at = versions.indexOf(id);
  const [before, after] = [versions[at - 1], versions[at + 1]];
  return (
    <span>
      <button type="button" disabled={!before} onClick={() => before && onSelect(before)}>
        ‹
      </button>
      {at + 1} of {versions.length}
      <button type="button" disabled={!after} onClick={() => after && onSelect(after)}>
        ›
      </button>
    </span>
  );
}
