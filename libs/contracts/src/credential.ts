/**
 * What of an INVITE is nobody's to look at afterwards: credentials of its sender, in whatever header or URI they
 * stand.
 */

/** Names of headers and URI parameters; `Identity` is a signed token (RFC 8224), P-Asserted-Identity a number. */
const NAME =
  /auth|token|secret|passw|passcode|passphrase|credential|bearer|jwt|cookie|signature|api-?key|\bkey$|\bpin$|^identity$/i;
export const isCredentialName = (name: string): boolean => NAME.test(name);

/** `sip:user:password@host` (RFC 3261 §19.1.1). An IPv6 host has colons and is no user. */
const URI_PASSWORD = /(\bsips?:[^\s:@<>"[\]]{1,256}):[^\s@<>"]{0,256}(?=@)/gi;
const PARAMETER = /([;?&])([\w.-]{1,64})=[^;?&<>"\s,]+/g;

/** A header's value without the passwords and tokens that its URIs hold. */
export function withoutCredentials(value: string): string {
  return value
    .replace(URI_PASSWORD, '$1:***')
    .replace(PARAMETER, (parameter, separator: string, name: string) =>
      isCredentialName(name) ? `${separator}${name}=***` : parameter,
    );
}
