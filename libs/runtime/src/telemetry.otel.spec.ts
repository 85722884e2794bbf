import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from './logger.process.js';
import { counter, gauge, histogram } from './metric.otel.js';
import { type OpsServer, startOpsServer } from './ops.http.js';
import { startTelemetry, type Telemetry } from './telemetry.otel.js';
import { currentTraceparent, recordSpan, traceparentOf, withSpan } from './trace.otel.js';

const logger = createLogger('test', { level: 'silent' });
const beforeStart = counter('trunkmesh_test_events_total', 'created before telemetry');
let telemetry: Telemetry | undefined;
let ops: OpsServer | undefined;
afterEach(async () => {
  await ops?.stop();
  await telemetry?.shutdown();
  ops = telemetry = undefined;
});

async function metricsText(): Promise<string> {
  ops = await startOpsServer({ port: 0, telemetry: telemetry!, ready: () => ({}), logger });
  return (await fetch(`http://127.0.0.1:${ops.port}/metrics`)).text();
}

describe('metrics', () => {
  it('appear under exactly the names given', async () => {
    telemetry = startTelemetry('test', {});
    beforeStart.add(2, { outcome: 'a "b"\n' });
    histogram('trunkmesh_test_seconds', 'time').record(0.003);
    const remove = gauge('trunkmesh_test_lag_events', 'lag', () => [{ value: 7, attributes: { bridge: 'b1' } }]);
    const text = await metricsText();
    expect(text).toContain(
      '# TYPE trunkmesh_test_events_total counter\ntrunkmesh_test_events_total{outcome="a \\"b\\"\\n"} 2\n',
    );
    expect(text).toContain('trunkmesh_test_seconds_bucket{le="0.005"} 1\n');
    expect(text).toContain('trunkmesh_test_seconds_count 1\n');
    expect(text).toContain('trunkmesh_test_lag_events{bridge="b1"} 7\n');
    expect(text).toMatch(/^trunkmesh_process_resident_memory_bytes \d+/m);
    remove();
  });

  it('survive telemetry that is started again, and cost nothing without it', async () => {
    beforeStart.add();
    telemetry = startTelemetry('test', {});
    beforeStart.add(5);
    expect(await metricsText()).toContain('trunkmesh_test_events_total 5\n');
  });

  it.each(['trunkmesh.dots_total', 'Upper_total', 'no_suffix'])('refuse the counter name %s', (name) => {
    expect(() => counter(name, 'd')).toThrow(TypeError);
  });
});

describe('OTLP', () => {
  /** Starts telemetry with these variables and an OTLP endpoint, and returns what the collector got on a path. */
  async function exported(variables: Record<string, string>, work: () => Promise<unknown>) {
    const posted: { path: string; body: string }[] = [];
    const collector = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => {
          posted.push({ path: request.url!, body: Buffer.concat(chunks).toString('latin1') });
          response.end();
        });
    });
    await new Promise<void>((resolve) => {
      collector.listen(0, '127.0.0.1', resolve);
    });
    const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    const given = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...variables };
    Object.assign(process.env, given);
    try {
      telemetry = startTelemetry('trunk-service', process.env);
      await work();
      await telemetry.shutdown();
    } finally {
      for (const name of Object.keys(given)) delete process.env[name];
      telemetry = undefined;
      collector.closeAllConnections();
      await new Promise((resolve) => {
        collector.close(resolve);
      });
    }
    return (path: string) =>
      posted
        .filter((one) => one.path === path)
        .map(({ body }) => body)
        .join('');
  }
  const span = () => {
    beforeStart.add(1);
    return withSpan('applied by a test', {}, () => currentTraceparent());
  };

  it('is spoken where its endpoint is set', async () => {
    const sent = await exported({}, async () => {
      await span();
      recordSpan('published by a test', { began: Date.now() - 5, ended: Date.now() });
    });
    expect(sent('/v1/traces')).toMatch(/trunk-service.*applied by a test.*published by a test/s);
    expect(sent('/v1/metrics')).toContain('trunkmesh_test_events_total');
  });

  it('carries OTEL_RESOURCE_ATTRIBUTES, and OTEL_SERVICE_NAME over the name of the service', async () => {
    const attributes = 'deployment.environment.name=staging,service.namespace=voice';
    const sent = await exported({ OTEL_RESOURCE_ATTRIBUTES: attributes, OTEL_SERVICE_NAME: 'trunks' }, span);
    for (const path of ['/v1/traces', '/v1/metrics']) {
      expect(sent(path)).toMatch(/deployment\.environment\.name.{1,8}staging/s);
      expect(sent(path)).toMatch(/service\.name.{1,8}trunks/s);
      expect(sent(path)).toMatch(/service\.namespace.{1,8}voice/s);
      expect(sent(path)).not.toMatch(/trunk-service|process\.command|host\.name/);
    }
  });

  it.each<[Record<string, string>, RegExp]>([
    [{ OTEL_TRACES_SAMPLER: 'always_off' }, /-00$/],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, /-00$/],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_on' }, /-01$/],
    [{ OTEL_TRACES_SAMPLER_ARG: '0' }, /-00$/],
  ])('samples as %j says', async (variables, flags) => {
    let traceparent: string | undefined;
    const sent = await exported(variables, async () => {
      traceparent = await span();
    });
    expect(traceparent).toMatch(flags);
    expect(sent('/v1/traces').includes('applied by a test')).toBe(flags.source === '-01$');
  });

  it('keeps traces and stops sending them with OTEL_TRACES_EXPORTER=none', async () => {
    let traceparent: string | undefined;
    const sent = await exported({ OTEL_TRACES_EXPORTER: 'none' }, async () => {
      traceparent = await span();
    });
    expect(traceparent).toMatch(/-01$/);
    expect(sent('/v1/traces')).toBe('');
    expect(sent('/v1/metrics')).toContain('trunkmesh_test_events_total');
  });

  it('is silent with OTEL_SDK_DISABLED, and /metrics is empty', async () => {
    let text: string | undefined;
    const sent = await exported({ OTEL_SDK_DISABLED: 'true' }, async () => {
      expect(await span()).toBeUndefined();
      text = await metricsText();
    });
    expect([sent('/v1/traces'), sent('/v1/metrics'), text]).toEqual(['', '', '']);
  });
});

describe('OTEL_PROPAGATORS', () => {
  afterEach(() => {
    delete process.env.OTEL_PROPAGATORS;
  });

  it.each<[string | undefined, Record<string, string>]>([
    [undefined, { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }],
    ['b3', { b3: '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1' }],
  ])(
    '%j reads the trace of an HTTP request, and events still carry W3C Trace Context',
    async (propagators, headers) => {
      if (propagators !== undefined) process.env.OTEL_PROPAGATORS = propagators;
      telemetry = startTelemetry('test', process.env);
      const parent = traceparentOf(headers);
      expect(parent).toBe('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
      expect(await withSpan('work', { parent }, () => currentTraceparent())).toMatch(
        /^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[\da-f]{16}-01$/,
      );
      expect(traceparentOf({})).toBeUndefined();
    },
  );
});

describe('withSpan', () => {
  it('continues the trace of a traceparent, without any exporter', async () => {
    telemetry = startTelemetry('test', {});
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const inside = await withSpan('outer', { parent, kind: 'server' }, async () => {
      await Promise.resolve();
      return withSpan('inner', {}, () => currentTraceparent());
    });
    expect(inside).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[\da-f]{16}-01$/);
    expect(currentTraceparent()).toBeUndefined();
  });

  it.each(['', 'garbage', '00-00000000000000000000000000000000-b7ad6b7169203331-01'])(
    'starts a new trace when the parent is %j',
    async (parent) => {
      telemetry = startTelemetry('test', {});
      expect(await withSpan('work', { parent }, () => currentTraceparent())).toMatch(
        /^00-(?!0{32})[\da-f]{32}-[\da-f]{16}-01$/,
      );
    },
  );

  it('throws on what the work throws', async () => {
    telemetry = startTelemetry('test', {});
    await expect(
      withSpan('work', {}, () => {
        throw new RangeError('no');
      }),
    ).rejects.toThrow(RangeError);
  });
});
