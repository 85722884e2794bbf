import type { Attributes, Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api';

/**
 * Instruments by their Prometheus names, which are given whole: a counter's ends in `_total` and a time's in
 * `_seconds`, because the exporter appends the one and never the other. They may be created before telemetry starts
 * (module level): they are bound to the meter when it is there and cost nothing until then.
 */
const PROMETHEUS_NAME = /^[a-z][a-z\d_]*[a-z\d]$/;

interface Instrument {
  bind(meter: Meter | undefined): void;
}
const instruments = new Set<Instrument>();
let bound: Meter | undefined;

function register<T extends Instrument>(name: string, instrument: T): T {
  if (!PROMETHEUS_NAME.test(name)) throw new TypeError(`not a Prometheus name: ${JSON.stringify(name)}`);
  instruments.add(instrument);
  instrument.bind(bound);
  return instrument;
}

/** Called by `startTelemetry` with the process's meter, and with undefined when it ends. */
export function bindInstruments(meter: Meter | undefined): void {
  bound = meter;
  for (const instrument of instruments) instrument.bind(meter);
}

export interface CounterMetric {
  add(value?: number, attributes?: Attributes): void;
}
export interface HistogramMetric {
  record(value: number, attributes?: Attributes): void;
}
export interface Observation {
  value: number;
  attributes?: Attributes;
}

/** `name` ends in `_total`. */
export function counter(name: string, description: string): CounterMetric {
  if (!name.endsWith('_total')) throw new TypeError(`a counter's name ends in _total: ${JSON.stringify(name)}`);
  let inner: Counter | undefined;
  register(name, {
    bind: (meter) => {
      inner = meter?.createCounter(name, { description });
    },
  });
  return { add: (value = 1, attributes) => inner?.add(value, attributes) };
}

/** From half a millisecond to ten seconds, in seconds. */
export const LATENCY_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

export function histogram(
  name: string,
  description: string,
  boundaries: readonly number[] = LATENCY_SECONDS,
): HistogramMetric {
  let inner: Histogram | undefined;
  register(name, {
    bind: (meter) => {
      inner = meter?.createHistogram(name, { description, advice: { explicitBucketBoundaries: [...boundaries] } });
    },
  });
  return { record: (value, attributes) => inner?.record(value, attributes) };
}

/** Read when the metrics are fetched. The returned function takes it away again (a test, a part that is stopped). */
export function gauge(name: string, description: string, read: () => number | readonly Observation[]): () => void {
  let inner: ObservableGauge | undefined;
  const observe = (result: { observe(value: number, attributes?: Attributes): void }) => {
    const now = read();
    if (typeof now === 'number') result.observe(now);
    else for (const { value, attributes } of now) result.observe(value, attributes);
  };
  const instrument = register(name, {
    bind: (meter) => {
      inner = meter?.createObservableGauge(name, { description });
      inner?.addCallback(observe);
    },
  });
  return () => {
    instruments.delete(instrument);
    inner?.removeCallback(observe);
  };
}
