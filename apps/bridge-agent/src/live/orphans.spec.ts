import { describe, expect, it } from '@jest/globals';
import { orphansIn } from './orphans.js';

const UUID = 'c9576274-6de8-4a14-bf5a-5d1347af75aa';
/** How FreeSWITCH 1.11.3-dev lists a call after its connection was closed before `connect`. */
const ROW = {
  uuid: UUID,
  direction: 'inbound',
  created_epoch: '1795707268',
  state: 'CS_EXECUTE',
  application: 'socket',
  application_data: '127.0.0.1:39090 async full',
  context: 'public',
  callstate: 'RINGING',
};
const search = { callSocket: '127.0.0.1:39090', olderThan: new Date(1_795_707_270_000), isHeld: () => false };
const listOf = (...rows: object[]) => JSON.stringify({ row_count: rows.length, rows });

describe('calls that nobody drives', () => {
  it.each<[string, object, string[]]>([
    ['one whose program died before it took it', ROW, [UUID]],
    ['one that a program has sent a command', { ...ROW, application: 'ring_ready', application_data: '' }, []],
    ['one that was answered', { ...ROW, callstate: 'ACTIVE' }, []],
    ['one of another program', { ...ROW, application_data: '127.0.0.1:3909 async full' }, []],
    ['one that we place', { ...ROW, direction: 'outbound' }, []],
    ['one that has just come', { ...ROW, created_epoch: '1795707270' }, []],
    ['one without an age', { ...ROW, created_epoch: 'soon' }, []],
    ['one whose id would be a command', { ...ROW, uuid: `${UUID}\n\nshutdown` }, []],
  ])('%s', (_case, row, found) => {
    expect(orphansIn(listOf({ ...ROW, uuid: 'other', direction: 'outbound' }, row), search)).toEqual(found);
  });

  it('are none that this process has', () => {
    expect(orphansIn(listOf(ROW), { ...search, isHeld: (callId) => callId === UUID })).toEqual([]);
  });

  it.each(['{"row_count": 0}\n', '-ERR show Command not found!\n', '', 'null', '{"rows":[null,1]}'])(
    'are none in %j',
    (text) => {
      expect(orphansIn(text, search)).toEqual([]);
    },
  );
});
