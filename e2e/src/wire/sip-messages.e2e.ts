import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SipMessage } from '@trunkmesh/contracts/sip-message.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startTalkingMesh, type TalkingMesh } from '../audio.fixture.js';
import { ChangingCall, described } from '../changing-call.fixture.js';
import { callEvents } from '../mesh.fixture.js';
import { placesOf } from '../secrets.fixture.js';

/** What a real FreeSWITCH sends and receives, complete and in order. Runs as the other tests on the wire. */
let mesh: TalkingMesh;
let placed: ChangingCall | undefined;
beforeAll(async () => {
  mesh = await startTalkingMesh();
}, 120_000);
afterAll(async () => {
  await placed?.close();
  await mesh?.stop();
});

const line = ({ direction, method, status, cseq }: SipMessage): string =>
  `${direction} ${method ?? `${status} ${cseq.split(' ')[1]}`}`;
/** Without provisional answers, which depend on the time that the assistant takes. */
const lines = (messages: readonly SipMessage[]): string[] =>
  messages.filter(({ status }) => status === null || status >= 200).map(line);

describe('the SIP messages of a real FreeSWITCH', () => {
  it('of a call with a re-INVITE and a REFER are complete and in order, at the API and in the PCAP', async () => {
    const call = (placed = await ChangingCall.place(mesh, { transfer: {} }));
    await call.reinvite({ codecs: described(['PCMA']) });
    const { data } = await eventually(async () =>
      (await callEvents(mesh.test)).find(({ data: { from } }) => from === call.from),
    );
    const sid = `CA${data.call_id.replaceAll('-', '')}`;
    await mesh.org.api.post(`/api/v1/calls/${sid}/transfer`, { to: '+15550102099' });
    const path = `/api/v1/calls/${sid}/sip`;
    const messages = await eventually(
      async () => {
        const { messages: list } = await mesh.org.api.get<{ messages: SipMessage[] }>(path);
        return list.some(({ cseq, status }) => cseq.endsWith(' BYE') && status === 200) && list;
      },
      { timeoutMs: 20_000, message: 'the call with its BYE' },
    );
    expect(lines(messages)).toEqual([
      'in INVITE',
      'out 200 INVITE',
      'in ACK',
      'in INVITE',
      'out 200 INVITE',
      'in ACK',
      'out REFER',
      'in 202 REFER',
      'in NOTIFY',
      'out 200 NOTIFY',
      'out BYE',
      'in 200 BYE',
    ]);
    expect(messages.map(({ at }) => at)).toEqual(messages.map(({ at }) => at).sort());
    const file = join(mesh.test.folder, 'call.pcap');
    await writeFile(file, await pcapOf(path));
    const { stdout } = await promisify(execFile)('tshark', ['-r', file, '-T', 'fields', '-e', 'sip.CSeq']);
    expect(stdout.trim().split('\n')).toEqual(messages.map(({ cseq }) => cseq));
  }, 60_000);

  it('of a registration have its challenge, and its password is nowhere in clear', async () => {
    const { bridges } = await eventually(
      async () => {
        const found = await mesh.org.api.get<{ bridges: { messages: SipMessage[] }[] }>(
          `/api/v1/sip-trunks/${mesh.trunk.id}/sip`,
        );
        return found.bridges.length > 0 && found;
      },
      { timeoutMs: 20_000, message: 'the registration' },
    );
    expect(lines(bridges[0]!.messages.filter(({ cseq }) => cseq.endsWith(' REGISTER')))).toEqual([
      'out REGISTER',
      'in 401 REGISTER',
      'out REGISTER',
      'in 200 REGISTER',
    ]);
    expect(await placesOf(mesh.test, mesh.carrier.password)).toEqual([]);
    // The search finds what is there.
    expect(await placesOf(mesh.test, mesh.carrier.username)).not.toEqual([]);
  }, 60_000);
});

async function pcapOf(path: string): Promise<Buffer> {
  const response = await fetch(`${mesh.test.mesh.file.api}${path}?format=pcap`, {
    headers: { Authorization: `Bearer ${mesh.org.key}` },
  });
  return Buffer.from(await response.arrayBuffer());
}
