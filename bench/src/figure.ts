/** One measured figure beside its limit or rival, in the form that scripts read. */
export function figure({
  name,
  value,
  unit,
  ratio,
  versus,
}: {
  name: string;
  value: number;
  unit: string;
  ratio: number;
  versus: string;
}): string {
  return `BENCH ${name} ${round(value)} ${unit} ratio=${ratio.toFixed(2)} vs ${versus}`;
}

const round = (value: number) => (Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
