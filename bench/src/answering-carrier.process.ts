import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { startSupervised } from '@trunkmesh/testkit/supervised.process.js';

/** What the carrier has seen up to a moment, by its own clock. */
export interface CarrierCount {
  atSeconds: number;
  answered: number;
  failed: number;
}

export interface AnsweringCarrier {
  /** `host:port`, as a trunk names its gateway. */
  readonly gateway: string;
  count(): Promise<CarrierCount>;
  stop(): Promise<void>;
}

/** SIPp: it answers every INVITE at once, hangs up after a second and sends no audio. */
export async function startAnsweringCarrier(address: string): Promise<AnsweringCarrier> {
  const folder = await mkdtemp(join(tmpdir(), 'trunkmesh-carrier-'));
  const [scenario, statistics] = [join(folder, 'answers.xml'), join(folder, 'statistics.csv')];
  await writeFile(scenario, SCENARIO);
  const port = await freePort();
  const args = ['-sf', scenario, '-aa', '-i', address, '-mi', address, '-p', String(port), '-nostdin'];
  const sipp = await startSupervised('sipp', [...args, '-trace_stat', '-stf', statistics, '-fd', '1'], {
    cwd: folder,
    logFile: join(folder, 'log'),
  });
  return {
    gateway: `${address}:${port}`,
    count: async () => lastRow(await readFile(statistics, 'utf8')),
    stop: async () => {
      await sipp.stop('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** SIPp writes a row a second; the last may be half written. */
function lastRow(text: string): CarrierCount {
  const rows = text
    .split('\n')
    .slice(0, -1)
    .map((row) => row.split(';'));
  const [names, last] = [rows[0] ?? [], rows.at(-1) ?? []];
  const value = (name: string) => last[names.indexOf(name)] ?? '';
  const counts = { answered: Number(value('SuccessfulCall(C)')), failed: Number(value('FailedCall(C)')) };
  return { ...counts, atSeconds: Number(value('CurrentTime').split('\t').at(-1)) };
}

const answer = (status: string, headers: string, body = '') => `  <send${body === '' ? '' : ' retrans="500"'}>
    <![CDATA[
SIP/2.0 ${status}
[last_Via:]
[last_From:]
[last_To:];tag=[pid]SIPpTag[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
${headers}Content-Length: [len]

${body}]]>
  </send>`;

const SDP = `v=0
o=carrier 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
`;

const SCENARIO = `<?xml version="1.0" encoding="ISO-8859-1"?>
<scenario name="answers">
  <recv request="INVITE">
    <action>
      <ereg regexp="sip:[^;>]*" search_in="hdr" header="Contact:" assign_to="contact"/>
      <ereg regexp="[^ ].*" search_in="hdr" header="From:" assign_to="caller"/>
      <ereg regexp="[^ ].*" search_in="hdr" header="To:" assign_to="called"/>
    </action>
  </recv>
${answer('180 Ringing', '')}
${answer('200 OK', 'Content-Type: application/sdp\n', SDP)}
  <recv request="ACK"/>
  <pause milliseconds="1000"/>
  <send retrans="500">
    <![CDATA[
BYE [$contact] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: [$called];tag=[pid]SIPpTag[call_number]
To: [$caller]
[last_Call-ID:]
CSeq: 1 BYE
Content-Length: 0

]]>
  </send>
  <recv response="200"/>
</scenario>
`;
