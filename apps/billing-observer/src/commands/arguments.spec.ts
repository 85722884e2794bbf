import { describe, expect, it } from '@jest/globals';
import { readArguments } from './arguments.js';

const read = (text: string) => readArguments(text.split(' '));
const EPOCH = '0190a5b2-7c00-7000-8000-00000000000b';

describe('the arguments of the commands', () => {
  it.each([
    ['replay', { name: 'replay' }],
    ['gaps', { name: 'gaps' }],
    ['dead-letters', { name: 'dead-letters' }],
    ['dead-letters --show 17-3fa4b1c2', { name: 'dead-letters', show: { sequence: '17', digest: '3fa4b1c2' } }],
    [
      'dead-letters --discard 17-3fa4b1c2 --reason twice --by me',
      { name: 'dead-letters', discard: { sequence: '17', digest: '3fa4b1c2', reason: 'twice', by: 'me' } },
    ],
    [
      'gaps --accept bridge-1 17-19 --reason disk',
      { name: 'gaps', accept: { bridge: 'bridge-1', first: 17, last: 19, reason: 'disk' } },
    ],
    [
      `gaps --reason disk --by me --epoch ${EPOCH} --accept bridge-1 7`,
      { name: 'gaps', accept: { bridge: 'bridge-1', epoch: EPOCH, first: 7, last: 7, reason: 'disk', by: 'me' } },
    ],
  ])('%s', (text, command) => expect(read(text)).toEqual(command));

  it.each([
    ['rebuild --all', /no option "--all"/],
    ['undo', /no command "undo"/],
    ['gaps --reason disk', /no option "--reason"/],
    ['gaps --accept bridge-1', /takes 2 values/],
    ['gaps --accept bridge-1 19-17 --reason disk', /no records/],
    ['gaps --accept bridge-1 0-3 --reason disk', /no records/],
    ['gaps --accept bridge-1 1-3', /--reason is missing/],
    ['gaps --accept bridge-1 1-3 --reason --by me', /--reason takes a value/],
    ['gaps --accept bridge-1 1-3 --reason disk --epoch x', /--epoch/],
    ['gaps --accept bridge-1 1-3 --reason disk --reason disk', /no option/],
    [`gaps --accept bridge-1 1-3 --reason ${'x'.repeat(501)}`, /at most 500/],
    ['dead-letters --show 17', /no message/],
    ['dead-letters --discard 17-3fa4b1c2', /--reason is missing/],
    ['dead-letters --show 17-3fa4b1c2 --reason x', /no option "--reason"/],
  ])('%s is not understood', (text, problem) => {
    expect(read(text)).toEqual({ name: 'help', problem: expect.stringMatching(problem) });
  });
});
