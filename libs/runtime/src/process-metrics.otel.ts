import { monitorEventLoopDelay } from 'node:perf_hooks';
import { gauge } from './metric.otel.js';

/**
 * The process itself: a blocked event loop is the first thing to look at when calls are answered late. Returns how to
 * stop.
 */
export function startProcessMetrics(): () => void {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const stops = [
    gauge('trunkmesh_process_resident_memory_bytes', 'Resident memory of the process', () => process.memoryUsage.rss()),
    gauge('trunkmesh_process_heap_used_bytes', 'Used heap of the process', () => process.memoryUsage().heapUsed),
    gauge('trunkmesh_process_cpu_seconds', 'CPU time used since the start', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    }),
    gauge(
      'trunkmesh_event_loop_delay_p99_seconds',
      'How late the event loop ran timers since the last fetch, 99th percentile',
      () => {
        const p99 = delay.percentile(99) / 1e9;
        delay.reset();
        return Number.isFinite(p99) ? p99 : 0;
      },
    ),
  ];
  return () => {
    delay.disable();
    for (const stop of stops) stop();
  };
}
