import type { IncomingMessage, ServerResponse } from 'node:http';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { type IMetricReader, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { NodeSDK, type NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import { ParentBasedSampler, type SpanProcessor, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import { bindInstruments } from './metric.otel.js';
import { startProcessMetrics } from './process-metrics.otel.js';

export interface Telemetry {
  /** Answers `GET /metrics` in Prometheus' text format. */
  prometheus(request: IncomingMessage, response: ServerResponse): void;
  /** Sends what is not sent yet, bounded by the exporters' own deadlines. */
  shutdown(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_EXPORT_INTERVAL_MS = 60_000;
const DEFAULT_EXPORT_TIMEOUT_MS = 30_000;

/** Spans are real without an exporter as well: a `traceparent` travels on, and log lines carry it. */
const NOT_EXPORTED: SpanProcessor = {
  onStart: () => undefined,
  onEnd: () => undefined,
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

/**
 * Traces and metrics of this process, configured by the standard `OTEL_*` variables of `process.env`. Three defaults
 * differ from the standard: nothing is exported until an OTLP endpoint or an exporter is named, OTEL_TRACES_SAMPLER_ARG
 * alone is the share of traces kept, and only OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME describe the resource
 * unless OTEL_NODE_RESOURCE_DETECTORS names more.
 */
export function startTelemetry(service: string, env: Environment): Telemetry {
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return NO_TELEMETRY;
  // Its own server is not used: /metrics is one of the ops server's three answers.
  const prometheus = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    withoutTargetInfo: true,
  });
  const sdk = new NodeSDK({
    resource: resourceFromAttributes({ 'service.name': service, 'service.namespace': 'trunkmesh' }),
    ...(env.OTEL_NODE_RESOURCE_DETECTORS ? {} : { resourceDetectors: [envDetector] }),
    ...samplingOf(env),
    ...(exportsOf(env, 'TRACES').length === 0 ? { spanProcessors: [NOT_EXPORTED] } : {}),
    metricReaders: [prometheus, ...pushedMetrics(env)],
    // Log lines go to standard output.
    logRecordProcessors: [],
  });
  sdk.start();
  bindInstruments(metrics.getMeter('trunkmesh'));
  const stopProcessMetrics = startProcessMetrics();
  return {
    prometheus: (request, response) => prometheus.getMetricsRequestHandler(request, response),
    async shutdown() {
      stopProcessMetrics();
      bindInstruments(undefined);
      for (const api of [trace, metrics, propagation, context]) api.disable();
      // An unreachable collector must not keep the process from ending.
      await sdk.shutdown().catch(() => undefined);
    },
  };
}

/** OTEL_SDK_DISABLED=true: nothing is measured or traced; /metrics is empty. */
const NO_TELEMETRY: Telemetry = {
  prometheus: (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end();
  },
  shutdown: () => Promise.resolve(),
};

/** The exporters that the environment names for a signal; without a name OTLP, where it has an endpoint. */
function exportsOf(env: Environment, signal: 'TRACES' | 'METRICS'): string[] {
  const named = env[`OTEL_${signal}_EXPORTER`];
  const hasEndpoint = Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT || env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`]);
  const exporters = named ? named.split(',').map((name) => name.trim()) : hasEndpoint ? ['otlp'] : [];
  return exporters.includes('none') ? [] : exporters;
}

/** Prometheus is always served, so of the exporters only OTLP adds a reader. */
function pushedMetrics(env: Environment): IMetricReader[] {
  if (!exportsOf(env, 'METRICS').includes('otlp')) return [];
  const exportIntervalMillis = milliseconds(env.OTEL_METRIC_EXPORT_INTERVAL, DEFAULT_EXPORT_INTERVAL_MS);
  const timeout = milliseconds(env.OTEL_METRIC_EXPORT_TIMEOUT, DEFAULT_EXPORT_TIMEOUT_MS);
  const exportTimeoutMillis = Math.min(timeout, exportIntervalMillis);
  const exporter = new OTLPMetricExporter();
  return [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis, exportTimeoutMillis })];
}

function milliseconds(text: string | undefined, otherwise: number): number {
  const value = Number(text);
  return text && Number.isFinite(value) && value > 0 ? value : otherwise;
}

/** With OTEL_TRACES_SAMPLER set the SDK reads both variables itself. */
function samplingOf(env: Environment): Partial<NodeSDKConfiguration> {
  if (env.OTEL_TRACES_SAMPLER || !env.OTEL_TRACES_SAMPLER_ARG) return {};
  const share = Number(env.OTEL_TRACES_SAMPLER_ARG);
  return share >= 0 && share <= 1
    ? { sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }) }
    : {};
}
