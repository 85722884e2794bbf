import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { renderDialplan } from './dialplan-xml.js';

interface Prepare {
  prepare(directory: string, options?: object): Promise<{ confDir: string; agentDir: string; eslPassword: string }>;
  renderVars(options: object): string;
}
let script: Prepare;
let folder: string;
beforeAll(async () => {
  script = (await import(
    pathToFileURL(join(import.meta.dirname, '../../../../deploy/freeswitch/prepare.mjs')).href
  )) as Prepare;
  folder = await mkdtemp(join(tmpdir(), 'prepare-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a prepared configuration', () => {
  it('has the dialplan that the agent would write', async () => {
    const { agentDir } = await script.prepare(join(folder, 'a'), { callSocketPort: 9191 });
    expect(await readFile(join(agentDir, 'dialplan.xml'), 'utf8')).toBe(
      renderDialplan({ host: '127.0.0.1', port: 9191 }),
    );
  });

  it("generates a password once, and keeps the agent's files when it is prepared again", async () => {
    const first = await script.prepare(join(folder, 'b'));
    await writeFile(
      join(first.agentDir, 'acl.xml'),
      '<include>\n  <node type="allow" cidr="192.0.2.1/32"/>\n</include>\n',
    );
    const second = await script.prepare(join(folder, 'b'), { sipPort: 5070 });
    expect(second.eslPassword).toBe(first.eslPassword);
    expect(first.eslPassword).toMatch(/^[\w-]{32}$/);
    expect(await readFile(join(first.agentDir, 'acl.xml'), 'utf8')).toContain('192.0.2.1/32');
    expect((await stat(join(first.confDir, 'vars.xml'))).mode & 0o777).toBe(0o640);
    expect(await readFile(join(first.confDir, 'vars.xml'), 'utf8')).toContain('data="sip_port=5070"');
  });

  it('speaks TLS when a certificate is there, and verifies carriers when their authorities are', async () => {
    const { confDir } = await script.prepare(join(folder, 'c'));
    expect(await readFile(join(confDir, 'vars.xml'), 'utf8')).toContain('tls_enabled=false');
    const { mkdir } = await import('node:fs/promises');
    await mkdir(join(confDir, 'tls'));
    await writeFile(join(confDir, 'tls', 'agent.pem'), '');
    await script.prepare(confDir);
    expect(await readFile(join(confDir, 'vars.xml'), 'utf8')).toContain('tls_enabled=true');
    expect(await readFile(join(confDir, 'vars.xml'), 'utf8')).toContain('tls_verify_policy=none');
    await writeFile(join(confDir, 'tls', 'cafile.pem'), '');
    await script.prepare(confDir);
    expect(await readFile(join(confDir, 'vars.xml'), 'utf8')).toContain('tls_verify_policy=out|subjects_out');
  });

  it.each([
    { eslPassword: 'a"/><X-PRE-PROCESS cmd="exec" data="id' },
    { sipIp: '$${x}' },
    { externalIp: '192.0.2.1"/>' },
    { sipPort: 0 },
    { rtpEnd: 70_000 },
    { sipPort: '5060' },
    { logLevel: 'all' },
    { tlsDir: '/a"b' },
  ])('refuses %j', (hostile) => {
    expect(() => script.renderVars({ eslPassword: 'long-enough', tlsDir: '/etc/tls', ...hostile })).toThrow(TypeError);
  });
});

it("a call socket's host cannot be anything else", () => {
  expect(() => renderDialplan({ host: '127.0.0.1 async full"/>', port: 1 })).toThrow(TypeError);
});
