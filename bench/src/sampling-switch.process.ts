/**
 * Loaded into each service by `node --import`: in the agent, SIGUSR2 ends the regular reading of the calls' quality, or
 * begins it again. So both are measured in one process, with the same calls.
 */
interface Sampler {
  prototype: { sample(...readings: unknown[]): Promise<void> };
}

if (process.argv[1]?.includes('/apps/bridge-agent/dist/')) {
  const { QualitySamples } = (await import(
    new URL('../../apps/bridge-agent/dist/call/quality-samples.net.js', import.meta.url).href
  )) as { QualitySamples: Sampler };
  const { sample } = QualitySamples.prototype;
  let reads = true;
  QualitySamples.prototype.sample = async function (...readings) {
    if (reads) await sample.apply(this, readings);
  };
  process.on('SIGUSR2', () => {
    reads = !reads;
  });
}
