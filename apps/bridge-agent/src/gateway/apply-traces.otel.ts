import type { Span } from '@opentelemetry/api';
import { withSpan } from '@trunkmesh/runtime/trace.otel.js';

/**
 * Spans from a change's arrival to the first state that FreeSWITCH reports for it, in the trace of the request that
 * made the change.
 */
export interface ApplyTraces {
  begin(trunkId: string, traceparent: string, revision: number | null): void;
  /** Adds an event to the spans of all changes in progress. */
  happened(what: string, attributes: Record<string, string | number | boolean>): void;
  /** The trunk has reached a lasting state; returns the span's trace for what is published about it. */
  settled(trunkId: string, state: string): string | undefined;
  stop(): void;
}

/** Limits how many changes of a burst are traced. */
const MAX_OPEN_SPANS = 256;
const LONGEST_MS = 15_000;

export function applyTraces(bridgeId: string): ApplyTraces {
  const open = new Map<string, { span: Span; end(): void }>();

  const end = (trunkId: string): void => {
    const running = open.get(trunkId);
    open.delete(trunkId);
    running?.end();
  };

  return {
    begin(trunkId, traceparent, revision) {
      end(trunkId);
      if (open.size >= MAX_OPEN_SPANS) return;
      const attributes = {
        'trunkmesh.trunk_id': trunkId,
        'trunkmesh.bridge_id': bridgeId,
        ...(revision === null ? {} : { 'trunkmesh.gateway_revision': revision }),
      };
      void withSpan(
        'apply trunk to FreeSWITCH',
        { parent: traceparent, kind: 'consumer', attributes },
        (span) =>
          new Promise<void>((resolve) => {
            const timer = setTimeout(() => end(trunkId), LONGEST_MS);
            open.set(trunkId, {
              span,
              end: () => {
                clearTimeout(timer);
                resolve();
              },
            });
          }),
      );
    },
    happened(what, attributes) {
      for (const { span } of open.values()) span.addEvent(what, attributes);
    },
    settled(trunkId, state) {
      const running = open.get(trunkId);
      if (running === undefined) return undefined;
      running.span.setAttribute('trunkmesh.gateway_state', state);
      const { traceId, spanId, traceFlags } = running.span.spanContext();
      end(trunkId);
      return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
    },
    stop() {
      for (const trunkId of [...open.keys()]) end(trunkId);
    },
  };
}
