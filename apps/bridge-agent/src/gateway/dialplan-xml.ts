/**
 * Where certificates are verified, requests within a call that came over TLS go back over the caller's connection: the
 * host in its Contact is mostly an address, which no certificate names, and FreeSWITCH would not send its BYE there.
 */
const ANSWERED_OVER_TLS = [
  '    <condition field="${sip_via_protocol}|${tls_verify_policy}" expression="^tls\\|out" break="never">',
  '      <action application="set" data="sip_sticky_contact=true"/>',
  '    </condition>',
];

/**
 * The agent's dialplan.xml, identical to what deploy/freeswitch/prepare.mjs writes before the first start. The socket
 * comes first; the following actions run only if no agent accepted the call or the agent exited during it: an
 * unanswered caller then gets 503 with Retry-After, an answered call is hung up.
 */
export function renderDialplan({ host, port }: { host: string; port: number }): string {
  if (!/^[\w.-]{1,253}$/.test(host))
    throw new TypeError("the call socket's host must be a host name or an IPv4 address");
  return [
    '<include>',
    '  <extension name="trunkmesh">',
    ...ANSWERED_OVER_TLS,
    '    <condition>',
    `      <action application="socket" data="${host}:${Math.trunc(port)} async full"/>`,
    '      <action application="set" data="sip_rh_Retry-After=5"/>',
    '      <action application="respond" data="503 Service Unavailable"/>',
    '      <action application="hangup" data="NORMAL_TEMPORARY_FAILURE"/>',
    '    </condition>',
    '  </extension>',
    '</include>',
    '',
  ].join('\n');
}
