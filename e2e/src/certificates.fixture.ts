import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A certificate and its key for FreeSWITCH's TLS port, in the folder where `prepare` looks for it. */
export async function writeCertificate(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const subject = ['-subj', '/CN=bridge.example.com', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await promisify(execFile)('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    key,
    '-out',
    certificate,
    ...subject,
  ]);
  await writeFile(join(folder, 'agent.pem'), `${await readFile(certificate, 'utf8')}${await readFile(key, 'utf8')}`, {
    mode: 0o600,
  });
}

export interface Certificate {
  key: string;
  cert: string;
}

/**
 * An authority, as `cafile.pem` in the folder where `prepare` looks for it: FreeSWITCH then verifies carriers. Answers
 * what it issues: a certificate for these names (`DNS:…`); for 0 days one that is not valid any more.
 */
export async function writeAuthority(folder: string): Promise<(names: string, days?: number) => Promise<Certificate>> {
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl(
    ...['req', '-x509', ...key, '-days', '2', '-subj', '/CN=Example Authority'],
    ...['-keyout', at('authority.key'), '-out', at('cafile.pem')],
  );
  let issued = 0;
  return async (names, days = 2) => {
    const leaf = `leaf-${(issued += 1)}`;
    await openssl('req', ...key, '-subj', '/CN=Example', '-keyout', at(`${leaf}.key`), '-out', at(`${leaf}.csr`));
    await writeFile(at(`${leaf}.ext`), `subjectAltName=${names}\n`);
    await openssl(
      ...['x509', '-req', '-in', at(`${leaf}.csr`), '-CA', at('cafile.pem'), '-CAkey', at('authority.key')],
      ...['-CAcreateserial', '-days', String(days), '-extfile', at(`${leaf}.ext`), '-out', at(`${leaf}.pem`)],
    );
    return { key: await readFile(at(`${leaf}.key`), 'utf8'), cert: await readFile(at(`${leaf}.pem`), 'utf8') };
  };
}

/** Of nobody: the certificate that {@link writeCertificate} wrote into this folder. */
export const selfSigned = async (folder: string): Promise<Certificate> => ({
  key: await readFile(join(folder, 'key.pem'), 'utf8'),
  cert: await readFile(join(folder, 'certificate.pem'), 'utf8'),
});
