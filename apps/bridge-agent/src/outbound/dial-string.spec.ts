import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseOriginate } from '@trunkmesh/testkit/freeswitch/originate.process.js';
import { dialCommand, dialValue, UnsafeDialValue, type Dial } from './dial-string.js';

const dial: Dial = {
  callId: '4c7d1814-0069-4c14-8ffe-f9ba6015fa4a',
  job: '4c7d1814-0069-4c14-8ffe-f9ba6015fa4b',
  gateway: '0190a5b2-7c00-7000-8000-000000000002.1',
  dialled: '+15559876543',
  callSocket: { host: '127.0.0.1', port: 9090 },
  ringSeconds: 45,
  variables: [],
};
const parsed = (one: Partial<Dial>) =>
  parseOriginate(/^bgapi originate (.*)\nJob-UUID: \S+$/.exec(dialCommand({ ...dial, ...one }))![1]!);

describe('a dial string', () => {
  it('has one target, and connects the answered call to the agent', () => {
    expect(parsed({})).toMatchObject({
      targets: [`sofia/gateway/${dial.gateway}/+15559876543`],
      application: 'socket',
      data: '127.0.0.1:9090 async full',
    });
  });

  it.each(['1555;phone-context=x', '1@evil.example.com', '1|sofia/gateway/x/1', "1'", '1 2', '', '1\n2', '{a=b}1'])(
    'does not dial %j',
    (dialled) => {
      expect(() => dialCommand({ ...dial, dialled })).toThrow(UnsafeDialValue);
    },
  );

  it('brings any value through the parser unchanged, or refuses it', () => {
    const hostile = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.string({ maxLength: 60, unit: fc.constantFrom(...`,='"\\<>[]{}()|^$ ;\n\r\tnrsé`) }),
    );
    fc.assert(
      fc.property(hostile, hostile, (first, second) => {
        let command;
        try {
          command = parsed({
            variables: [
              ['x_first', first],
              ['x_second', second],
              ['x_last', '1'],
            ],
          });
        } catch (error) {
          if (!(error instanceof UnsafeDialValue)) throw error;
          return;
        }
        const { variables, targets } = command!;
        expect(targets).toEqual([`sofia/gateway/${dial.gateway}/+15559876543`]);
        expect([variables.get('x_first') ?? '', variables.get('x_second') ?? '', variables.get('x_last')]).toEqual([
          first,
          second,
          '1',
        ]);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(['a\nb', 'a{b', 'a}b', ' a', 'a ', '^^:a', '\ud800', 'a\u2028b'])('refuses %j', (value) => {
    expect(() => dialValue('x', value)).toThrow(UnsafeDialValue);
  });
});
