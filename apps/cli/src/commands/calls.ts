import { answered, type Api, type Schemas } from '../api/api.http.js';
import { safeText } from '../output/safe-text.js';
import { facts, table } from '../output/table.js';
import type { View } from '../output/view.js';
import { refused, sip } from './call-evidence.js';
import { assignments, command, group, required } from './command.js';
import { type Detail, detailOf, follow } from './follow-call.process.js';

type Call = Schemas['Call'];

const CALL = { call: { type: 'string', describe: 'The call_sid of a call', ...required } } as const;

/** `outbound (trunk test)`: the call of a trunk's test. */
export const kindOf = ({ direction, trunk_test }: Pick<Call, 'direction' | 'trunk_test'>): string =>
  trunk_test === true ? `${direction} (trunk test)` : direction;

const COLUMNS = {
  started: (call: Call) => call.started_at,
  direction: kindOf,
  from: (call: Call) => call.from_number,
  to: (call: Call) => call.to_number,
  status: (call: Call) => call.status,
  seconds: (call: Call) => call.duration_seconds,
  reason: (call: Call) => call.refusal ?? call.end_reason,
  call: (call: Call) => call.call_sid,
};

const list = command(
  'list',
  'List calls, the latest first',
  {
    limit: { type: 'number', default: 50, describe: 'How many to show at most' },
    status: { choices: ['ongoing', 'completed', 'failed'] as const, describe: 'Only these' },
    direction: { choices: ['inbound', 'outbound'] as const, describe: 'Only these' },
    number: { type: 'string', describe: "Calls with this customer's number" },
  },
  (context, { limit, status, direction, number }) =>
    context.show(async () => {
      const query = {
        limit,
        ...(status && { status }),
        ...(direction && { direction }),
        ...(number && { customer_phone: number }),
      };
      const found = await answered((await context.api()).GET('/api/v1/calls', { params: { query } }));
      return { json: found, text: table(found.items, COLUMNS, 'No calls.') };
    }),
);

const show = command('show <call>', 'Show one call: what happened, and why', CALL, (context, { call }) =>
  context.show(async () => detailView(await detailOf(await context.api(), call))),
);

function detailView(call: Detail): View {
  const { timeline, attempts, invite: _invite, routing, audio: _audio, ...plain } = call;
  const attempted = table(
    attempts,
    {
      attempt: (one) => one.attempt,
      trunk: (one) => one.trunk_id ?? 'settings that were not saved',
      dialled: (one) => one.dialled,
      outcome: (one) => one.outcome,
      reason: (one) => one.reason,
      sip: (one) => one.sip_status,
      ms: (one) => one.duration_ms,
    },
    '',
  );
  const happened = table(timeline, TIMELINE, '');
  const parts = [facts(plain), ...routedBy(routing), attempted, happened];
  return { json: call, text: parts.filter((part) => part !== '').join('\n\n') };
}

/** Why the call took this way, in words, and what each source of the called number said. */
function routedBy(routing: Detail['routing']): string[] {
  if (routing === null) return [];
  const { summary, steps } = routing.explanation;
  return [safeText(summary), table(steps, STEPS, '')];
}

type Step = Schemas['ExplanationStep'];

const STEPS = {
  source: (step: Step) => step.source,
  'what arrived': (step: Step) => step.raw,
  number: (step: Step) => step.number,
  verdict: (step: Step) => step.verdict,
};

const TIMELINE = {
  at: (entry: Detail['timeline'][0]) => entry.at,
  what: (entry: Detail['timeline'][0]) => entry.what,
  detail: (entry: Detail['timeline'][0]) => entry.detail,
};

const place = command(
  'place',
  'Call somebody from one of your numbers',
  {
    from: { type: 'string', describe: 'A number of yours', ...required },
    to: { type: 'string', describe: 'Who is called', ...required },
    'caller-id': { type: 'string', describe: 'Another number to show' },
    assistant: { type: 'number', describe: 'The assistant that speaks; by default the number’s' },
    trunk: { type: 'string', describe: 'The id of a trunk that must carry the call' },
    digits: { type: 'string', describe: 'Digits to send after the answer' },
    variable: { type: 'string', array: true, describe: 'A value for {{name}} in its texts: --variable name=Ann' },
    set: { type: 'string', array: true, describe: 'Any other field: --set ring_timeout_seconds=20' },
    follow: { type: 'boolean', describe: 'Stay and print what happens until the call has ended' },
  },
  async (context, given) => {
    const api = await context.api();
    const { assistant, trunk, digits, variable } = given;
    const body = {
      from_phone_number: given.from,
      to_phone_number: given.to,
      ...(given['caller-id'] && { caller_id: given['caller-id'] }),
      ...(assistant !== undefined && { assistant_id: assistant }),
      ...(trunk && { sip_trunk_id: trunk }),
      ...(digits && { send_digits: digits }),
      ...(variable && { variables: assignments(variable) as Record<string, string> }),
      ...assignments(given.set),
    };
    const queued = await answered(api.POST('/api/v1/calls', { body }));
    if (given.follow === true) return follow(context, api, queued.call_sid);
    await context.show(() => Promise.resolve({ json: queued, text: `queued: ${queued.call_sid}` }));
  },
);

const watch = command('watch <call>', 'Print what happens in a call until it has ended', CALL, async (context, given) =>
  follow(context, await context.api(), given.call),
);

const ending = (name: string, describe: string, end: (api: Api, sid: string) => Promise<Schemas['CallEnding']>) =>
  command(name, describe, CALL, async (context, { call }) => {
    const api = await context.api();
    await context.show(async () => {
      const answer = await end(api, call);
      return { json: answer, text: `${answer.call_sid} is ending.` };
    });
  });

const at = (sid: string) => ({ params: { path: { call_id: sid } } });
const hangUp = ending('hang-up <call>', 'End a call', (api, sid) =>
  answered(api.POST('/api/v1/calls/{call_id}/hangup', at(sid))),
);
const cancel = ending('cancel <call>', 'End an outbound call, answered or not', (api, sid) =>
  answered(api.DELETE('/api/v1/calls/{call_id}', at(sid))),
);

const transfer = command(
  'transfer <call>',
  'Transfer a call',
  { ...CALL, to: { type: 'string', describe: 'A number or SIP URI', ...required } },
  async (context, { call, to }) => {
    const api = await context.api();
    await context.show(async () => {
      const result = await answered(api.POST('/api/v1/calls/{call_id}/transfer', { ...at(call), body: { to } }));
      return { json: result, text: facts({ ...result }), bad: result.outcome === 'refused' };
    });
  },
);

export const calls = group(['calls', 'call'], 'Calls', [
  list,
  show,
  refused,
  sip,
  place,
  watch,
  hangUp,
  cancel,
  transfer,
]);
