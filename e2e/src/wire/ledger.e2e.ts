import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { LedgerEntry } from '@trunkmesh/contracts/usage-query.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { EslClient } from '@trunkmesh/testkit/freeswitch/esl-client.net.js';
import { startCarrierMesh, type CarrierMesh } from '../carrier-mesh.fixture.js';
import { startSipp } from '../sipp.fixture.js';
import { sipp } from '../wire.fixture.js';

/**
 * The ledger against what FreeSWITCH itself recorded (mod_json_cdr) and what SIPp counted: 200 calls both ways through
 * a real FreeSWITCH, answered for different times, busy, declined, unanswered and refused. Where FreeSWITCH has no
 * mod_json_cdr it is compared with SIPp alone, and the test says so.
 */
const FROM = '+15550108501';
const NOBODYS = '+15550108599';
const TALKS_MS = [700, 2_600] as const;
const CALLED = { '0200': 50, '2200': 20, '0486': 15, '0603': 15, '0480': 15, '0404': 10 };
const CALLING = [
  { calls: 45, talkMs: 900 },
  { calls: 25, talkMs: 3_100 },
];
const REFUSED = 5;

let mesh: CarrierMesh;
let cdrs: string;
let hasCdrs: boolean;

beforeAll(async () => {
  mesh = await startCarrierMesh(
    FROM,
    TALKS_MS.map((talkMs, at) => ({ address: `127.0.0.${76 + at}`, talkMs })),
  );
  cdrs = join(mesh.test.folder, 'cdrs');
  hasCdrs = await writesCdrs();
  if (!hasCdrs) console.log('this FreeSWITCH has no mod_json_cdr: the ledger is compared with SIPp alone');
}, 120_000);
afterAll(() => mesh?.stop());

const bridge = () => mesh.test.mesh.bridges[0]!.bridge;

/** Loads the module with a folder for its files; false where there is none. */
async function writesCdrs(): Promise<boolean> {
  await mkdir(cdrs, { recursive: true });
  const settings = { 'log-dir': cdrs, 'log-b-leg': 'true', 'prefix-a-leg': 'false', 'encode-values': 'false' };
  const params = Object.entries(settings).map(([name, value]) => `<param name="${name}" value="${value}"/>`);
  await appendFile(
    join(bridge().confDir, 'configuration.xml'),
    `<configuration name="json_cdr.conf"><settings>${params.join('')}</settings></configuration>\n`,
  );
  const client = await EslClient.connect(bridge().esl.port);
  try {
    client.send(`auth ${bridge().esl.password}`);
    client.send('api reloadxml');
    client.send('api load mod_json_cdr');
    const replies = await eventually(
      () => {
        const bodies = client.frames.flatMap(({ headers, body }) =>
          headers.some(([, value]) => value === 'api/response') ? [body ?? ''] : [],
        );
        return bodies.length === 2 ? bodies : undefined;
      },
      { message: 'FreeSWITCH to answer' },
    );
    return /^\+OK$/m.test(replies[1]!);
  } finally {
    client.close();
  }
}

const originate = (asked: string, at: number) => mesh.originate(randomUUID(), [[at, asked]]);

async function callIn(calls: number, talkMs: number, at: number): Promise<void> {
  const run = await startSipp({
    target: bridge().sip,
    number: FROM,
    address: mesh.carriers[at]!.gateway.split(':')[0]!,
    callers: Array.from({ length: calls }, (_unused, nth) => ({
      from: `+1555010${String(8_600 + 100 * at + nth)}`,
      audioPort: 39_998,
      codec: 'PCMU',
    })),
    endedBy: 'caller',
    talkMs,
    rate: 5,
    atOnce: 20,
  });
  await run.finished;
}

async function callOut(): Promise<void> {
  for (const [asked, calls] of Object.entries(CALLED))
    for (let nth = 0; nth < calls; nth += 1) expect(await originate(asked, nth % 2)).toBe('accepted');
}

async function ledger(): Promise<LedgerEntry[]> {
  const entries: LedgerEntry[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const after = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: { items: LedgerEntry[]; next_cursor: string | null } = await mesh.org.api.get(
      `/api/v1/usage/records?limit=100${after}`,
    );
    entries.push(...page.items);
    cursor = page.next_cursor;
  }
  return entries;
}

type Cdr = { variables: Record<string, string> };
const cdrOf = async ({ call_id }: LedgerEntry): Promise<Cdr> =>
  JSON.parse(await readFile(join(cdrs, `${call_id}.cdr.json`), 'utf8')) as Cdr;

it('has of 200 calls what FreeSWITCH recorded and SIPp counted', async () => {
  const outbound = Object.values(CALLED).reduce((sum, calls) => sum + calls, 0);
  const inbound = CALLING.reduce((sum, { calls }) => sum + calls, 0);
  expect(outbound + inbound + REFUSED).toBe(200);
  // The bridge learns of the number and its organisation a moment after the API.
  await eventually(async () => (await originate('0486', 0)) === 'accepted', { timeoutMs: 20_000, intervalMs: 200 });
  const target = bridge().sip;
  const refused = { target, from: '+15550108700', requestUser: NOBODYS, address: '127.0.0.76' };
  await Promise.all([
    callOut(),
    ...CALLING.map(({ calls, talkMs }, at) => callIn(calls, talkMs, at)),
    ...Array.from({ length: REFUSED }, () => sipp(refused, 404)),
  ]);
  const wanted = outbound + inbound + 1;
  const entries = await eventually(
    async () => {
      const found = await ledger();
      return found.length >= wanted ? found : undefined;
    },
    { timeoutMs: 60_000, intervalMs: 500, message: `${wanted} entries of the ledger` },
  );
  expect(entries).toHaveLength(wanted);
  // SIPp's count: all callers were answered, and each carrier was asked as often as the ledger says.
  const answered = entries.filter(({ answered_at }) => answered_at !== null);
  expect(answered.filter(({ direction }) => direction === 'inbound')).toHaveLength(inbound);
  const asked = (await Promise.all(mesh.carriers.map((carrier) => carrier.invites()))).flat();
  for (const number of Object.keys(CALLED)) {
    const ours = entries.filter(
      ({ direction, to_number: to }) => direction === 'outbound' && to.endsWith(`777${number}`),
    );
    expect([number, ours.length]).toEqual([number, asked.filter((one) => one === number).length]);
    expect([number, ours.every((one) => (one.answered_at !== null) === number.endsWith('200'))]).toEqual([
      number,
      true,
    ]);
  }
  if (!hasCdrs) return;
  for (const entry of entries) {
    const { variables } = await cdrOf(entry);
    expect({ call: entry.call_sid, ...timesIn(variables) }).toEqual({ call: entry.call_sid, ...timesOf(entry) });
  }
}, 180_000);

const micros = (time: string | null): number =>
  time === null ? 0 : Date.parse(time) * 1_000 + Number(time.slice(-4, -1));
/** FreeSWITCH's own times, to the microsecond; where it has no channel any more the end is the agent's own time. */
const timesOf = ({ answered_at, ended_at, billable_seconds }: LedgerEntry) => ({
  answered: micros(answered_at),
  ended: answered_at === null ? expect.closeTo(micros(ended_at), -6) : micros(ended_at),
  seconds: billable_seconds,
});
const timesIn = ({ answer_uepoch = '0', end_uepoch, billusec = '0' }: Cdr['variables']) => ({
  answered: Number(answer_uepoch),
  ended: Number(end_uepoch),
  seconds: Math.ceil(Number(billusec) / 1e6),
});
