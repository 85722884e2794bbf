/* eslint-disable-next-line no-control-regex -- control characters are exactly what must not pass */
const CONTROL = /[\u0000-\u001f\u007f]/;

export const hasControlCharacter = (value: string) => CONTROL.test(value);

/**
 * A value for an XML attribute of FreeSWITCH's configuration. Its preprocessor works on the text before the XML is
 * parsed: `$${name}` is replaced, a line that holds
 * `x-pre-process` is dropped or run (`cmd="exec"`), `<!--#` begins a command. So everything but letters, digits and
 * what addresses are made of is written as a character reference, the hyphen of `x-pre-process` and of `-->` too; the
 * XML parser brings it back.
 */
export function xmlValue(value: string): string {
  let written = '';
  for (const character of value)
    written += /^[A-Za-z\d .:@/_+=;,]$/.test(character) ? character : `&#${character.codePointAt(0)};`;
  return written;
}
