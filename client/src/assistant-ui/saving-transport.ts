/** A wrapper for chat transports that saves each question as soon as it is asked. */

import { useRuntimeAdapters } from '@assistant-ui/react';
import { useMemo } from 'react';
import { ThreadHistory } from './history.js';
import type { Content } from './stored-message.js';

/** A message of the AI SDK, as far as it matters here. */
interface Message {
  id: string;
  role: string;
}

interface SendOptions {
  trigger?: string;
  messages: Message[];
}

/** A `ChatTransport` of the AI SDK, as far as it matters here: this entry does without that package's types. */
interface Transport {
  sendMessages(options: SendOptions): Promise<unknown>;
}

/** As assistant-ui's runtimes of the AI SDK store a message, which thereby find it saved. */
const format = {
  format: 'ai-sdk/v6',
  encode: ({ message: { id: _, ...content } }: { message: Message }): Content => content,
  decode: () => {
    throw new Error('This format is for writing only.');
  },
  getId: ({ id }: Message) => id,
};

/**
 * Saves a question when it is asked. By itself, assistant-ui saves it together with its answer, so that a page that is
 * closed meanwhile loses it. To be called where the runtime of a thread is made:
 * `useChatRuntime({ transport: useSavingTransport(transport) })`, with a transport that is made once.
 *
 * The model does not wait for it. Where it fails, that is warned of, and the runtime saves the question once more with its
 * answer.
 */
export function useSavingTransport<T extends object>(transport: T & Transport): T {
  const history = useRuntimeAdapters()?.history;
  return useMemo(() => {
    if (!(history instanceof ThreadHistory)) return transport;
    const sendMessages: Transport['sendMessages'] = (options) => {
      saveQuestion(history, options).catch((error: unknown) => {
        console.warn('conversation-store: the question could not be saved yet.', error);
      });
      return transport.sendMessages(options);
    };
    return new Proxy(transport, {
      get(target, name) {
        if (name === 'sendMessages') return sendMessages;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }, [transport, history]);
}

async function saveQuestion(history: ThreadHistory, { trigger, messages }: SendOptions): Promise<void> {
  const message = messages.at(-1);
  // What is answered again, or goes on after a tool's result, was asked before.
  if (message?.role !== 'user' || trigger === 'regenerate-message') return;
  await history.withFormat<Message, Content>(format).appendAhead({ parentId: messages.at(-2)?.id ?? null, message });
}
