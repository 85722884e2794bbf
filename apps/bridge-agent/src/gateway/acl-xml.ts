import { canonicalCidr } from './gateway-address.js';

/**
 * The nodes of the access list `trunks` (the list itself stands in deploy/freeswitch, so that it exists and denies everybody even without this file).
 * Entries that are no address or CIDR are left out: FreeSWITCH resolves no names here and would skip them with a log line only. Sorted, so that the same trunks make
 * the same file.
 */
export function renderAcl(entries: Iterable<string>): string {
  const cidrs = new Set<string>();
  for (const entry of entries) {
    const cidr = canonicalCidr(entry);
    if (cidr !== undefined) cidrs.add(cidr);
  }
  const nodes = [...cidrs].sort().map((cidr) => `  <node type="allow" cidr="${cidr}"/>`);
  return ['<include>', ...nodes, '</include>', ''].join('\n');
}
