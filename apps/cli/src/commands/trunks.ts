import { answered, type Api, type Schemas } from '../api/api.http.js';
import { findTrunk } from '../api/find.http.js';
import { CommandFailure } from '../failure.js';
import { facts, table } from '../output/table.js';
import type { View } from '../output/view.js';
import { assignments, command, type Context, group, LIMIT, required } from './command.js';
import { testView } from './trunk-test.js';

type Trunk = Schemas['Trunk'];

const TRUNK = { trunk: { type: 'string', describe: 'The name or id of a trunk', ...required } } as const;
const NUMBER = {
  number: { type: 'string', describe: 'Also call this number for three seconds; an answered call is charged' },
  from: { type: 'string', describe: 'The number of yours that the test call comes from' },
} as const;

const FIELDS = {
  name: { type: 'string', describe: 'The name' },
  gateway: { type: 'string', describe: "The carrier's or PBX's host name or address, host[:port]" },
  preset: { type: 'string', describe: 'Start from what a known carrier or PBX requires' },
  username: { type: 'string', describe: 'The user name to register with' },
  'password-file': { type: 'string', describe: 'A file with the SIP password; - is standard input' },
  register: { type: 'boolean', describe: 'Register at the gateway' },
  transport: { choices: ['udp', 'tcp', 'tls'] as const, describe: 'SIP over UDP, TCP or TLS' },
  'inbound-address': { type: 'string', array: true, describe: 'Calls come from this address or network (CIDR) too' },
  set: { type: 'string', array: true, describe: 'Any other field: --set max_channels=10 --set identity.privacy=id' },
  file: { type: 'string', describe: 'A JSON file with the fields; - is standard input' },
} as const;

interface Fields {
  name?: string | undefined;
  gateway?: string | undefined;
  preset?: string | undefined;
  username?: string | undefined;
  'password-file'?: string | undefined;
  register?: boolean | undefined;
  transport?: 'udp' | 'tcp' | 'tls' | undefined;
  'inbound-address'?: string[] | undefined;
  set?: string[] | undefined;
  file?: string | undefined;
}

/** A password is never an argument: other users of the machine see those. */
async function input(context: Context, given: Fields): Promise<Record<string, unknown>> {
  const { 'password-file': passwordFile, 'inbound-address': addresses, set, file, ...plain } = given;
  const named = ['name', 'gateway', 'preset', 'username', 'register', 'transport'] as const;
  return {
    ...(file === undefined ? {} : jsonObject(await context.file(file), file)),
    ...Object.fromEntries(named.flatMap((name) => (plain[name] === undefined ? [] : [[name, plain[name]]]))),
    ...(addresses === undefined ? {} : { inbound_addresses: addresses }),
    ...(passwordFile === undefined ? {} : { password: (await context.file(passwordFile)).replace(/\r?\n$/, '') }),
    ...assignments(set),
  };
}

export function jsonObject(text: string, path: string): Record<string, unknown> {
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new CommandFailure(`${path} is no JSON object`, 2);
}

const list = command(
  'list',
  'List trunks',
  { ...LIMIT, search: { type: 'string', describe: 'Part of the name, gateway, user name or provider' } },
  (context, { limit, search }) =>
    context.show(async () => {
      const api = await context.api();
      const query = { limit, ...(search === undefined ? {} : { q: search }) };
      const trunks = await answered(api.GET('/api/v1/sip-trunks', { params: { query } }));
      return {
        json: trunks,
        text: table<Trunk>(trunks, COLUMNS, 'There is no trunk yet; make one with: trunkmesh trunks create'),
      };
    }),
);

const COLUMNS = {
  name: (trunk: Trunk) => trunk.name,
  gateway: (trunk: Trunk) => trunk.gateway,
  kind: (trunk: Trunk) => (trunk.register ? `registers as ${trunk.username}` : 'by address'),
  transport: (trunk: Trunk) => trunk.transport,
  enabled: (trunk: Trunk) => trunk.enabled,
  id: (trunk: Trunk) => trunk.id,
};

const one = (trunk: Trunk): View => ({ json: trunk, text: facts({ ...trunk, hints: trunk.hints.map(hintText) }) });
const hintText = (hint: unknown) => (hint as { message?: string }).message ?? JSON.stringify(hint);

const show = command('show <trunk>', 'Show one trunk', TRUNK, (context, { trunk }) =>
  context.show(async () => one(await findTrunk(await context.api(), trunk))),
);

const create = command(
  'create',
  'Make a trunk',
  { ...FIELDS, name: { ...FIELDS.name, ...required } },
  async (context, given) => {
    const body = (await input(context, given)) as never;
    await context.show(async () => one(await answered((await context.api()).POST('/api/v1/sip-trunks', { body }))));
  },
);

const update = command('update <trunk>', 'Change a trunk', { ...TRUNK, ...FIELDS }, async (context, given) => {
  const body = (await input(context, given)) as never;
  const api = await context.api();
  const { id } = await findTrunk(api, given.trunk);
  await context.show(async () =>
    one(await answered(api.PATCH('/api/v1/sip-trunks/{id}', { params: { path: { id } }, body }))),
  );
});

const switched = (name: 'enable' | 'disable', describe: string) =>
  command(`${name} <trunk>`, describe, TRUNK, async (context, { trunk }) => {
    const api = await context.api();
    const { id } = await findTrunk(api, trunk);
    await context.show(async () =>
      one(await answered(api.POST(`/api/v1/sip-trunks/{id}/${name}`, { params: { path: { id } } }))),
    );
  });

const remove = command(
  'delete <trunk>',
  'Delete a trunk',
  { ...TRUNK, force: { type: 'boolean', describe: 'Also where numbers use it; they are left without a trunk' } },
  async (context, { trunk, force }) => {
    const api = await context.api();
    const { id, name } = await findTrunk(api, trunk);
    const query = force === true ? { force: 'true' as const } : {};
    await answered(api.DELETE('/api/v1/sip-trunks/{id}', { params: { path: { id }, query } }));
    await context.show(() => Promise.resolve({ json: { deleted: id }, text: `The trunk ${name} is deleted.` }));
  },
);

const status = command('status <trunk>', 'Show the state of a trunk on the bridges', TRUNK, (context, { trunk }) =>
  context.show(async () => statusView(await statusOf(await context.api(), trunk))),
);

async function statusOf(api: Api, trunk: string): Promise<Schemas['TrunkStatus']> {
  const { id } = await findTrunk(api, trunk);
  return answered(api.GET('/api/v1/sip-trunks/{id}/status', { params: { path: { id } } }));
}

function statusView(found: Schemas['TrunkStatus']): View {
  const rows = table(
    found.bridges,
    {
      bridge: (bridge) => bridge.bridge_id,
      address: (bridge) => bridge.sip_address,
      state: (bridge) => bridge.verdict,
      ping: (bridge) => bridge.ping,
      reason: (bridge) => bridge.reason,
    },
    'No bridge carries this trunk.',
  );
  return {
    json: found,
    text: `${facts({ trunk: found.name, state: found.verdict, summary: found.summary })}\n\n${rows}`,
  };
}

const test = command(
  'test <trunk>',
  'Test a trunk: DNS, transport, OPTIONS, registration, and a call if asked',
  { ...TRUNK, ...NUMBER },
  async (context, { trunk, number, from }) => {
    const api = await context.api();
    const { id, name } = await findTrunk(api, trunk);
    context.note(`testing ${name} …`);
    const body = { ...(number === undefined ? {} : { number }), ...(from === undefined ? {} : { from }) };
    await context.show(async () =>
      testView(await answered(api.POST('/api/v1/sip-trunks/{id}/test', { params: { path: { id } }, body }))),
    );
  },
);

/** Settings that are not saved. */
export const probe = command(
  'probe',
  'Test settings of a trunk before they are saved',
  { ...FIELDS, ...NUMBER },
  async (context, { number, from, ...given }) => {
    const fields = await input(context, given);
    const body = { ...fields, ...(number && { number }), ...(from && { from }) } as never;
    context.note('testing these settings …');
    await context.show(async () =>
      testView(await answered((await context.api()).POST('/api/v1/sip-trunks/probe', { body }))),
    );
  },
);

export const trunks = group(['trunks', 'trunk'], 'Carriers and PBXs', [
  list,
  show,
  create,
  update,
  switched('enable', 'Let a trunk take calls'),
  switched('disable', 'Take a trunk out of routing and keep it'),
  remove,
  status,
  test,
  probe,
]);
