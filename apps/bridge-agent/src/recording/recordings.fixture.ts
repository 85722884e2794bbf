import { ORG, callId } from '@trunkmesh/testkit/call-events.js';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallParties } from '@trunkmesh/contracts/call-parties.js';

export const partiesOf = (n: number, more: Partial<CallParties> = {}): CallParties => ({
  call_id: callId(n),
  bridge_id: 'bridge-1',
  organization_id: ORG,
  trunk_id: null,
  number_id: null,
  direction: 'inbound',
  from: '+15559876543',
  to: '+15551234567',
  sip_call_id: null,
  source_address: '192.0.2.9',
  started_at: '2026-11-23T00:44:09.871Z',
  ...more,
});
export const keyOf = (n: number) => `calls/${ORG}/2026/11/23/CA${callId(n).replaceAll('-', '')}.wav`;

/** As FreeSWITCH writes it: stereo, 8 kHz, 16 bits. `killed`: both sizes as they are before it closes the file. */
export function wav(milliseconds: number, options: { killed?: boolean } = {}): Buffer {
  const data = Buffer.alloc(milliseconds * 32);
  for (let at = 0; at < data.length; at += 4) data.writeInt16LE((at * 7) % 20_000, at);
  const head = Buffer.from(
    '524946460800000057415645666d74201000000001000200401f0000007d0000040010006461746100000000',
    'hex',
  );
  if (!options.killed) {
    head.writeUInt32LE(36 + data.length, 4);
    head.writeUInt32LE(data.length, 40);
  }
  return Buffer.concat([head, data]);
}

/** `quiet`: nothing has been written to it for a while. */
export async function writeRecording(
  folder: string,
  n: number,
  content: Buffer,
  options: { quiet?: boolean } = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${callId(n)}.wav`);
  await writeFile(path, content);
  if (options.quiet) await utimes(path, new Date(), new Date(Date.now() - 60_000));
}
