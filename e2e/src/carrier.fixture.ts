import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { startSupervised } from '@trunkmesh/testkit/supervised.process.js';
import { ROOT } from './mesh.fixture.js';

/** SIPp as a carrier that answers by the called number (e2e/sipp/uas-carrier.xml). It echoes the audio that it gets. */
export interface SippCarrier {
  /** `host:port`, as a trunk names its gateway. */
  readonly gateway: string;
  /** What the numbers of the INVITEs so far asked for, `KSSS` each; a repeated INVITE counts once. */
  invites(): Promise<string[]>;
  stop(): Promise<void>;
}

const REFUSALS = [302, 403, 404, 408, 480, 484, 486, 488, 500, 503, 600, 603];
const choice = (status: number) => `  <nop>
    <action>
      <strcmp assign_to="differs" variable="status" value="${status}"/>
      <test assign_to="refuses" variable="differs" compare="equal" value="0"/>
    </action>
  </nop>
  <nop next="s${status}" test="refuses"/>`;
const refusal = (status: number) => `  <label id="s${status}"/>
  <send retrans="500">
    <![CDATA[
SIP/2.0 ${status} Carrier
[last_Via:]
[last_From:]
[last_To:];tag=[pid]SIPpTag[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:elsewhere@192.0.2.99>
Content-Length: 0

]]>
  </send>
  <recv request="ACK"/>
  <nop next="end"/>`;

/** `talkMs`: how long an answered call lasts before the carrier ends it. */
export async function startSippCarrier(address: string, talkMs: number): Promise<SippCarrier> {
  const folder = await mkdtemp(join(tmpdir(), 'trunkmesh-carrier-'));
  const [port, log] = [await freePort(), join(folder, 'invites.log')];
  const template = await readFile(join(ROOT, 'e2e/sipp/uas-carrier.xml'), 'utf8');
  const filled = template
    .replace('__CHOICES__', REFUSALS.map(choice).join('\n'))
    .replace('__REFUSALS__', REFUSALS.map(refusal).join('\n'));
  await writeFile(join(folder, 'carrier.xml'), filled);
  const scenario = ['-sf', join(folder, 'carrier.xml'), '-d', String(talkMs), '-rtp_echo', '-nostdin'];
  const place = ['-i', address, '-mi', address, '-p', String(port), '-mp', String(await freePort())];
  const sipp = await startSupervised('sipp', [...scenario, ...place, '-trace_logs', '-log_file', log], {
    cwd: folder,
    logFile: join(folder, 'log'),
  });
  return {
    gateway: `${address}:${port}`,
    invites: async () => [...(await readFile(log, 'utf8')).matchAll(/INVITE (\d{4})/g)].map(([, asked]) => asked!),
    stop: async () => {
      await sipp.stop('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
