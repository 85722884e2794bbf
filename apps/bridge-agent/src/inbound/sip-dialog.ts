import type { EslHeaders } from '../esl/esl-frame.js';

/**
 * What identifies a call's SIP dialog, besides our own To tag. The values come from the caller; they are checked so
 * that they can be written into a SIP message.
 */
export interface DialogKey {
  callId: string;
  fromTag: string;
  /** FreeSWITCH's own SIP address for UDP. */
  host: string;
  port: number;
}

const TOKEN = /^[\w.!%*+`'~-]{1,128}$/;
export const isTag = (text: string | undefined): text is string => text !== undefined && TOKEN.test(text);

/**
 * Undefined if the response to this INVITE could go elsewhere than to its source: then a reply proves nothing about the
 * caller.
 */
export function dialogOf(headers: EslHeaders): DialogKey | undefined {
  const variable = (name: string) => headers.get(`variable_${name}`) ?? '';
  // FreeSWITCH sends its responses to the maddr of a Via, whatever address the INVITE came from (tried). It removes
  // "received" itself.
  const via = [variable('sip_full_via'), variable('sip_i_via')].join();
  if (via === ',' || /maddr/i.test(via)) return undefined;
  const url = /@(\[[\da-f:]+\]|[\d.]+):(\d{1,5})/i.exec(variable('sofia_profile_url'));
  const [callId, fromTag] = [variable('sip_call_id'), variable('sip_from_tag')];
  if (url === null || !isTag(fromTag) || !/^[\x21-\x7e]{1,256}$/.test(callId)) return undefined;
  return { callId, fromTag, host: url[1]!.replace(/^\[|\]$/g, ''), port: Number(url[2]) };
}

/** The sender's own address and port. */
export interface Here {
  host: string;
  port: number;
}

/**
 * A request within the dialog. Its CSeq is lower than all others, so that FreeSWITCH answers it and otherwise ignores
 * it.
 */
export function probeOf(
  { callId, fromTag, host, port }: DialogKey,
  toTag: string,
  here: Here & { branch: string },
): string {
  const bracketed = (address: string) => (address.includes(':') ? `[${address}]` : address);
  return [
    `OPTIONS sip:${bracketed(host)}:${port} SIP/2.0`,
    `Via: SIP/2.0/UDP ${bracketed(here.host)}:${here.port};branch=z9hG4bK${here.branch};rport`,
    'Max-Forwards: 1',
    `From: <sip:verification@${bracketed(here.host)}>;tag=${fromTag}`,
    `To: <sip:verification@${bracketed(host)}>;tag=${toTag}`,
    `Call-ID: ${callId}`,
    'CSeq: 0 OPTIONS',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

/** 481: FreeSWITCH has no such dialog. 500 (the CSeq is too low) and 200: it has. Undefined for any other answer. */
export function knowsDialog(response: string): boolean | undefined {
  const status = /^SIP\/2\.0 (\d{3}) /.exec(response)?.[1];
  return status === '481' ? false : status === '500' || status === '200' ? true : undefined;
}
