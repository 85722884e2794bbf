import { readFile } from 'node:fs/promises';
import { readRecording, type Exchange } from '@trunkmesh/testkit/freeswitch/recording.js';
import { decodeValues, type EslHeaders } from './esl-frame.js';

/** For specs: recordings of a real FreeSWITCH (libs/testkit/recordings). */
export async function recordedExchanges(name: string): Promise<Exchange[]> {
  return readRecording(await readFile(new URL(`../../../../libs/testkit/recordings/${name}`, import.meta.url), 'utf8'));
}

/** The recorded events of this name, decoded as the agent decodes them. */
export async function recordedEvents(recording: string, eventName: string): Promise<EslHeaders[]> {
  const frames = (await recordedExchanges(recording)).flatMap((exchange) => exchange.frames);
  return frames
    .filter(({ event }) => event?.some(([name, value]) => name === 'Event-Name' && value === eventName))
    .map(({ event }) => decodeValues(firstOfEach(event!)));
}

function firstOfEach(lines: readonly (readonly [string, string])[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of lines) if (!headers.has(name)) headers.set(name, value);
  return headers;
}
