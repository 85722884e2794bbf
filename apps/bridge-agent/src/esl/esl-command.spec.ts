import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { api, auth, dialStringValue, execute, sendMessage, subscribe, UnsafeEslValue, word } from './esl-command.js';

describe('commands', () => {
  it('are what FreeSWITCH expects', () => {
    expect(api('sofia', 'profile external rescan')).toBe('api sofia profile external rescan');
    expect(api('status')).toBe('api status');
    expect(subscribe(['CUSTOM', 'sofia::gateway_state'])).toBe('event plain CUSTOM sofia::gateway_state');
    expect(execute('respond', '404 Not Found')).toBe(
      'sendmsg\ncall-command: execute\nexecute-app-name: respond\nexecute-app-arg: 404 Not Found',
    );
    expect(execute('answer', '', 'f96c8bc1-1be6-4f5b-9746-6fc301ceaedc').split('\n')[0]).toBe(
      'sendmsg f96c8bc1-1be6-4f5b-9746-6fc301ceaedc',
    );
  });

  it.each(['\n', '\r', '\0', '\u2028', 'x\n\napi system true'])('never carry %j from a value', (hostile) => {
    expect(() => auth(hostile)).toThrow(UnsafeEslValue);
    expect(() => api('sofia', `profile external killgw ${hostile}`)).toThrow(UnsafeEslValue);
    expect(() => sendMessage([['call-command', hostile]])).toThrow(UnsafeEslValue);
    expect(() => sendMessage([[hostile, 'x']])).toThrow(UnsafeEslValue);
    expect(() => execute('respond', hostile)).toThrow(UnsafeEslValue);
    expect(() => execute('answer', '', hostile)).toThrow(UnsafeEslValue);
    expect(() => subscribe([hostile])).toThrow(UnsafeEslValue);
  });

  it('are one line a header, whatever the values', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        let sent: string;
        try {
          sent = execute('set', value);
        } catch (error) {
          expect(error).toBeInstanceOf(UnsafeEslValue);
          return;
        }
        expect(sent.split(/[\r\n]/)).toHaveLength(value === '' ? 3 : 4);
      }),
    );
  });

  it('do not show the value that they refuse', () => {
    expect(() => auth('secret\n')).toThrow(/^the event socket's password holds a character/);
  });
});

describe('values of dial strings', () => {
  it.each([',', '{', '}', '[', ']', '<', '>', "'", '"', '|', '^', '\\', '$', '`', ' ', '\n', '\0'])(
    'are refused with %j in them',
    (character) => {
      expect(() => dialStringValue('the number', `1${character}2`)).toThrow(UnsafeEslValue);
    },
  );
  it('may be numbers and ids', () => {
    expect(dialStringValue('the number', '+15551230001')).toBe('+15551230001');
  });
});

describe('words', () => {
  it.each(['a b', '', 'x;y', 'x\ty', 'x\u00e4'])('%j is none', (text) => {
    expect(() => word('a name', text)).toThrow(UnsafeEslValue);
  });
});
