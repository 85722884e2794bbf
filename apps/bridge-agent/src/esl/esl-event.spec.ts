import { describe, expect, it } from '@jest/globals';
import { kindOfFrame, parseChannelData, parseLogLine, parsePlainEvent } from './esl-event.js';
import { createFrameReader } from './esl-frame.js';

const frame = (text: string) => createFrameReader().push(new TextEncoder().encode(text)).frames[0]!;

describe('events', () => {
  it('are decoded', () => {
    const event = parsePlainEvent(
      'Event-Subclass: sofia%3A%3Agateway_state\nEvent-Name: CUSTOM\nGateway: example.1\nPhrase: ' +
        'Service%20Unavailable\n\n',
    );
    expect(event).toMatchObject({ name: 'CUSTOM', subclass: 'sofia::gateway_state', body: '' });
    expect(event.headers.get('Phrase')).toBe('Service Unavailable');
  });

  it('may have a body of their own', () => {
    expect(parsePlainEvent('Event-Name: BACKGROUND_JOB\nContent-Length: 5\n\n+OK\n\n').body).toBe('+OK\n\n');
  });

  it('of a channel stand in the head of the reply to connect', () => {
    const data = parseChannelData(
      frame(
        'Event-Name: CHANNEL_DATA\nvariable_sip_req_user: %2B15551230001\nContent-Type: ' +
          'command/reply\nReply-Text: %2BOK%0A\n\n',
      ),
    );
    expect(data.name).toBe('CHANNEL_DATA');
    expect(data.headers.get('variable_sip_req_user')).toBe('+15551230001');
  });
});

it('log lines are not decoded', () => {
  expect(
    parseLogLine(frame('Content-Type: log/data\nContent-Length: 9\nLog-Level: 4\nLog-Func: f\n\n100%25 up')),
  ).toEqual({ level: 4, text: '100%25 up', func: 'f' });
});

it.each([
  ['command/reply', 'reply'],
  ['api/response', 'reply'],
  ['text/event-plain', 'event'],
  ['log/data', 'log'],
  ['auth/request', 'auth-request'],
  ['text/disconnect-notice', 'disconnect'],
  ['text/rude-rejection', 'rejected'],
  ['constructor', 'unknown'],
  ['', 'unknown'],
])('%s is %s', (type, kind) => {
  expect(kindOfFrame(frame(`Content-Type: ${type}\n\n`))).toBe(kind);
});
