import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import {
  callEnded,
  callId,
  callRecordingStored,
  callRejected,
  callStarted,
  callTransferFailed,
  callTransferred,
  EPOCH,
  ORG,
} from '@trunkmesh/testkit/call-events.js';
import { CALL_EVENT_TYPES, type CallEvent } from '@trunkmesh/contracts/call.js';
import { readCallMessage } from './call-message.js';

const SAMPLES = fileURLToPath(new URL('../../../../libs/contracts/samples', import.meta.url));
const message = (event: { subject: string }) => ({
  subject: event.subject,
  payload: new TextEncoder().encode(JSON.stringify(event)),
});

describe('a message of the CALLS stream', () => {
  it('that ends a call becomes a log line and what the ledger is told', () => {
    const read = readCallMessage(message(callEnded(5)));
    expect(read).toMatchObject({
      ok: true,
      event: {
        call_id: callId(5),
        type: 'CallEnded',
        numbered: { epoch: EPOCH, number: 5 },
        usage: {
          organization_id: ORG,
          billable_ms: 4020,
          country: 'US',
          estimated: false,
          hangup_cause: 'NORMAL_CLEARING',
        },
      },
    });
  });

  it('tells the ledger times to the microsecond, also those of older agents, which have milliseconds', () => {
    const precise = callEnded(5);
    precise.data.microseconds = { started_at: 39, answered_at: 7, ended_at: 5 };
    expect(readCallMessage(message(precise))).toMatchObject({
      event: {
        usage: {
          started_at: '2026-11-23T00:44:09.871039Z',
          answered_at: '2026-11-23T00:44:09.931007Z',
          ended_at: '2026-11-23T00:44:13.951005Z',
        },
      },
    });
    expect(readCallMessage(message(callEnded(5)))).toMatchObject({
      event: { usage: { started_at: '2026-11-23T00:44:09.871000Z', ended_at: '2026-11-23T00:44:13.951000Z' } },
    });
    const wrong = callEnded(5);
    wrong.data.microseconds = { started_at: 1000, answered_at: 0, ended_at: 0 };
    expect(readCallMessage(message(wrong))).toEqual({ ok: false, reason: 'not-a-call-event' });
  });

  it('that refuses a call is numbered and makes no usage record', () => {
    expect(readCallMessage(message(callRejected(6)))).toMatchObject({
      ok: true,
      event: { numbered: { number: 6 }, usage: null },
    });
  });

  it('that starts a call is neither', () => {
    expect(readCallMessage(message(callStarted(7)))).toMatchObject({
      ok: true,
      event: { numbered: null, usage: null },
    });
  });

  it.each([callTransferred(7), callTransferFailed(7), callRecordingStored(7)])(
    '$type is neither numbered nor charged',
    (event) => {
      expect(readCallMessage(message(event))).toMatchObject({
        ok: true,
        event: { type: event.type, known: event, numbered: null, usage: null },
      });
      const broken = { ...event, data: { ...event.data, transfer: {}, recording: {} } };
      expect(readCallMessage(message(broken))).toEqual({ ok: false, reason: 'not-a-call-event' });
    },
  );

  it('keeps its text byte for byte, with all unknown members', () => {
    const event = { ...callStarted(8), 'x-later': { unknown: true } };
    expect(readCallMessage(message(event))).toMatchObject({ ok: true, event: { envelope: JSON.stringify(event) } });
  });

  it('of each type that this version knows is readable, also that of a call without a bridge', async () => {
    for (const type of CALL_EVENT_TYPES) {
      const event = JSON.parse(await readFile(join(SAMPLES, `${type}.json`), 'utf8')) as CallEvent;
      const read = readCallMessage(message(event));
      expect(read).toMatchObject({ ok: true, event: { type, known: event, bridge_id: event.data.bridge_id } });
    }
  });

  it('of a type that a later version brings goes into the log', () => {
    const event = { ...callStarted(9), type: 'CallWhispered' };
    expect(readCallMessage(message(event))).toMatchObject({
      ok: true,
      event: { type: 'CallWhispered', known: null, numbered: null, usage: null },
    });
  });

  it('of a finished call that belongs to nobody is numbered and charged to nobody', () => {
    const event = callEnded(10);
    event.data.organization_id = null;
    event.subject = `trunkmesh.call.unknown.${callId(10)}`;
    expect(readCallMessage(message(event))).toMatchObject({
      ok: true,
      event: { numbered: { number: 10 }, usage: null },
    });
  });

  it('whose caller wrote a NUL is storable', () => {
    const event = callEnded(11);
    event.data.from = 'a\u0000b';
    expect(readCallMessage(message(event))).toMatchObject({ ok: true, event: { usage: { from: 'a\uFFFDb' } } });
  });

  it.each<[string, string, Uint8Array, string]>([
    ['no UTF-8', callStarted(1).subject, new Uint8Array([0x7b, 0xff, 0x7d]), 'not-utf-8'],
    ['no JSON', callStarted(1).subject, new TextEncoder().encode('{'), 'not-json'],
    ['empty', callStarted(1).subject, new Uint8Array(), 'not-json'],
    ['not an event', callStarted(1).subject, new TextEncoder().encode('[1]'), 'not-a-call-event'],
    [
      'a known type without its fields',
      callStarted(1).subject,
      new TextEncoder().encode(JSON.stringify({ ...callStarted(1), type: 'CallEnded' })),
      'not-a-call-event',
    ],
    [
      'another call than its subject says',
      callStarted(2).subject,
      message(callStarted(1)).payload,
      'subject-of-another-call',
    ],
    [
      'another organisation than its subject says',
      `trunkmesh.call.${EPOCH}.${callId(1)}`,
      message(callStarted(1)).payload,
      'subject-of-another-call',
    ],
  ])('%s: is unreadable', (_case, subject, payload, reason) => {
    expect(readCallMessage({ subject, payload })).toEqual({ ok: false, reason });
  });
});
