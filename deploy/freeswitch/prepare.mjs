#!/usr/bin/env node
/**
 * Copies the configuration beside this file into a directory, writes what differs from host to host into its vars.xml,
 * and makes the folder `trunkmesh/` that the bridge-agent's files plug into. Running it again keeps the agent's files.
 *
 *   node prepare.mjs DIRECTORY [--sip-port 5060] [--tls-port 5061] [--rtp-start 10000] [--rtp-end 20000] [--esl-port
 *   8021] [--esl-password …]
 *                              [--capture-port 9060] [--sip-ip 192.0.2.10] [--external-ip 198.51.100.10]
 *                              [--call-socket-port 9090] [--tls-dir …] [--log-level warning]
 */
import { randomBytes } from 'node:crypto';
import { access, chmod, cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const SOURCE = join(dirname(fileURLToPath(import.meta.url)), 'conf');

/**
 * @typedef {object} PrepareOptions
 * @property {number} [sipPort] UDP and TCP, 5060
 * @property {number} [tlsPort] 5061; used when `tlsDir` holds agent.pem
 * @property {number} [rtpStart] 10000
 * @property {number} [rtpEnd] 20000
 * @property {number} [eslPort] the event socket, on loopback only, 8021
 * @property {string} [eslPassword] generated when absent; letters, digits, `_`, `-`, 8 to 128 of them
 * @property {string} [sipIp] the address that SIP and RTP bind to; `auto` lets FreeSWITCH choose the host's own
 * @property {string} [externalIp] what Contact and SDP say, where the host is behind NAT; `sipIp` when absent
 * @property {number} [callSocketPort] where the agent answers calls, on loopback, 9090
 * @property {number} [capturePort] where the agent takes FreeSWITCH's copies of SIP messages, on loopback, 9060; 0:
 * none are made
 * @property {string} [tlsDir] holds agent.pem (certificate and key), and cafile.pem if carriers' certificates shall be
 * verified; `DIRECTORY/tls` when absent
 * @property {string} [logLevel] warning, which the agent needs; the console then shows errors. `notice`, `info`,
 * `debug` go to the console as well
 * @property {number} [maxSessions] 10000
 * @property {number} [sessionsPerSecond] 1000
 */

/** A value may contain nothing that X-PRE-PROCESS or XML would cut or expand. */
function plain(name, value, pattern) {
  if (!pattern.test(value)) throw new TypeError(`${name} cannot be ${JSON.stringify(value)}`);
  return value;
}

function port(name, value) {
  if (!Number.isInteger(value) || value < 1 || value > 65535)
    throw new TypeError(`${name} must be a port, not ${value}`);
  return String(value);
}

function count(name, value) {
  if (!Number.isInteger(value) || value < 1)
    throw new TypeError(`${name} must be a whole number above 0, not ${value}`);
  return String(value);
}

const ADDRESS = /^[\dA-Fa-f.:]{2,45}$/;
const PATH = /^\/[\w./ +@-]*$/;

/** vars.xml: one X-PRE-PROCESS a line, each alone on its line. */
export function renderVars({
  sipPort = 5060,
  tlsPort = 5061,
  rtpStart = 10_000,
  rtpEnd = 20_000,
  eslPort = 8021,
  eslPassword,
  sipIp = 'auto',
  externalIp,
  tlsDir,
  tlsEnabled = false,
  tlsVerify = false,
  capturePort = 9_060,
  logLevel = 'warning',
  maxSessions = 10_000,
  sessionsPerSecond = 1_000,
}) {
  const bound = sipIp === 'auto' ? '$${local_ip_v4}' : plain('sipIp', sipIp, ADDRESS);
  const values = {
    sip_ip: bound,
    external_ip: externalIp ? plain('externalIp', externalIp, ADDRESS) : bound,
    sip_port: port('sipPort', sipPort),
    tls_port: port('tlsPort', tlsPort),
    tls_enabled: String(tlsEnabled),
    tls_dir: plain('tlsDir', tlsDir, PATH),
    // `subjects_out`: the name that the agent writes into the gateway has to be in the certificate (docs/adr/0020).
    tls_verify_policy: tlsVerify ? 'out|subjects_out' : 'none',
    rtp_start_port: port('rtpStart', rtpStart),
    rtp_end_port: port('rtpEnd', rtpEnd),
    esl_port: port('eslPort', eslPort),
    esl_password: plain('eslPassword', eslPassword, /^[\w-]{8,128}$/),
    // HEPv3, every SIP message both ways: what FreeSWITCH refuses before the dialplan is seen nowhere else.
    capture_server: `udp:127.0.0.1:${port('capturePort', capturePort === 0 ? 9_060 : capturePort)};hep=3;capture_id=1`,
    sip_capture: capturePort === 0 ? 'no' : 'yes',
    log_level: plain('logLevel', logLevel, /^(debug|info|notice|warning)$/),
    console_log_level: logLevel === 'warning' ? 'err' : logLevel,
    max_sessions: count('maxSessions', maxSessions),
    sessions_per_second: count('sessionsPerSecond', sessionsPerSecond),
    // Without it X- and P- headers of one leg appear on the other. A variable of this name is looked up on the channel
    // first and here last.
    sip_copy_custom_headers: 'false',
    // What SDES offers and accepts: without this list also AES_CM_128_NULL_AUTH, which authenticates nothing.
    rtp_secure_media_suites:
      'AEAD_AES_256_GCM:AEAD_AES_128_GCM:AES_256_CM_HMAC_SHA1_80:AES_CM_128_HMAC_SHA1_80:AES_CM_128_HMAC_SHA1_32',
    // Without a buffer a late packet is lost when the next one comes with it, and what is not
    // lost stays late to the end of the call (at 25 ms of jitter 15 of 5,000 frames were lost and the echo took 172 ms;
    // with it none and 94). It begins with 60 ms and grows to 200.
    jitterbuffer_msec: '60:200',
    // A call without any RTP for this long is ended: the other side died without a BYE. Milliseconds, unlike the
    // deprecated rtp_timeout_sec (switch_core_media.c): 300 hung up every silent call at once.
    media_timeout: '300000',
    media_hold_timeout: '1800000',
  };
  const lines = Object.entries(values).map(([name, value]) => `  <X-PRE-PROCESS cmd="set" data="${name}=${value}"/>`);
  return ['<include>', ...lines, '</include>', ''].join('\n');
}

/**
 * The agent's dialplan.xml. The socket comes first; what follows it runs only when no agent took the call, or when the
 * agent died in it: an unanswered caller then gets 503 with Retry-After, an answered one is hung up.
 */
export function renderDialplan({ callSocketHost = '127.0.0.1', callSocketPort = 9090 } = {}) {
  const target = `${plain('callSocketHost', callSocketHost, /^[\w.-]{1,253}$/)}:${port('callSocketPort', callSocketPort)}`;
  return [
    '<include>',
    '  <extension name="trunkmesh">',
    '    <condition field="${sip_via_protocol}|${tls_verify_policy}" expression="^tls\\|out" break="never">',
    '      <action application="set" data="sip_sticky_contact=true"/>',
    '    </condition>',
    '    <condition>',
    `      <action application="socket" data="${target} async full"/>`,
    '      <action application="set" data="sip_rh_Retry-After=5"/>',
    '      <action application="respond" data="503 Service Unavailable"/>',
    '      <action application="hangup" data="NORMAL_TEMPORARY_FAILURE"/>',
    '    </condition>',
    '  </extension>',
    '</include>',
    '',
  ].join('\n');
}

async function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function writeWhole(path, text) {
  await writeFile(`${path}.tmp`, text, { mode: 0o640 });
  await chmod(`${path}.tmp`, 0o640);
  await rename(`${path}.tmp`, path);
}

/** The password that an earlier run generated: running again must not lock the agent out. */
async function passwordOf(directory) {
  const vars = await readFile(join(directory, 'vars.xml'), 'utf8').catch(() => '');
  return /data="esl_password=([\w-]+)"/.exec(vars)?.[1];
}

/**
 * @param {string} targetDir
 * @param {PrepareOptions} [options]
 * @returns {Promise<{ confDir: string, agentDir: string, eslPassword: string }>} `agentDir` is the agent's CONF_DIR
 */
export async function prepare(targetDir, options = {}) {
  const confDir = resolve(targetDir);
  const agentDir = join(confDir, 'trunkmesh');
  const tlsDir = resolve(options.tlsDir ?? join(confDir, 'tls'));
  const eslPassword = options.eslPassword ?? (await passwordOf(confDir)) ?? randomBytes(24).toString('base64url');
  const vars = renderVars({
    ...options,
    eslPassword,
    tlsDir,
    tlsEnabled: await exists(join(tlsDir, 'agent.pem')),
    tlsVerify: await exists(join(tlsDir, 'cafile.pem')),
  });
  const dialplan = renderDialplan(options);
  await mkdir(join(agentDir, 'gateways'), { recursive: true, mode: 0o750 });
  await cp(SOURCE, confDir, { recursive: true });
  for (const file of ['freeswitch.xml', 'configuration.xml', 'sofia.xml', 'acl.xml'])
    await chmod(join(confDir, file), 0o640);
  await writeWhole(join(confDir, 'vars.xml'), vars);
  await writeWhole(join(agentDir, 'dialplan.xml'), dialplan);
  if (!(await exists(join(agentDir, 'acl.xml'))))
    await writeWhole(join(agentDir, 'acl.xml'), '<include>\n</include>\n');
  return { confDir, agentDir, eslPassword };
}

function fromCommandLine(args) {
  const text = { type: 'string' };
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      'sip-port': text,
      'tls-port': text,
      'rtp-start': text,
      'rtp-end': text,
      'esl-port': text,
      'esl-password': text,
      'sip-ip': text,
      'external-ip': text,
      'call-socket-port': text,
      'capture-port': text,
      'tls-dir': text,
      'log-level': text,
      'max-sessions': text,
      'sessions-per-second': text,
    },
  });
  if (positionals.length !== 1) throw new TypeError('name the one directory to prepare');
  const numeric = new Set([
    'sip-port',
    'tls-port',
    'rtp-start',
    'rtp-end',
    'esl-port',
    'call-socket-port',
    'capture-port',
    'max-sessions',
    'sessions-per-second',
  ]);
  const options = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name.replace(/-(.)/g, (_dash, letter) => letter.toUpperCase()),
      numeric.has(name) ? Number(value) : value,
    ]),
  );
  return { directory: positionals[0], options };
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { directory, options } = fromCommandLine(process.argv.slice(2));
  const { confDir, agentDir } = await prepare(directory, options);
  console.log(
    `FreeSWITCH: -conf ${confDir}\nbridge-agent: CONF_DIR=${agentDir}\nevent socket password: in ` +
      `${join(confDir, 'vars.xml')} (esl_password)`,
  );
}
