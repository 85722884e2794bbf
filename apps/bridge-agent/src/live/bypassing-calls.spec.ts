import { describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import pino from 'pino';
import type { EslReply } from '../esl/esl-connection.net.js';
import { bypassingIn } from './bypassing-calls.js';
import { BypassingCalls } from './bypassing-calls.net.js';

const UUID = 'daa037b6-f6be-46f0-aca3-7f73ae899773';
/** As a FreeSWITCH 1.11.3-dev shows the call of an INVITE with Replaces. */
const ROW = {
  uuid: UUID,
  direction: 'inbound',
  state: 'CS_EXECUTE',
  ip_addr: '192.0.2.9',
  application: 'echo',
  dialplan: 'inline',
  initial_dialplan: 'inline',
  callstate: 'ACTIVE',
};
const listOf = (...rows: object[]) => JSON.stringify({ row_count: rows.length, rows });

describe('calls that got around the agent', () => {
  it.each<[string, object, boolean]>([
    ['one that replaced another', ROW, true],
    ['one of the dialplan', { ...ROW, initial_dialplan: 'XML' }, false],
    ['one that we place', { ...ROW, direction: 'outbound' }, false],
    ['one whose id would be a command', { ...ROW, uuid: `${UUID}\n\nshutdown` }, false],
  ])('%s', (_case, row, found) => {
    const ordinary = { ...ROW, uuid: UUID.replace('d', 'e'), initial_dialplan: 'XML' };
    expect(bypassingIn(listOf(ordinary, row))).toEqual(found ? [{ callId: UUID, address: '192.0.2.9' }] : []);
  });

  it.each(['{"row_count": 0}\n', '-ERR show Command not found!\n', ''])('are none in %j', (text) => {
    expect(bypassingIn(text)).toEqual([]);
  });

  it('are ended, also where one is listed a moment late and another comes meanwhile', async () => {
    let text = listOf();
    const killed: string[] = [];
    const said: string[] = [];
    const api = (name: string, args: string): Promise<EslReply> => {
      if (name === 'uuid_kill') {
        killed.push(args);
        text = listOf();
      }
      return Promise.resolve({ outcome: 'reply', ok: true, text, frame: { headers: new Map(), body: text } });
    };
    const logger = pino({ level: 'warn' }, { write: (line: string) => void said.push(line) });
    const socket = { connected: true, api, send: () => Promise.reject(new Error('not used')) };
    const calls = new BypassingCalls(socket, logger, [1, 20, 20]);
    calls.suspect();
    text = listOf(ROW);
    await eventually(() => killed.length === 1, { message: 'the first call to be ended' });
    calls.suspect();
    text = listOf({ ...ROW, uuid: UUID.replace('d', 'e') });
    await eventually(() => killed.length === 2, { message: 'the second call to be ended' });
    expect(killed).toEqual([`${UUID} CALL_REJECTED`, `${UUID.replace('d', 'e')} CALL_REJECTED`]);
    expect(said.join()).toContain('192.0.2.9');
  });
});
