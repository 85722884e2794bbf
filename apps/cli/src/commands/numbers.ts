import { answered, type Schemas } from '../api/api.http.js';
import { findNumber, findTrunk } from '../api/find.http.js';
import { facts, table } from '../output/table.js';
import type { View } from '../output/view.js';
import { assignments, command, group, LIMIT, required } from './command.js';
import { jsonObject } from './trunks.js';

type PhoneNumber = Schemas['PhoneNumber'];

const NUMBER = { number: { type: 'string', describe: 'A number, +15551230001, or its id', ...required } } as const;
const TARGET = {
  trunk: { type: 'string', describe: 'The name or id of the trunk that carries it' },
  assistant: { type: 'number', describe: 'The assistant that answers' },
  flow: { type: 'number', describe: 'The flow that answers' },
} as const;

const COLUMNS = {
  number: (number: PhoneNumber) => number.phone_number,
  name: (number: PhoneNumber) => number.friendly_name,
  trunk: (number: PhoneNumber) => number.sip_trunk_id,
  'answered by': (number: PhoneNumber) => target(number),
  active: (number: PhoneNumber) => number.is_active,
};

function target({ assistant, flow }: PhoneNumber): string | undefined {
  if (assistant !== null) return assistant.name ?? `assistant ${assistant.id}`;
  return flow === null ? undefined : (flow.name ?? `flow ${flow.id}`);
}

const one = (number: PhoneNumber): View => ({ json: number, text: facts({ ...number }) });

const list = command(
  'list',
  'List numbers',
  { ...LIMIT, search: { type: 'string', describe: 'Part of the number or name' }, trunk: TARGET.trunk },
  async (context, { limit, search, trunk }) => {
    const api = await context.api();
    const trunkId = trunk === undefined ? undefined : (await findTrunk(api, trunk)).id;
    const query = { limit, ...(search && { q: search }), ...(trunkId && { sip_trunk_id: trunkId }) };
    await context.show(async () => {
      const numbers = await answered(api.GET('/api/v1/phone-numbers', { params: { query } }));
      return { json: numbers, text: table(numbers, COLUMNS, 'No numbers; add one with: trunkmesh numbers add') };
    });
  },
);

const show = command('show <number>', 'Show one number', NUMBER, (context, { number }) =>
  context.show(async () => one(await findNumber(await context.api(), number))),
);

const add = command(
  'add <number>',
  'Add a number',
  {
    ...NUMBER,
    ...TARGET,
    name: { type: 'string', describe: 'A name for people' },
    set: { type: 'string', array: true, describe: 'Any other field: --set record=true' },
  },
  async (context, { number, trunk, assistant, flow, name, set }) => {
    const api = await context.api();
    const body = {
      phone_number: number,
      ...(trunk !== undefined && { sip_trunk_id: (await findTrunk(api, trunk)).id }),
      ...(assistant !== undefined && { assistant_id: assistant }),
      ...(flow !== undefined && { flow_id: flow }),
      ...(name !== undefined && { friendly_name: name }),
      ...assignments(set),
    };
    await context.show(async () => one(await answered(api.POST('/api/v1/phone-numbers', { body }))));
  },
);

const assign = command(
  'assign <number>',
  'Say which trunk carries a number, and who answers it',
  { ...NUMBER, ...TARGET },
  async (context, { number, trunk, assistant, flow }) => {
    const api = await context.api();
    const { id } = await findNumber(api, number);
    const body = {
      ...(trunk !== undefined && { sip_trunk_id: (await findTrunk(api, trunk)).id }),
      ...(assistant !== undefined && { assistant_id: assistant }),
      ...(flow !== undefined && { flow_id: flow }),
    };
    const path = '/api/v1/assistants/organization/phone-numbers/{id}';
    await context.show(async () => one(await answered(api.PATCH(path, { params: { path: { id } }, body }))));
  },
);

const update = command(
  'update <number>',
  'Change a number',
  {
    ...NUMBER,
    set: { type: 'string', array: true, describe: 'A field: --set is_active=false' },
    file: { type: 'string', describe: 'A JSON file with the fields; - is standard input' },
  },
  async (context, { number, set, file }) => {
    const api = await context.api();
    const { id } = await findNumber(api, number);
    const body = { ...(file === undefined ? {} : jsonObject(await context.file(file), file)), ...assignments(set) };
    await context.show(async () =>
      one(await answered(api.PATCH('/api/v1/phone-numbers/{id}', { params: { path: { id } }, body }))),
    );
  },
);

const remove = command('delete <number>', 'Remove a number', NUMBER, async (context, { number }) => {
  const api = await context.api();
  const { id, phone_number: digits } = await findNumber(api, number);
  await answered(api.DELETE('/api/v1/phone-numbers/{id}', { params: { path: { id } } }));
  await context.show(() => Promise.resolve({ json: { deleted: id }, text: `${digits} is removed.` }));
});

const importCsv = command(
  'import <file>',
  'Import numbers from a CSV file: all lines or none',
  {
    file: { type: 'string', describe: 'A CSV file; - is standard input', ...required },
    'on-duplicate': { choices: ['error', 'skip', 'update'] as const, describe: 'What to do with a number that exists' },
    'dry-run': { type: 'boolean', describe: 'Write nothing: say what would be imported, and every problem by line' },
  },
  async (context, { file, 'on-duplicate': onDuplicate, 'dry-run': dryRun }) => {
    const api = await context.api();
    const csv = await context.file(file);
    await context.show(async () => {
      const report = await answered(
        api.POST('/api/v1/phone-numbers/import', {
          params: {
            query: { ...(onDuplicate && { on_duplicate: onDuplicate }), ...(dryRun && { dry_run: 'true' as const }) },
          },
          headers: { 'Content-Type': 'text/csv' },
          body: csv as never,
          bodySerializer: (text) => text as unknown as string,
        }),
      );
      return imported(report);
    });
  },
);

/** With `preview` nothing was written. A problem is bad news: the import would write nothing. */
export function imported({ preview, ...counts }: Schemas['ImportReport']): View {
  if (preview === undefined) return { json: counts, text: facts(counts) };
  const { error_count: problems, errors } = preview;
  const columns = {
    line: (row: (typeof errors)[0]) => row.line,
    field: (row: (typeof errors)[0]) => row.pointer.slice(1),
    problem: (row: (typeof errors)[0]) => row.detail,
  };
  const shown = errors.length < problems ? `The first ${errors.length} of ${problems} problems:\n` : '';
  return {
    json: { ...counts, preview },
    text: [
      'Nothing was imported. The import would do this:',
      facts({ ...counts, 'lines with a problem': preview.lines_with_errors }),
      `${shown}${table(errors, columns, 'No problem was found.')}`,
    ].join('\n\n'),
    bad: problems > 0,
  };
}

const ready = command(
  'ready <number>',
  'Say what a number still lacks for inbound and outbound calls',
  { ...NUMBER, to: { type: 'string', describe: 'Outbound: the number that would be called' } },
  (context, { number, to }) =>
    context.show(async () => {
      const api = await context.api();
      const { id } = await findNumber(api, number);
      const query = to === undefined ? {} : { to_phone_number: to };
      const found = await answered(
        api.GET('/api/v1/phone-numbers/{id}/readiness', { params: { path: { id }, query } }),
      );
      return readiness(found);
    }),
);

function readiness(found: Schemas['NumberReadiness']): View {
  const side = (name: string, { ready: isReady, missing }: Schemas['NumberReadiness']['inbound']) => ({
    calls: name,
    ready: isReady,
    next: isReady ? undefined : missing?.message,
  });
  const rows = [side('inbound', found.inbound), side('outbound', found.outbound)];
  const columns = {
    calls: (row: (typeof rows)[0]) => row.calls,
    ready: (row: (typeof rows)[0]) => row.ready,
    'what is missing': (row: (typeof rows)[0]) => row.next,
  };
  return { json: found, text: table(rows, columns, ''), bad: !found.inbound.ready || !found.outbound.ready };
}

export const numbers = group(['numbers', 'number'], 'Phone numbers', [
  list,
  show,
  add,
  assign,
  update,
  remove,
  importCsv,
  ready,
]);
