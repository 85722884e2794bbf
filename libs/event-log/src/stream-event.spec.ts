import { describe, expect, it } from '@jest/globals';
import { streamEvent } from './stream-event.js';

const event = {
  id: '0190a000-0000-7000-8000-000000000001',
  subject: 'trunkmesh.bridge.b1',
  entityversion: 3,
  type: 'BridgeDrained',
};

describe('streamEvent', () => {
  it.each<[string, unknown, boolean]>([
    ['an event', event, true],
    ['with a subject other than that of its message', { ...event, subject: 'trunkmesh.bridge.b2' }, false],
    ['without a version', { ...event, entityversion: undefined }, false],
    ['with an id that is none', { ...event, id: "'; drop table events" }, false],
    ['a number', 7, false],
    ['null', null, false],
  ])('%s', (_, value, known) => {
    expect(streamEvent('trunkmesh.bridge.b1', JSON.stringify(value))).toEqual(
      known ? { id: event.id, subject: event.subject, version: 3 } : undefined,
    );
  });

  it('not JSON', () => expect(streamEvent('trunkmesh.bridge.b1', '{')).toBeUndefined());
});
