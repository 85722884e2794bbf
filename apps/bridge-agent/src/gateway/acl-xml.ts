/**
 * The nodes of the access list `trunks` (the list itself is in deploy/freeswitch, so that it exists and denies
 * everybody even without this file). `cidrs` as `canonicalCidr` writes them: a name would be skipped by FreeSWITCH with
 * a log line only. Sorted, so that the same trunks make the same file.
 */
export function renderAcl(cidrs: Iterable<string>): string {
  const nodes = [...new Set(cidrs)].sort().map((cidr) => `  <node type="allow" cidr="${cidr}"/>`);
  return ['<include>', ...nodes, '</include>', ''].join('\n');
}
