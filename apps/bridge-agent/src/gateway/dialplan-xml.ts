/**
 * The agent's dialplan.xml, the same as deploy/freeswitch/prepare.mjs writes before there is an agent. The socket comes
 * first; what follows it runs only when no agent took the call, or when the agent died in it: an unanswered caller then
 * gets 503 with Retry-After, an answered one is hung up.
 */
export function renderDialplan({ host, port }: { host: string; port: number }): string {
  if (!/^[\w.-]{1,253}$/.test(host))
    throw new TypeError("the call socket's host must be a host name or an IPv4 address");
  return [
    '<include>',
    '  <extension name="trunkmesh">',
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
