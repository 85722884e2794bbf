import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EslClient } from '../esl/esl-client.net.js';
import type { Verification } from './carrier-certificates.net.js';

/**
 * As the prepared configuration has it (deploy/freeswitch/prepare.mjs): its variables are global ones of FreeSWITCH. A
 * configuration without them counts as one that verifies nothing. Undefined: FreeSWITCH did not answer.
 */
export async function verificationOf(esl: Pick<EslClient, 'api'>): Promise<Verification | undefined> {
  const [policy, folder] = await Promise.all([valueOf(esl, 'tls_verify_policy'), valueOf(esl, 'tls_dir')]);
  if (policy === undefined || folder === undefined) return undefined;
  if (!policy.split('|').includes('out')) return { is: 'off' };
  const authorities = folder === '' ? '' : await readFile(join(folder, 'cafile.pem'), 'utf8').catch(() => '');
  return { is: 'on', ca: authorities === '' ? undefined : authorities };
}

async function valueOf(esl: Pick<EslClient, 'api'>, name: string): Promise<string | undefined> {
  const reply = await esl.api('global_getvar', name);
  return reply.outcome === 'reply' ? reply.text.trim() : undefined;
}
