import { backgroundApi, word, type EslCommand } from '../esl/esl-command.js';

/** One attempt as FreeSWITCH's `originate` takes it. */
export interface Dial {
  /** The channel's UUID. */
  callId: string;
  /** Of the attempt: its BACKGROUND_JOB carries it. */
  job: string;
  /** FreeSWITCH's name of the gateway. */
  gateway: string;
  /** The number in the carrier's spelling: the user part of the Request-URI. */
  dialled: string;
  /** Where FreeSWITCH connects to once the call is answered. */
  callSocket: { host: string; port: number };
  ringSeconds: number;
  /** Channel variables beside those of every call. */
  variables: readonly (readonly [name: string, value: string])[];
}

/** A value that no spelling brings through FreeSWITCH's parser. The message does not contain it. */
export class UnsafeDialValue extends TypeError {
  constructor(readonly variable: string) {
    super(`the channel variable ${variable} holds a character that a dial string cannot carry`);
    this.name = 'UnsafeDialValue';
  }
}

/**
 * `bgapi originate {…}sofia/gateway/NAME/NUMBER &socket(…)`. One target alone: FreeSWITCH's `|` goes on after a
 * busy, too (FACTS, "Outbound calls"). `ignore_early_media`: only a 200 is an answer. `outbound_redirect_fatal`: a 302
 * must not lead a call past the guards. `sip_copy_custom_headers`: nothing of another leg reaches the carrier.
 *
 * @throws UnsafeDialValue, UnsafeEslValue
 */
export function dialCommand({ callId, job, gateway, dialled, callSocket, ringSeconds, variables }: Dial): EslCommand {
  const all: (readonly [string, string])[] = [
    ['origination_uuid', word("a channel's id", callId)],
    ['originate_timeout', String(Math.trunc(ringSeconds))],
    ['ignore_early_media', 'true'],
    ['outbound_redirect_fatal', 'true'],
    ['sip_copy_custom_headers', 'false'],
    ...variables,
  ];
  const target = `sofia/gateway/${word("a gateway's name", gateway)}/${dialledNumber(dialled)}`;
  const socket = `&socket('${word('a host', callSocket.host)}:${Math.trunc(callSocket.port)} async full')`;
  return backgroundApi('originate', `{${all.map(variableText).join(',')}}${target} ${socket}`, job);
}

/** RFC 3966 and RFC 3261 §25.1: what a number or a short user part may hold. `@` or `;` would change the URI. */
function dialledNumber(dialled: string): string {
  if (!/^[\w+*#.-]{1,64}$/.test(dialled)) throw new UnsafeDialValue('dialled');
  return dialled;
}

const variableText = ([name, value]: readonly [string, string]): string =>
  `${word("a variable's name", name)}=${dialValue(name, value)}`;

/** Line ends beyond the control characters, braces, and halves of a surrogate pair. */
const IMPASSABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}{}]/u;

/**
 * A value within `{…}`. FreeSWITCH takes it apart three times, at blanks, commas and the equals sign, and each time
 * removes quotes and one layer of backslashes (`switch_separate_string`): so each of its layers is put on, from the
 * innermost. Braces are counted before any of that, whatever stands before them: they cannot be carried.
 *
 * @throws UnsafeDialValue
 */
export function dialValue(name: string, value: string): string {
  if (IMPASSABLE.test(value) || value !== value.trim() || value.startsWith('^^')) throw new UnsafeDialValue(name);
  const afterEquals = escaped(value);
  const withinList = escaped(afterEquals).replaceAll(',', '\\,');
  return escaped(withinList).replaceAll(' ', '\\s');
}

const escaped = (text: string): string => text.replace(/[\\']/g, '\\$&');
