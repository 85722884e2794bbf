import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { gatewayStateChanged } from '@trunkmesh/contracts/bridge.js';
import { GATEWAYS_STREAM, gatewaySubject } from '@trunkmesh/contracts/subjects.js';
import { startTelemetry } from '@trunkmesh/runtime/telemetry.otel.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { CARRIER, ORGANIZATION, startBridge, trunkId, type BridgeFixture } from './gateways.fixture.js';

let bridge: BridgeFixture;
beforeEach(async () => {
  bridge = await startBridge();
});
afterEach(async () => {
  await bridge.stop();
});

const registered = (n: number, revision: number) =>
  eventually(() => bridge.status(n)?.state === 'REGED' && bridge.status(n)?.applied_revision === revision, {
    message: `trunk ${n} registered as revision ${revision}`,
  });
const settled = () =>
  eventually(
    () => {
      const beat = bridge.gateways!.heartbeat();
      return beat.drift === 0 && beat.applied_position === beat.seen_position && beat.seen_position > 0;
    },
    { message: 'nothing left to do' },
  );
const events = async (n: number) => {
  const { streams } = await jetstreamManager(bridge.nc);
  const found = [];
  const { state } = await streams.info(GATEWAYS_STREAM);
  for (let sequence = Math.max(1, state.first_seq); sequence <= state.last_seq; sequence += 1) {
    const message = await streams.getMessage(GATEWAYS_STREAM, { seq: sequence });
    if (message?.subject === gatewaySubject(ORGANIZATION, trunkId(n), 'b1'))
      found.push(gatewayStateChanged.parse(JSON.parse(new TextDecoder().decode(message.data))));
  }
  return found;
};

describe('a trunk', () => {
  it('becomes a gateway, registers, and its status says so', async () => {
    await bridge.startAgent();
    await bridge.publish(1, bridge.trunk(1));
    await registered(1, 1);
    expect(bridge.status(1)).toMatchObject({
      organization_id: ORGANIZATION,
      bridge_id: 'b1',
      applied_revision: 1,
      desired_revision: 1,
      error: null,
      sip_status: 200,
      ping: null,
    });
    expect(bridge.names()).toEqual([`${trunkId(1)}.1`]);
    const file = join(bridge.agentDir, 'gateways', `${trunkId(1)}.xml`);
    expect((await stat(file)).mode & 0o777).toBe(0o640);
    expect(await readFile(join(bridge.agentDir, 'acl.xml'), 'utf8')).toContain(
      '<node type="allow" cidr="192.0.2.10/32"/>',
    );
    await settled();
    expect(bridge.gateways!.heartbeat()).toMatchObject({
      gateways: { REGED: 1 },
      freeswitch: { connected: true, profile_running: true },
      last_reload: { ok: true },
    });
  });

  it('with a wrong password fails with its SIP status, recovers, and publishes every lasting change', async () => {
    await bridge.startAgent();
    await bridge.publish(1, bridge.trunk(1));
    await registered(1, 1);
    await bridge.publish(1, bridge.trunk(1, { plain: 'wrong' }), 'TrunkCredentialsChanged');
    await eventually(() => bridge.status(1)?.state === 'FAILED' && bridge.status(1)?.sip_status === 904);
    await bridge.publish(1, bridge.trunk(1), 'TrunkCredentialsChanged');
    await registered(1, 3);
    await eventually(() => bridge.names().length === 1);
    await eventually(async () => (await events(1)).length >= 3);
    expect(
      (await events(1)).map(({ data }) => [
        data.change.from,
        data.state.state,
        data.state.sip_status,
        data.state.applied_revision,
      ]),
    ).toEqual([
      [null, 'REGED', 200, 1],
      ['REGED', 'FAILED', 904, 2],
      ['FAILED', 'REGED', 200, 3],
    ]);
  });

  it(
    'registers again soon after a carrier that asked for SHA-256 alone offers MD5 again, and shows one failure ' +
      'meanwhile',
    async () => {
      bridge.standIn.setCarriers([
        { address: CARRIER, digest: 'SHA-256', users: { 'carrier-user': 'carrier-password' } },
      ]);
      await bridge.startAgent();
      await bridge.publish(1, bridge.trunk(1));
      await eventually(() => bridge.status(1)?.state === 'FAILED' && bridge.status(1)?.sip_status === 900);
      bridge.standIn.setCarriers([{ address: CARRIER, users: { 'carrier-user': 'carrier-password' } }]);
      await eventually(() => bridge.status(1)?.state === 'REGED', {
        timeoutMs: 40_000,
        message: 'the trunk to register again',
      });
      expect((await events(1)).map(({ data }) => [data.state.state, data.state.sip_status])).toEqual([
        ['FAILED', 900],
        ['REGED', 200],
      ]);
      expect(bridge.names()).toEqual([`${trunkId(1)}.1`]);
    },
    45_000,
  );

  it('appears in the trace of the request that made it', async () => {
    const telemetry = startTelemetry('test', {});
    try {
      await bridge.startAgent();
      await eventually(() => bridge.gateways!.heartbeat().freeswitch.profile_running);
      await bridge.publish(2, bridge.trunk(2));
      await registered(2, 1);
      await bridge.publish(
        1,
        bridge.trunk(1),
        'TrunkCreated',
        '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      );
      await registered(1, 1);
      const [first] = await eventually(async () => {
        const found = await events(1);
        return found.length > 0 && found;
      });
      expect(first!.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[\da-f]{16}-01$/);
      expect(first!.traceparent).not.toContain('b7ad6b7169203331');
    } finally {
      await telemetry.shutdown();
    }
  });

  it('is gone when it is disabled, moved or deleted, and back when it is enabled', async () => {
    await bridge.startAgent();
    await bridge.publish(1, bridge.trunk(1));
    await bridge.publish(2, bridge.trunk(2));
    await bridge.publish(3, bridge.trunk(3));
    await Promise.all([registered(1, 1), registered(2, 1), registered(3, 1)]);
    await bridge.publish(1, bridge.trunk(1, { enabled: false }), 'TrunkDisabled');
    await bridge.publish(2, bridge.trunk(2, { bridge_id: 'b2' }), 'TrunkPlaced');
    await bridge.publish(3, null);
    await eventually(() => bridge.statuses.size === 0 && bridge.names().length === 0);
    expect(await readdir(join(bridge.agentDir, 'gateways'))).toEqual([]);
    expect((await events(3)).at(-1)?.data.state).toMatchObject({ state: 'DOWN', applied_revision: null });
    await bridge.publish(1, bridge.trunk(1), 'TrunkEnabled');
    await registered(1, 3);
  });

  it('whose change does not concern its gateway is not touched, nor is any other', async () => {
    await bridge.startAgent();
    const first = bridge.trunk(1);
    await bridge.publish(1, first);
    await registered(1, 1);
    await settled();
    const file = join(bridge.agentDir, 'gateways', `${trunkId(1)}.xml`);
    const before = { reload: bridge.gateways!.heartbeat().last_reload, written: (await stat(file)).mtimeMs };
    await bridge.publish(
      1,
      { ...first, name: 'Another name', priority: 3, updated_at: '2026-01-02T00:00:00.000Z' },
      'TrunkUpdated',
    );
    await bridge.publish(1, bridge.trunk(1, { gateway_revision: 1 }), 'TrunkCredentialsChanged');
    await eventually(() => bridge.gateways!.heartbeat().seen_position === 3);
    await settled();
    expect({ reload: bridge.gateways!.heartbeat().last_reload, written: (await stat(file)).mtimeMs }).toEqual(before);
    expect(bridge.names()).toEqual([`${trunkId(1)}.1`]);
  });

  it('that cannot be rendered is reported and holds up no other', async () => {
    await bridge.startAgent();
    await bridge.publish(1, bridge.trunk(1, { plain: 'has:colon' }));
    await bridge.publish(2, { ...bridge.trunk(2), password: 'v1.lost.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAA' });
    await bridge.publish(3, bridge.trunk(3));
    await registered(3, 1);
    await eventually(
      () =>
        bridge.status(1)?.error?.code === 'credentials-unusable' &&
        bridge.status(2)?.error?.code === 'secret-unreadable',
    );
    expect(bridge.status(2)?.error?.message).toContain('"lost"');
    expect(bridge.names()).toEqual([`${trunkId(3)}.1`]);
    await bridge.publish(1, bridge.trunk(1), 'TrunkCredentialsChanged');
    await registered(1, 2);
    expect(bridge.status(1)?.error).toBeNull();
  });

  it('that runs stays as it is while its new settings cannot be rendered', async () => {
    await bridge.startAgent();
    await bridge.publish(1, bridge.trunk(1));
    await registered(1, 1);
    await bridge.publish(1, bridge.trunk(1, { plain: 'has:colon' }), 'TrunkCredentialsChanged');
    await eventually(() => bridge.status(1)?.error !== null && bridge.status(1));
    expect(bridge.status(1)).toMatchObject({
      applied_revision: 1,
      desired_revision: 2,
      state: 'REGED',
      error: { code: 'credentials-unusable' },
    });
  });
});

describe('FreeSWITCH', () => {
  it('that dies and comes back has all its gateways without help, and no old revision', async () => {
    await bridge.startAgent();
    for (const n of [1, 2, 3]) await bridge.publish(n, bridge.trunk(n));
    await Promise.all([1, 2, 3].map((n) => registered(n, 1)));
    await bridge.standIn.stop();
    await bridge.publish(2, bridge.trunk(2, { expires_seconds: 600 }), 'TrunkUpdated');
    await bridge.publish(3, null);
    await eventually(
      () =>
        bridge.gateways!.heartbeat().freeswitch.connected === false && bridge.gateways!.heartbeat().seen_position === 5,
    );
    await eventually(async () => !(await readdir(join(bridge.agentDir, 'gateways'))).includes(`${trunkId(3)}.xml`));
    await bridge.restartFreeSwitch();
    await registered(2, 2);
    await eventually(() => bridge.names().join() === [`${trunkId(1)}.1`, `${trunkId(2)}.2`].join());
    await settled();
  });

  it("is repaired when somebody takes a gateway away, and an operator's own is left alone", async () => {
    await writeFile(
      join(bridge.agentDir, 'gateways', 'operators-own.xml'),
      '<include>\n  <gateway name="example">\n    <param name="register" value="false"/>\n    <param ' +
        'name="proxy" value="192.0.2.77"/>\n  </gateway>\n</include>\n',
    );
    await bridge.startAgent();
    await bridge.publish(1, bridge.trunk(1));
    await registered(1, 1);
    const killed = bridge.standIn.freeswitch.gateways.find(({ settings }) => settings.name.startsWith(trunkId(1)))!;
    killed.kill();
    await eventually(() => !bridge.standIn.freeswitch.gateways.includes(killed));
    await eventually(() => bridge.stateOf(`${trunkId(1)}.1`) === 'REGED');
    expect(bridge.names()).toEqual([`${trunkId(1)}.1`, 'example']);
    expect(await readdir(join(bridge.agentDir, 'gateways'))).toContain('operators-own.xml');
  });

  it('is not kept from loading by one broken file', async () => {
    await bridge.startAgent();
    await bridge.publish(1, bridge.trunk(1));
    await registered(1, 1);
    await writeFile(
      join(bridge.agentDir, 'gateways', 'operators-own.xml'),
      '<include>\n  <gateway name="example"><param\n</include>\n',
    );
    await writeFile(join(bridge.agentDir, 'gateways', `${trunkId(1)}.xml`), '<include>\n  <gateway name="');
    await bridge.publish(2, bridge.trunk(2));
    await registered(2, 1);
    expect((await readdir(join(bridge.agentDir, 'gateways'))).sort()).toEqual([
      `${trunkId(1)}.xml`,
      `${trunkId(2)}.xml`,
      'operators-own.xml.broken',
    ]);
    expect(await readFile(join(bridge.agentDir, 'gateways', `${trunkId(1)}.xml`), 'utf8')).toContain('</gateway>');
  });

  it("is not kept from loading by a damaged access list or dialplan of the agent's own", async () => {
    await bridge.startAgent();
    await bridge.publish(1, bridge.trunk(1));
    await registered(1, 1);
    await settled();
    const files = ['acl.xml', 'dialplan.xml'].map((name) => join(bridge.agentDir, name));
    const texts = () => Promise.all(files.map((file) => readFile(file, 'utf8')));
    const whole = await texts();
    for (const file of files) await writeFile(file, '<include>\n  <extension name="');
    await bridge.publish(2, bridge.trunk(2));
    await registered(2, 1);
    expect(await texts()).toEqual(whole);
  });

  it('takes a burst in few reloads', async () => {
    await bridge.startAgent();
    const { freeswitch } = bridge.standIn;
    const scan = freeswitch.scanGateways;
    let scans = 0;
    freeswitch.scanGateways = (only) => {
      scans += 1;
      return scan(only);
    };
    await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        bridge.publish(n, bridge.trunk(n, { register: false, bridge_id: null, gateway: `198.51.100.${n}` })),
      ),
    );
    await eventually(() => bridge.names().length === 200 && bridge.statuses.size === 200);
    await settled();
    // The state of the last ones is read after the reload that made them.
    await eventually(() => [...bridge.statuses.values()].every(({ state }) => state === 'NOREG'));
    expect(scans).toBeLessThan(40);
  });

  it('reports the addresses that its access list refused', async () => {
    await bridge.startAgent();
    await bridge.publish(1, bridge.trunk(1));
    await registered(1, 1);
    await settled();
    bridge.standIn.call({ source: { address: '203.0.113.9' }, request_user: '+15551230001', from: '+15559876543' });
    await eventually(() => bridge.gateways!.heartbeat().refused_addresses[0]?.address === '203.0.113.9');
  });
});

describe('the agent', () => {
  it('takes nothing away before it knows what shall be', async () => {
    await bridge.startAgent();
    await bridge.publish(1, bridge.trunk(1));
    await registered(1, 1);
    await bridge.gateways!.stop();
    await writeFile(join(bridge.agentDir, '..', '..', 'state', 'desired.json'), 'damaged');
    const never = new Promise<never>(() => {});
    await bridge.startAgent(never);
    await eventually(() => bridge.gateways!.heartbeat().freeswitch.profile_running);
    expect(bridge.gateways!.readiness()).toContain('waiting for the event log');
    expect(bridge.standIn.freeswitch.gateways.map(({ deleted }) => deleted)).toEqual([false]);
  });

  it('continues with its snapshot while NATS is unreachable, and catches up afterwards', async () => {
    await bridge.startAgent();
    await bridge.publish(1, bridge.trunk(1));
    await bridge.publish(2, bridge.trunk(2));
    await Promise.all([registered(1, 1), registered(2, 1)]);
    await bridge.gateways!.stop();
    await bridge.publish(2, null);
    await bridge.publish(3, bridge.trunk(3));
    await bridge.restartFreeSwitch();
    let connect: (nc: never) => void = () => {};
    await bridge.startAgent(
      new Promise((resolve) => {
        connect = resolve;
      }),
    );
    expect(bridge.gateways!.readiness()).toBe('up');
    await eventually(() => bridge.names().join() === [`${trunkId(1)}.1`, `${trunkId(2)}.1`].join());
    connect(
      (await (
        await import('@trunkmesh/runtime/connection.nats.js')
      ).connectNats(bridge.nats.url, {
        name: 'late',
        logger: (await import('./gateways.fixture.js')).logger,
      })) as never,
    );
    await registered(3, 1);
    await eventually(() => bridge.names().join() === [`${trunkId(1)}.1`, `${trunkId(3)}.1`].join());
    await eventually(() => bridge.status(2) === undefined);
  });

  it('publishes what happened while NATS was down', async () => {
    await bridge.startAgent();
    await bridge.publish(1, bridge.trunk(1));
    await registered(1, 1);
    await bridge.nats.stop();
    bridge.standIn.setCarriers([{ address: CARRIER, registerStatus: 403 }]);
    bridge.standIn.freeswitch.gateways[0]!.registerNow();
    await eventually(() => bridge.standIn.gateways()[0]!.state === 'FAIL_WAIT');
    await bridge.nats.restart();
    await eventually(() => bridge.status(1)?.state === 'FAILED' && bridge.status(1)?.sip_status === 403, {
      timeoutMs: 20_000,
    });
  });

  it('clears away what an earlier life published of trunks that are here no more', async () => {
    await bridge.startAgent();
    await bridge.publish(1, bridge.trunk(1));
    await registered(1, 1);
    await bridge.gateways!.stop();
    await bridge.publish(1, null);
    await bridge.startAgent();
    await eventually(() => bridge.status(1) === undefined && bridge.names().length === 0);
  });

  it('keeps a refilled log from bringing back what is over', async () => {
    await bridge.startAgent();
    const first = bridge.trunk(1);
    await bridge.publish(1, first);
    await bridge.publish(1, bridge.trunk(1, { expires_seconds: 600 }), 'TrunkUpdated');
    await registered(1, 2);
    await settled();
    // The same event again, as a refill brings it.
    const { streams } = await jetstreamManager(bridge.nc);
    const old = await streams.getMessage('TRUNKMESH', { seq: 1 });
    await jetstream(bridge.nc).publish(old!.subject, old!.data);
    await eventually(() => bridge.gateways!.heartbeat().seen_position === 3);
    await settled();
    expect(bridge.names()).toEqual([`${trunkId(1)}.2`]);
  });
});
