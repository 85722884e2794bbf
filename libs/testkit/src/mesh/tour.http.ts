import pg from 'pg';
import { startAssistant } from '../assistant/assistant.http.js';
import { eventually } from '../eventually.process.js';
import { apiClient, type Api } from './api.http.js';
import type { MeshCarrier } from './carrier.js';
import { carrierFor } from './carriers.net.js';
import type { Mesh } from './mesh.process.js';
import { settleOrganization } from './organization.http.js';

export interface TourStep {
  title: string;
  tookMs: number;
  detail: string;
}

const NUMBER = '+15551234567';
const CALLER = '+15559876543';

interface Trunk {
  id: string;
  name: string;
}
interface TrunkStatus {
  verdict: string;
  summary: string;
  bridges: { registration: { state: string | null } | null }[];
}

/** The main job once, through the API. Everything that it creates is kept and used again by the next tour. */
export async function runTour(mesh: Mesh, onStep: (step: TourStep) => void): Promise<void> {
  const step = async <T>(title: string, work: () => Promise<T>, detail: (result: T) => string): Promise<T> => {
    const from = performance.now();
    const result = await work();
    onStep({ title, tookMs: performance.now() - from, detail: detail(result) });
    return result;
  };
  const bridge = mesh.bridges[0]!;
  const carrier = await carrierFor(bridge);
  try {
    const api = await step(
      'an organisation and its admin key',
      () => organization(mesh),
      () => `organisation ${mesh.file.organizationId}`,
    );
    const trunk = await step(
      'a trunk that registers, through the API',
      () => tourTrunk(api, carrier),
      ({ id }) => `trunk ${id} to ${carrier.gateway}`,
    );
    await step(
      'PostgreSQL → JetStream → agent → FreeSWITCH: the gateway is registered',
      () => registered(api, trunk),
      (status) => status.summary,
    );
    await step(
      'a number, assigned to the trunk and to assistant 17',
      () => tourNumber(api, trunk),
      () => NUMBER,
    );
    await step(
      'a call from a stranger is refused',
      () => refused(carrier),
      (status) => `SIP ${status}`,
    );
    // FreeSWITCH's clock ticks coarser than ours.
    const since = new Date(Date.now() - 500);
    await step(
      `a PBX forwards ${NUMBER} to its extension 9228: the Diversion header names the number`,
      () => answered(carrier),
      (status) => `SIP ${status}, answered and hung up`,
    );
    await step(
      'its usage record, carrier cost external',
      () => usage(mesh, trunk, since),
      (record) => `${record.billable_ms} ms, carrier_cost ${record.carrier_cost}, call ${record.call_id}`,
    );
    await step(
      'a call with an assistant: audio over a media stream, then the call log and the recording',
      () => talked(mesh, api, carrier),
      told,
    );
  } finally {
    await carrier.close();
  }
}

interface LoggedCall {
  call_sid: string;
  end_reason: string;
  recording: { state: string; location: string } | null;
  prewarm: { outcome: string };
  audio: { frames_to_assistant: number };
  timeline: { what: string }[];
}
const told = ({ call_sid, prewarm, audio, end_reason, timeline, recording }: LoggedCall): string =>
  `${prewarm.outcome}, ${audio.frames_to_assistant} frames to the assistant, ${end_reason}; recorded in ` +
  `${recording!.location}; ${timeline.length} steps: GET /api/v1/calls/${call_sid}`;

/** The assistant runs during the tour alone; afterwards callers hear an echo again. */
async function talked(mesh: Mesh, api: Api, carrier: MeshCarrier): Promise<LoggedCall> {
  const assistant = await startAssistant();
  assistant.onConnection = (connection) => {
    connection.echo();
  };
  const settings = `/api/v1/organizations/${mesh.file.organizationId}`;
  try {
    await api.patch(settings, { media_url: assistant.url, prewarm_url: assistant.prewarmUrl, record: true });
    const stream = await eventually(
      async () => {
        await carrier.call({ from: CALLER, number: NUMBER, talkMs: 1_000 });
        return assistant.connections[0];
      },
      { timeoutMs: 15_000, intervalMs: 250, message: 'the call to reach the assistant' },
    );
    await eventually(() => stream.closedWith !== undefined, { message: 'the call to end' });
    return await eventually(
      async () => {
        const call = await api.get<LoggedCall>(`/api/v1/calls/${stream.callSid}`);
        if (call.recording?.state === 'failed')
          throw new Error(`the call was not recorded: ${JSON.stringify(call.recording)}`);
        return call.end_reason !== null && call.recording?.state === 'local' ? call : undefined;
      },
      { timeoutMs: 10_000, message: 'the call in the log' },
    );
  } finally {
    await api.patch(settings, { media_url: null, prewarm_url: null, record: null });
    await assistant.stop();
  }
}

async function organization(mesh: Mesh): Promise<Api> {
  await settleOrganization(mesh);
  return apiClient(mesh.file.api, mesh.file.adminKey!);
}

async function tourTrunk(api: Api, carrier: MeshCarrier): Promise<Trunk> {
  const wanted = {
    name: 'Tour carrier',
    gateway: carrier.gateway,
    username: carrier.username,
    password: carrier.password,
    register: true,
  };
  const existing = (await api.get<Trunk[]>('/api/v1/sip-trunks')).find(({ name }) => name === wanted.name);
  return existing === undefined
    ? api.post<Trunk>('/api/v1/sip-trunks', wanted)
    : api.patch<Trunk>(`/api/v1/sip-trunks/${existing.id}`, wanted);
}

function registered(api: Api, trunk: Trunk): Promise<TrunkStatus> {
  return eventually(
    async () => {
      const status = await api.get<TrunkStatus>(`/api/v1/sip-trunks/${trunk.id}/status`);
      if (status.verdict !== 'live' || !status.bridges.some(({ registration }) => registration?.state === 'REGED'))
        throw new Error(JSON.stringify(status));
      return status;
    },
    { timeoutMs: 15_000, message: 'the trunk to be registered' },
  );
}

async function tourNumber(api: Api, trunk: Trunk): Promise<void> {
  const [existing] = await api.get<{ id: string }[]>(
    `/api/v1/phone-numbers?phone_number=${encodeURIComponent(NUMBER)}`,
  );
  const wanted = { friendly_name: 'Front desk', sip_trunk_id: trunk.id, assistant_id: 17 };
  if (existing === undefined) await api.post('/api/v1/phone-numbers', { phone_number: NUMBER, ...wanted });
  else await api.patch(`/api/v1/phone-numbers/${existing.id}`, wanted);
}

async function refused(carrier: MeshCarrier): Promise<number> {
  const status = await carrier.callAsStranger({ from: CALLER, number: NUMBER });
  if (status !== 403) throw new Error(`a stranger's call got SIP ${status}`);
  return status;
}

/**
 * The access list and the routing index follow within moments; until then a caller is asked to try again or is not
 * known.
 */
function answered(carrier: MeshCarrier): Promise<number> {
  return eventually(
    async () => {
      const status = await carrier.call({
        from: CALLER,
        number: '9228',
        headers: { Diversion: `<sip:${NUMBER}@pbx.example.com>;reason=unconditional` },
        talkMs: 1_000,
      });
      if (status !== 200) throw new Error(`SIP ${status}`);
      return status;
    },
    { timeoutMs: 15_000, intervalMs: 250, message: 'the call to be answered' },
  );
}

interface UsageRow {
  call_id: string;
  billable_ms: string;
  carrier_cost: string;
}

/** Of the call of this tour and no earlier one. */
async function usage(mesh: Mesh, trunk: Trunk, since: Date): Promise<UsageRow> {
  const client = new pg.Client({ connectionString: mesh.billingUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await eventually(
      async () => {
        const { rows } = await client.query<UsageRow>(
          'SELECT call_id, billable_ms, carrier_cost FROM ledger_entries WHERE trunk_id = $1 AND started_at >= ' +
            '$2 AND answered_at IS NOT NULL LIMIT 1',
          [trunk.id, since],
        );
        return rows[0];
      },
      { timeoutMs: 15_000, message: 'the usage record' },
    );
  } finally {
    await client.end();
  }
}
