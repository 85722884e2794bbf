import { isCredentialName } from '@trunkmesh/contracts/credential.js';

/** One setting a line, and no value holds a quote: so `renderGateway` writes them. */
const SETTING = /^(\s*<(param|variable) name="([^"]+)" value=")[^"]*/gm;
const HEADER = /^sip_h_/;

/** A gateway's file without its secrets: the password, and the values of credential headers. */
export const maskedXml = (xml: string): string =>
  xml.replace(SETTING, (setting: string, start: string, kind: string, name: string) =>
    isSecret(kind, name) ? `${start}***` : setting,
  );

const isSecret = (kind: string, name: string) =>
  kind === 'param' ? name === 'password' : isCredentialName(name.replace(HEADER, ''));
