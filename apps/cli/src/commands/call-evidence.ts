import { answered, type Schemas } from '../api/api.http.js';
import { table } from '../output/table.js';
import { command, LIMIT, required } from './command.js';

type Refused = Schemas['RefusedCall'];

/** What FreeSWITCH refused before routing: no call, and no entry in the call log. */
export const refused = command(
  'refused',
  'List calls that were refused before routing, and why',
  {
    ...LIMIT,
    number: { type: 'string', describe: 'Only calls to this number' },
    source: { type: 'string', describe: 'Only calls from this address' },
  },
  (context, { limit, number, source }) =>
    context.show(async () => {
      const query = { limit, ...(number && { number }), ...(source && { source_address: source }) };
      const found = await answered((await context.api()).GET('/api/v1/refused-calls', { params: { query } }));
      return { json: found, text: table(found, REFUSED, 'No call was refused before routing.') };
    }),
);

const REFUSED = {
  minute: (each: Refused) => each.minute,
  source: (each: Refused) => each.source_address,
  called: (each: Refused) => each.number ?? each.called,
  sip: (each: Refused) => each.sip_status,
  times: (each: Refused) => each.count,
  reason: (each: Refused) => each.reason,
  meaning: (each: Refused) => each.message,
};

type Message = Schemas['SipMessage'];

/** The ladder of a call, or a file of it for Wireshark. */
export const sip = command(
  'sip <call>',
  'Show the SIP messages of a call, or write them to a file for Wireshark',
  {
    call: { type: 'string', describe: 'The call_sid of a call', ...required },
    pcap: { type: 'string', describe: 'A new file to write; - is standard output' },
  },
  async (context, { call, pcap }) => {
    const api = await context.api();
    const path = { call_id: call };
    if (pcap === undefined)
      return context.show(async () => {
        const found = await answered(api.GET('/api/v1/calls/{call_id}/sip', { params: { path } }));
        const leftOut = found.left_out > 0 ? `\n\n${found.left_out} further messages were not kept.` : '';
        return { json: found, text: `${table(found.messages, MESSAGES, 'No message was kept.')}${leftOut}` };
      });
    const query = { format: 'pcap' as const };
    const file = await answered(
      api.GET('/api/v1/calls/{call_id}/sip', { params: { path, query }, parseAs: 'arrayBuffer' }),
    );
    await context.save(pcap, new Uint8Array(file));
  },
);

const MESSAGES = {
  at: (message: Message) => message.at,
  direction: (message: Message) => message.direction,
  message: (message: Message) => message.method ?? message.status,
  cseq: (message: Message) => message.cseq,
  from: (message: Message) => message.source,
  to: (message: Message) => message.destination,
};
