import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { component, isReady, type Component } from '@trunkmesh/testkit/mesh/component.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { ROOT, testMesh, type TestMesh } from './mesh.fixture.js';

let test: TestMesh;
const others: Component[] = [];

beforeAll(async () => {
  test = await testMesh();
});
afterEach(() => Promise.all(others.splice(0).map((other) => other.kill())));
afterAll(() => test?.stop());

const first = () => test.mesh.bridges[0]!.agent;
/** Another agent process that says it is bridge-1. */
async function another(name: string, stateDir: string): Promise<Component> {
  const { bridge } = test.mesh.bridges[0]!;
  const opsPort = await freePort();
  const other = component({
    name,
    command: process.execPath,
    args: [join(ROOT, 'apps/bridge-agent/dist/main.js')],
    cwd: ROOT,
    logFile: join(test.folder, 'logs', `${name}.log`),
    env: {
      BRIDGE_ID: bridge.id,
      SIP_ADDRESS: '127.0.0.1',
      NATS_URL: test.mesh.file.nats,
      ESL_PORT: String(bridge.esl.port),
      ESL_PASSWORD: bridge.esl.password,
      CONF_DIR: join(test.folder, name, 'conf'),
      STATE_DIR: stateDir,
      CALL_SOCKET_PORT: '0',
      CAPTURE_PORT: '0',
      SECRET_KEYS: test.mesh.store.settings.secretKeys,
      OPS_HOST: '127.0.0.1',
      OPS_PORT: String(opsPort),
      LOG_LEVEL: 'info',
    },
    ready: () => isReady(opsPort),
  });
  others.push(other);
  return other;
}
const instanceOf = async () => {
  const { heartbeat } = await test.operator.get<{ heartbeat: { instance_id: string } }>('/api/v1/bridges/bridge-1');
  return heartbeat.instance_id;
};
const whyItEnded = async (name: string) => (await test.logs())[`${name}.log`];

describe('two agents with one BRIDGE_ID', () => {
  it('on the same STATE_DIR: the second refuses to start and says why', async () => {
    await eventually(async () => (await instanceOf()) !== undefined);
    const before = await instanceOf();
    const second = await another('same-state', join(test.folder, 'bridge-1', 'state'));
    await expect(second.start()).rejects.toThrow('ended with code 1');
    expect(await whyItEnded('same-state')).toContain('another agent uses this STATE_DIR');
    expect([first().running(), await instanceOf()]).toEqual([true, before]);
  });

  it('with a STATE_DIR of its own, as on another host: the second refuses to start and names the first', async () => {
    const before = await instanceOf();
    const second = await another('other-state', join(test.folder, 'other', 'state'));
    await expect(second.start()).rejects.toThrow('ended with code 1');
    expect(await whyItEnded('other-state')).toMatch(
      new RegExp(`another agent runs with BRIDGE_ID bridge-1.*${before}`),
    );
    expect(first().running()).toBe(true);
  });

  it('while NATS is away: the second starts, and ends when NATS comes back; the first goes on', async () => {
    const before = await instanceOf();
    await test.mesh.nats!.halt('SIGKILL');
    const second = await another('nats-away', join(test.folder, 'away', 'state'));
    await second.launch();
    await eventually(async () => (await whyItEnded('nats-away'))?.includes('"started"'), {
      timeoutMs: 20_000,
      message: 'the second to start',
    });
    await test.mesh.nats!.start();
    await eventually(() => !second.running(), { timeoutMs: 30_000, message: 'the second to end' });
    expect(await whyItEnded('nats-away')).toContain('another agent runs with BRIDGE_ID bridge-1');
    await first().untilReady();
    expect([first().running(), await instanceOf()]).toEqual([true, before]);
  }, 90_000);

  it('the next one after a kill -9 takes the bridge at once', async () => {
    const before = await instanceOf();
    await first().kill();
    await first().start();
    await eventually(
      async () => {
        expect(await instanceOf()).not.toBe(before);
        return true;
      },
      { message: 'the new instance to be heard' },
    );
  });

  it('after the first has died, one on another host may take its place', async () => {
    const before = await instanceOf();
    await first().kill();
    const second = await another('replacement', join(test.folder, 'replacement', 'state'));
    await second.launch();
    await eventually(
      async () => {
        expect(await instanceOf()).not.toBe(before);
        return true;
      },
      { timeoutMs: 20_000, message: 'the replacement to be heard' },
    );
    await expect(first().start()).rejects.toThrow('ended with code 1');
    await second.kill();
    await first().start();
  }, 60_000);
});
