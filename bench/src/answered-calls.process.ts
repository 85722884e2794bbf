import { startAssistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { apiClient } from '@trunkmesh/testkit/mesh/api.http.js';
import { placeSipCall } from '@trunkmesh/testkit/sip/sip-call.net.js';
import type { SipInvite, SipLine } from '@trunkmesh/testkit/sip/sip-line.js';
import { benchMesh, type BenchMesh } from './bench-mesh.process.js';

const NUMBER = '+15550100001';
const CALLER_ADDRESS = '127.0.0.101';

/** A mesh with a trunk by address and a number; an assistant answers its calls. */
export interface AnsweringMesh extends BenchMesh {
  /** @throws Error where the call is refused */
  call(audio?: SipInvite['audio']): Promise<SipLine>;
}

/** Once a call is answered. `env`: of all services. */
export async function answeringMesh(env: Record<string, string> = {}): Promise<AnsweringMesh> {
  const assistant = await startAssistant();
  const bench = await benchMesh(env).catch(async (error: unknown) => {
    await assistant.stop();
    throw error;
  });
  const target = bench.mesh.bridges[0]!.bridge.sip;
  const stop = async () => {
    await bench.stop();
    await assistant.stop();
  };
  const call = async (audio?: SipInvite['audio']) => {
    const line = await placeSipCall({ from: '+15559870001', number: NUMBER, address: CALLER_ADDRESS, target, audio });
    if (line.status !== 200) throw new Error(`a call was refused with ${line.status}`);
    return line;
  };
  try {
    const api = apiClient(bench.mesh.file.api, bench.adminKey);
    await api.patch(`/api/v1/organizations/${bench.organizationId}`, {
      media_url: assistant.url,
      prewarm_url: assistant.prewarmUrl,
      signing_secret: 'a secret of the measurement',
    });
    const settings = { name: 'Bench', gateway: `${CALLER_ADDRESS}:5060`, register: false };
    const trunk = await api.post<{ id: string }>('/api/v1/sip-trunks', settings);
    await api.post('/api/v1/phone-numbers', { phone_number: NUMBER, sip_trunk_id: trunk.id, assistant_id: 17 });
    await eventually(() => call().then((line) => line.hangUp().then(() => true)), {
      timeoutMs: 30_000,
      intervalMs: 250,
      message: 'a call to be answered',
    });
    return { ...bench, call, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
