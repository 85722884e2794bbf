import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, expect, it } from '@jest/globals';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { startScriptedCarrier, type ScriptedCarrier } from '@trunkmesh/testkit/sip/scripted-carrier.net.js';
import { CarrierCertificates } from './carrier-certificates.net.js';

const NAMES = { right: 'DNS:*.example.com', other: 'DNS:other.example.net' };
/** Each vouches for itself. */
const shown = {} as Record<keyof typeof NAMES, { key: string; cert: string }>;
let carrier: ScriptedCarrier | undefined;
let certificates: CarrierCertificates;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trunkmesh-certificates-'));
  for (const [name, names] of Object.entries(NAMES) as [keyof typeof NAMES, string][]) {
    const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
    await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=Example', '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert],
    ]);
    shown[name] = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  }
  await rm(folder, { recursive: true });
});
afterEach(async () => {
  certificates.stop();
  await carrier?.close();
  carrier = undefined;
});

async function standingOf(port: number, ca: string | undefined) {
  const place = { address: '127.0.0.1', port, name: 'sip.example.com' };
  const changed: string[] = [];
  certificates = new CarrierCertificates({
    ...{ logger: createLogger('test', { level: 'silent' }), againMs: 20 },
    onChange: (ids) => changed.push(...ids),
  });
  certificates.verification = { is: 'on', ca };
  expect(certificates.standingAt('a', place)).toEqual({ is: 'waiting' });
  await eventually(() => changed.includes('a'), { message: 'the handshake' });
  return () => certificates.standingAt('a', place);
}

it('says what FreeSWITCH has to find in the certificate, and finds out when it is another', async () => {
  carrier = await startScriptedCarrier({}, { transport: 'tls', ...shown.right });
  const standing = await standingOf(
    carrier.port,
    Object.values(shown)
      .map(({ cert }) => cert)
      .join(''),
  );
  expect(standing()).toEqual({ is: 'proven', subject: '*.example.com' });
  carrier.show(shown.other);
  certificates.lookAgain();
  const problem = await eventually(() => {
    const now = standing();
    return now.is === 'refused' ? now.problem.code : undefined;
  });
  expect(problem).toBe('certificate-name-mismatch');
  carrier.show(shown.right);
  await eventually(() => standing().is === 'proven', { message: 'a second look' });
  expect(carrier.requests).toEqual([]);
});

it.each([
  ['refuses what none of the authorities vouches for', () => shown.other.cert, 'refused'],
  ['leaves it to FreeSWITCH where it cannot read the authorities', () => undefined, 'proven'],
])('%s', async (_what, ca, is) => {
  carrier = await startScriptedCarrier({}, { transport: 'tls', ...shown.right });
  expect((await standingOf(carrier.port, ca()))().is).toBe(is);
});

it('judges nothing where nobody answers', async () => {
  expect((await standingOf(await freePort(), undefined))()).toEqual({ is: 'unreached' });
});
