import type { CalleeScript } from '../sip/callee-script.js';
import { startSipCallee } from '../sip/sip-callee.net.js';
import type { BridgeOfMesh } from './mesh.process.js';

/** The far side of a trunk that calls go out over. */
export interface MeshCallee {
  /** What a trunk's `gateway` is to be. */
  gateway: string;
  /** What becomes of the next calls. */
  will(script: Pick<CalleeScript, 'outcome' | 'ringMs' | 'hangUpAfterMs'>): Promise<void>;
  /** Calls that came. */
  calls(): Promise<number>;
  /** The numbers of all calls of its FreeSWITCH that were dialled since that began, each as often as it was dialled. */
  dialled(): Promise<string[]>;
  /** Of them, those that ring or are up. */
  open(): Promise<number>;
  close(): Promise<void>;
}

/** `nth`: each has its own address. */
export async function calleeFor(bridge: BridgeOfMesh, nth: number): Promise<MeshCallee> {
  return bridge.bridge.freeswitch === 'real' ? sipCallee(nth) : standInCallee(bridge, nth);
}

async function sipCallee(nth: number): Promise<MeshCallee> {
  const callee = await startSipCallee({ address: `127.0.0.${200 + nth}` });
  return {
    gateway: callee.gateway,
    will: async (script) => {
      callee.will(script);
    },
    calls: async () => callee.invites.length,
    dialled: async () => callee.invites.map(({ uri }) => /^sip:([^@]+)@/.exec(uri)?.[1] ?? ''),
    open: async () => callee.open().length,
    close: () => callee.close(),
  };
}

interface StandInGateway {
  name: string;
  callsOut: number;
}

async function standInCallee({ controlPort }: BridgeOfMesh, nth: number): Promise<MeshCallee> {
  const control = `http://127.0.0.1:${controlPort}`;
  const address = `192.0.2.${200 + nth}:5060`;
  const trunks = new Set<string>();
  const will: MeshCallee['will'] = async ({ outcome, ringMs, hangUpAfterMs }) => {
    const call = {
      outcome,
      ring_ms: ringMs ?? 0,
      ...(hangUpAfterMs === undefined ? {} : { hangup_after_ms: hangUpAfterMs }),
    };
    const response = await fetch(`${control}/carriers`, {
      method: 'POST',
      body: JSON.stringify({ address, calls: [call] }),
    });
    if (!response.ok) throw new Error(`the stand-in answered ${response.status}: ${await response.text()}`);
  };
  await will({ outcome: 'answer' });
  const of = async (): Promise<StandInGateway[]> => {
    const gateways = (await (await fetch(`${control}/gateways`)).json()) as (StandInGateway & { proxy: string })[];
    const own = gateways.filter(({ proxy }) => proxy.includes(address));
    for (const { name } of own) trunks.add(name);
    return own;
  };
  return {
    gateway: address,
    will,
    calls: async () => (await of()).reduce((sum, { callsOut }) => sum + callsOut, 0),
    dialled: async () => (await (await fetch(`${control}/dialled`)).json()) as string[],
    open: async () => {
      await of();
      const channels = (await (await fetch(`${control}/outbound`)).json()) as { gateway: string }[];
      return channels.filter(({ gateway }) => trunks.has(gateway)).length;
    },
    close: async () => undefined,
  };
}
