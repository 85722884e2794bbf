import { answered } from '../api/api.http.js';
import { facts, table } from '../output/table.js';
import { command, group } from './command.js';

const explain = command(
  'explain',
  'Say where a call would go, and why, without calling',
  {
    outbound: { type: 'boolean', describe: 'A call from a number of yours; by default one that arrives' },
    from: { type: 'string', describe: 'The caller' },
    to: { type: 'string', describe: 'The called number' },
    source: { type: 'string', describe: 'Inbound: the address that the call comes from' },
    trunk: { type: 'string', describe: 'The id of the trunk' },
    header: { type: 'string', array: true, describe: "Inbound: a header of the INVITE: --header 'Diversion: …'" },
    file: { type: 'string', describe: 'Inbound: a file with a whole INVITE; - is standard input' },
  },
  async (context, given) => {
    const api = await context.api();
    const body = (given.outbound === true ? outbound(given) : await inbound(given, context.file)) as never;
    await context.show(async () => {
      const { decision, explanation, ...rest } = (await answered(
        api.POST('/api/v1/routes/explain', { body }),
      )) as unknown as Explained;
      const steps = explanation.steps ?? explanation.checks ?? [];
      const text = [
        explanation.summary,
        facts(plain(decision)),
        table(steps, columnsOf(steps), 'No step was looked at.'),
      ].join('\n\n');
      return { json: { decision, explanation, ...rest }, text };
    });
  },
);

/** Both explanations as far as they are shown; the schemas of the API hold them whole. */
interface Explained {
  decision: Record<string, unknown>;
  explanation: { summary: string; steps?: Record<string, unknown>[]; checks?: Record<string, unknown>[] };
}

interface Given {
  from?: string | undefined;
  to?: string | undefined;
  source?: string | undefined;
  trunk?: string | undefined;
  header?: string[] | undefined;
  file?: string | undefined;
}

const outbound = ({ from, to, trunk }: Given) => ({
  direction: 'outbound',
  from_phone_number: from,
  to_phone_number: to,
  ...(trunk && { sip_trunk_id: trunk }),
});

async function inbound(given: Given, file: (path: string) => Promise<string>) {
  const { from, to, source, trunk, header } = given;
  return {
    ...(given.file !== undefined && { invite: await file(given.file) }),
    ...(source && { source_address: source }),
    ...(trunk && { trunk_id: trunk }),
    ...(from && { from }),
    ...(to && { to, request_uri: `sip:${to}@invalid` }),
    ...(header && { headers: header.map((line) => line.split(/:\s*(.*)/s).slice(0, 2)) }),
  };
}

const plain = (decision: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(decision).filter(([, value]) => typeof value !== 'object' || value === null));

const columnsOf = (steps: Record<string, unknown>[]) =>
  Object.fromEntries(Object.keys(steps[0] ?? {}).map((name) => [name, (step: Record<string, unknown>) => step[name]]));

export const routes = group(['route', 'routes'], 'Where calls go', [explain]);
