import { useEffect, useState } from 'react';
import { createParser } from 'eventsource-parser';
import { refresh, signedOut } from '../api/client.http.js';
import { organizationOfPath } from '../api/organization.js';
import { currentSession, untilSession } from '../api/session-end.js';
import { EVERYTHING, pathsOf } from './affected.js';
import { retryAfterMs, retryMs, type StreamEnd } from './retry.js';

/** The service sends a sign of life every five seconds. */
const SILENCE_MS = 15_000;
/** The call log is written a moment after the call's event. */
const AGAIN_MS = 700;

export type LiveState = 'connecting' | 'live' | 'interrupted';

/** Reads what changed while the view is visible, and lets the queries that show it read again. */
export function useLive(): LiveState {
  const [state, setState] = useState<LiveState>('connecting');
  useEffect(() => follow(setState), []);
  return state;
}

function follow(say: (state: LiveState) => void): () => void {
  const over = new AbortController();
  let lastId: string | undefined;
  const changed = (event: string, data: string) => {
    if (event === 'resync') return void refresh(...EVERYTHING);
    if (event !== 'change') return;
    const { kind } = JSON.parse(data) as { kind: string };
    const paths = pathsOf(kind);
    void refresh(...paths);
    if (kind === 'call') setTimeout(() => void refresh(...paths), AGAIN_MS);
  };
  const run = async () => {
    let failures = 0;
    while (!over.signal.aborted) {
      await visible(over.signal);
      const session = currentSession();
      const end = await readStream(over.signal, lastId, {
        onOpen: () => say('live'),
        onEvent: ({ id, event, data }) => {
          lastId = id ?? lastId;
          changed(event ?? '', data);
        },
      });
      if (over.signal.aborted) return;
      say('interrupted');
      if (end.kind === 'signed-out') {
        signedOut(session);
        await untilSession(over.signal);
      }
      failures = end.kind === 'lost' ? 0 : failures + 1;
      const asked = end.kind === 'not-opened' ? end.retryAfterMs : undefined;
      await new Promise((resolve) => setTimeout(resolve, retryMs(failures, asked)));
    }
  };
  void run();
  return () => over.abort();
}

interface Handlers {
  onOpen: () => void;
  onEvent: (event: { id?: string | undefined; event?: string | undefined; data: string }) => void;
}

/** Not EventSource: that can name no organisation in a header. Resolves when the stream has ended. */
async function readStream(over: AbortSignal, lastId: string | undefined, handlers: Handlers): Promise<StreamEnd> {
  const organization = organizationOfPath(location.pathname);
  const lost = new AbortController();
  const hide = () => document.hidden && lost.abort();
  document.addEventListener('visibilitychange', hide);
  let watch = setTimeout(() => lost.abort(), SILENCE_MS);
  let end: StreamEnd = { kind: 'not-opened' };
  try {
    const response = await fetch('/api/v1/stream', {
      headers: {
        Accept: 'text/event-stream',
        ...(organization === undefined ? {} : { 'X-Organization-Id': organization }),
        ...(lastId === undefined ? {} : { 'Last-Event-ID': lastId }),
      },
      signal: AbortSignal.any([over, lost.signal]),
    });
    if (response.status === 401) return { kind: 'signed-out' };
    if (!response.ok || response.body === null)
      return { kind: 'not-opened', retryAfterMs: retryAfterMs(response.headers.get('Retry-After')) };
    end = { kind: 'lost' };
    handlers.onOpen();
    const parser = createParser({
      onEvent: (event) => {
        // The service ends the stream of a session whose key was revoked or that is over.
        if (event.event === 'end') end = { kind: 'signed-out' };
        else handlers.onEvent(event);
      },
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return end;
      clearTimeout(watch);
      watch = setTimeout(() => lost.abort(), SILENCE_MS);
      parser.feed(value);
    }
  } catch {
    return end;
  } finally {
    clearTimeout(watch);
    document.removeEventListener('visibilitychange', hide);
  }
}

/** A browser allows six connections to a host: a tab that nobody sees holds none. */
function visible(over: AbortSignal): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener('visibilitychange', () => resolve(), { once: true, signal: over });
    over.addEventListener('abort', () => resolve(), { once: true });
  });
}
