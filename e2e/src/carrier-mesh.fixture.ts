import { connect } from '@nats-io/transport-node';
import { originateAnswer } from '@trunkmesh/contracts/outbound-call.js';
import { bridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { startSippCarrier, type SippCarrier } from './carrier.fixture.js';
import { addNumber, testMesh, untilLive, type Organization, type TestMesh, type Trunk } from './mesh.fixture.js';

/** A mesh with SIPp as its carriers, and an organisation with a trunk to each of them and a number. */
export interface CarrierMesh {
  test: TestMesh;
  assistant: Assistant;
  carriers: SippCarrier[];
  org: Organization;
  trunks: Trunk[];
  /**
   * Asks the bridge for a call as trunk-service does; the outcome of its answer. An attempt is what the carrier at this
   * place is asked for: `KSSS` (e2e/sipp/uas-carrier.xml).
   */
  originate(call_id: string, attempts: readonly [at: number, asked: string][]): Promise<string>;
  stop(): Promise<void>;
}

export async function startCarrierMesh(
  from: string,
  places: readonly { address: string; talkMs: number }[],
): Promise<CarrierMesh> {
  const assistant = await startAssistant();
  const [test, ...carriers] = await Promise.all([
    testMesh({ env: { MEDIA_URL: assistant.url } }),
    ...places.map(({ address, talkMs }) => startSippCarrier(address, talkMs)),
  ]);
  const nats = await connect({ servers: test.mesh.file.nats });
  const stop = async () => {
    await nats.close();
    await test.stop();
    await Promise.all(carriers.map((carrier) => carrier.stop()));
    await assistant.stop();
  };
  try {
    const org = await test.organization('Example Dental');
    const trunks: Trunk[] = [];
    for (const { gateway } of carriers)
      trunks.push(await org.api.post<Trunk>('/api/v1/sip-trunks', { name: gateway, gateway, register: false }));
    for (const trunk of trunks) await untilLive(org, trunk);
    const { id: number_id } = await addNumber(org, trunks[0]!, from);
    const subject = bridgeRequest(test.mesh.bridges[0]!.bridge.id, 'call.originate');
    return {
      ...{ test, assistant, carriers, org, trunks, stop },
      originate: async (call_id, attempts) => {
        const request = {
          ...{ call_id, organization_id: org.id, number_id, from, to: numberOf(attempts[0]![1]) },
          ...{ country: 'US', caller_id: from, target: { kind: 'assistant', id: 17 } },
          attempts: attempts.map(([at, asked]) => ({
            ...{ trunk_id: trunks[at]!.id, priority: at, chosen_by: 'priority', gateway: 'up', pool: 'default' },
            ...{ bridge_id: null, dialled: numberOf(asked) },
          })),
          requested_at: new Date().toISOString(),
          dial_until: new Date(Date.now() + 60_000).toISOString(),
        };
        const reply = await nats.request(subject, JSON.stringify(request), { timeout: 10_000 });
        return originateAnswer.parse(reply.json()).outcome;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const numberOf = (asked: string) => `+1555777${asked}`;
