import { setTimeout as pause } from 'node:timers/promises';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import { type Organization, type Trunk } from './mesh.fixture.js';

/** Commands that were answered with 2xx: what must be in the log and live, whatever was killed when. */
export interface Accepted {
  trunks: Map<string, { name: string; enabled: boolean; deleted: boolean }>;
  numbers: Map<string, string>;
  refused: number;
}

export interface Load {
  stop(): Promise<void>;
}

/** Something that a killed service leaves open: what became of it is asked afterwards. */
const unknown = (error: unknown) => /abort|timeout|fetch failed/i.test(String(error));

/**
 * Writers that each make, change, disable, enable and delete trunks by address and add numbers to them, one command
 * after the other.
 */
export function startCommands(
  org: Organization,
  { writers, restMs = 0 }: { writers: number; restMs?: number },
  accepted: Accepted,
): Load {
  let running = true;
  const work = Array.from({ length: writers }, (_unused, writer) =>
    (async () => {
      for (let round = 0; running; round += 1) {
        try {
          await oneTrunk(org, `${writer}-${round}`, accepted, () => running);
        } catch (error) {
          if (!unknown(error)) throw error;
          accepted.refused += 1;
          await pause(50);
        }
        await pause(restMs);
      }
    })(),
  );
  return {
    stop: async () => {
      running = false;
      await Promise.all(work);
    },
  };
}

async function oneTrunk(org: Organization, id: string, accepted: Accepted, running: () => boolean): Promise<void> {
  const ok = async (method: string, path: string, body?: object) => {
    const answer = await org.api.request(method, path, body);
    if (answer.status < 300) return answer.json as Trunk & { phone_number: string };
    // 503 while PostgreSQL is away, 409 and 412 where an earlier attempt was carried out after all: not accepted, so
    // nothing is promised.
    if (answer.status === 503 || answer.status === 409) {
      await pause(50);
      return undefined;
    }
    throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
  };
  const [writer, round] = id.split('-').map(Number) as [number, number];
  const trunk = await ok('POST', '/api/v1/sip-trunks', {
    name: `Load ${id} ${Math.random()}`,
    gateway: `198.51.100.${1 + ((writer * 31 + round) % 250)}`,
    register: false,
  });
  if (trunk === undefined) return;
  const state = { name: trunk.name, enabled: true, deleted: false };
  accepted.trunks.set(trunk.id, state);
  const path = `/api/v1/sip-trunks/${trunk.id}`;
  /** Undefined: it is not known whether the command was carried out, so nothing is expected of the trunk any more. */
  const change = async (method: string, suffix: string, body: object | undefined, expected: Partial<typeof state>) => {
    accepted.trunks.delete(trunk.id);
    const done = await ok(method, `${path}${suffix}`, body);
    if (done !== undefined || method === 'DELETE') accepted.trunks.set(trunk.id, Object.assign(state, expected));
  };
  const number = await ok('POST', '/api/v1/phone-numbers', {
    phone_number: `+1555${String(2_000_000 + writer * 10_000 + round).padStart(7, '0')}`,
    sip_trunk_id: trunk.id,
    assistant_id: 1,
  });
  if (number !== undefined) accepted.numbers.set(number.id, number.phone_number);
  if (running()) await change('PATCH', '', { name: `${trunk.name} changed` }, { name: `${trunk.name} changed` });
  if (running() && round % 3 === 1) await change('POST', '/disable', {}, { enabled: false });
}

export interface Calls {
  answered: Set<string>;
  refused: Map<number, number>;
  broken: number;
}

/** Calls, some at a time, each from a number of its own, so that its record can be asked for by that number. */
export function startCalls(carrier: MeshCarrier, number: string, lines: number, calls: Calls): Load {
  let running = true;
  let next = 0;
  const work = Array.from({ length: lines }, async () => {
    while (running) {
      next += 1;
      const from = `+1555${String(3_000_000 + next).padStart(7, '0')}`;
      try {
        const status = await carrier.call({ from, number, talkMs: 200 });
        if (status === 200) calls.answered.add(from);
        else calls.refused.set(status, (calls.refused.get(status) ?? 0) + 1);
      } catch {
        calls.broken += 1;
      }
      await pause(60);
    }
  });
  return {
    stop: async () => {
      running = false;
      await Promise.all(work);
    },
  };
}
