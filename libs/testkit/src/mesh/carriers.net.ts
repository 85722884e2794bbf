import { randomBytes } from 'node:crypto';
import { startSipCarrier } from '../sip/sip-carrier.net.js';
import type { CarrierCall, MeshCarrier } from './carrier.js';
import type { BridgeOfMesh } from './mesh.process.js';

/** No trunk of a private mesh has this address, and on Linux every 127.0.0.0/8 address is there to send from. */
const STRANGER = '127.0.0.66';

/** Each has its own address, which identifies it. */
const hostOf = (username: string): number => 100 + (Number.parseInt(username.slice(-2), 10) || 0);

/** The carrier that fits the bridge. `user` makes it one of several. */
export async function carrierFor(bridge: BridgeOfMesh, user = '9228'): Promise<MeshCarrier> {
  const password = randomBytes(12).toString('base64url');
  return bridge.bridge.freeswitch === 'real'
    ? sipCarrier(bridge, user, password)
    : standInCarrier(bridge, user, password);
}

async function sipCarrier({ bridge }: BridgeOfMesh, username: string, password: string): Promise<MeshCarrier> {
  const carrier = await startSipCarrier({ address: `127.0.0.${hostOf(username)}`, users: { [username]: password } });
  const stranger = await startSipCarrier({ address: STRANGER });
  const from = (sender: typeof carrier) => (call: CarrierCall) =>
    sender.call({
      ...call,
      target: bridge.sip,
      headers: Object.entries(call.headers ?? {}).flatMap(([name, value]) =>
        [value].flat().map((line) => [name, line] as const),
      ),
    });
  return {
    gateway: `${carrier.address}:${carrier.port}`,
    username,
    password,
    call: from(carrier),
    callAsStranger: from(stranger),
    announce: async () => undefined,
    close: async () => {
      await Promise.all([carrier.close(), stranger.close()]);
    },
  };
}

/** Known to the stand-in by its control port. 192.0.2.0/24 is documentation's (RFC 5737): it leads nowhere. */
async function standInCarrier(bridge: BridgeOfMesh, username: string, password: string): Promise<MeshCarrier> {
  const control = `http://127.0.0.1:${bridge.controlPort}`;
  const address = `192.0.2.${hostOf(username)}`;
  const announce = async () => {
    await post(`${control}/carriers`, { address: `${address}:5060`, users: { [username]: password } });
  };
  await announce();
  const from =
    (source: string) =>
    async (call: CarrierCall): Promise<number> => {
      const { status } = (await post(`${control}/calls`, {
        source: { address: source, port: 5060 },
        from: call.from,
        request_user: call.number,
        to: call.to,
        headers: call.headers,
        hangup_after_ms: call.talkMs ?? 500,
      })) as { status: number };
      return status;
    };
  return {
    gateway: `${address}:5060`,
    username,
    password,
    call: from(address),
    callAsStranger: from('198.51.100.66'),
    announce,
    close: async () => undefined,
  };
}

async function post(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  if (!response.ok) throw new Error(`the stand-in answered ${response.status}: ${await response.text()}`);
  return response.json();
}
