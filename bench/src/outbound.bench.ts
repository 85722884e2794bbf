import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { outboundAnswer, type OutboundRequest } from '@trunkmesh/contracts/outbound.js';
import { ROUTING_OUTBOUND } from '@trunkmesh/contracts/subjects.js';
import { id, number, ORG, organization, trunk, TRUNK, type Entity } from '@trunkmesh/routing/inbound-fixture.js';
import { startNatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import type { Supervised } from '@trunkmesh/testkit/supervised.process.js';
import { figure } from './figure.js';
import { firstLine, measure, middle, type Measure } from './request-rate.nats.js';
import { startRoutingService } from './requests.bench.js';
import { phoneNumber, sourceAddress } from './routing-data.js';
import { publishEntities } from './routing-stream.nats.js';

const TRUNKS = Number(process.env['BENCH_TRUNKS'] ?? 100_000);
const TRUNKS_PER_ORGANIZATION = 10;
const ROUNDS = 3;
const ECHO = 'bench.echo';
const rivals = join(dirname(fileURLToPath(import.meta.url)), 'routing-rivals.process.js');

/**
 * Plans of outbound calls, as routing-service answers them over NATS with 100,000 trunks, against a bare echo in
 * another process that sends as many bytes back.
 */
export async function run(print: (line: string) => void): Promise<void> {
  const nats = await startNatsServer();
  let service: Supervised | undefined;
  let nc: NatsConnection | undefined;
  let echo: ReturnType<typeof spawn> | undefined;
  try {
    await publishEntities(nats.url, mesh(), print);
    service = await startRoutingService(nats.url);
    nc = await connect({ servers: nats.url });
    const bytes = await checkedAnswer(nc);
    const child = spawn(process.execPath, [rivals, 'echo', nats.url, String(bytes)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    echo = child;
    await firstLine(child);
    await compare(nc, bytes, print);
  } finally {
    echo?.kill('SIGKILL');
    await nc?.close();
    await service?.stop('SIGKILL');
    await nats.stop();
  }
}

const ORGANIZATIONS = TRUNKS / TRUNKS_PER_ORGANIZATION;

/** Each organisation has ten trunks, five of the same priority, and one number. */
function* mesh(): Generator<Entity> {
  for (let org = 0; org < ORGANIZATIONS; org += 1) {
    yield organization(org);
    for (let at = 0; at < TRUNKS_PER_ORGANIZATION; at += 1) {
      const place = org * TRUNKS_PER_ORGANIZATION + at;
      yield trunk(org, place, { gateway: sourceAddress(org % 50_000), priority: at < 5 ? 10 : 10 + at });
    }
    yield number(org, phoneNumber(org), { sip_trunk_id: TRUNK(org * TRUNKS_PER_ORGANIZATION) });
  }
}

const request = (at: number): OutboundRequest => {
  const org = (at * 7_919) % ORGANIZATIONS;
  return {
    call_id: id(9, at),
    organization_id: ORG(org),
    from: phoneNumber(org),
    to: `+1556${String(at % 10_000_000).padStart(7, '0')}`,
    caller_id: null,
    trunk_id: null,
    target: null,
  };
};

/** One answer must be right; gives its size. */
async function checkedAnswer(nc: NatsConnection): Promise<number> {
  const reply = await nc.request(ROUTING_OUTBOUND, JSON.stringify(request(1)), { timeout: 5_000 });
  const plan = outboundAnswer.parse(reply.json());
  if (plan.outcome !== 'call' || plan.attempts.length !== 8) throw new Error(`not the right plan: ${reply.string()}`);
  return reply.data.length;
}

async function compare(nc: NatsConnection, bytes: number, print: (line: string) => void): Promise<void> {
  const payloads = Array.from({ length: 20_000 }, (_unused, at) => JSON.stringify(request(at)));
  const measured = { plans: [] as Measure[], echo: [] as Measure[] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    const echo = await measure(nc, ECHO, payloads);
    const plans = await measure(nc, ROUTING_OUTBOUND, payloads);
    // The first round is a warm-up.
    if (round === 0) continue;
    measured.echo.push(echo);
    measured.plans.push(plans);
  }
  const [plans, echo] = [middle(measured.plans), middle(measured.echo)];
  print(
    figure({
      name: 'outbound_plans',
      value: plans.rate,
      unit: 'plans/s',
      ratio: plans.rate / echo.rate,
      versus: `a bare NATS echo (${bytes} bytes back) with ${TRUNKS} trunks, ${Math.round(echo.rate)}/s (aim >= 0.8)`,
    }),
  );
}
