import { expect, it } from '@jest/globals';
import { renderAcl } from './acl-xml.js';

it('is the same file for the same trunks, in whatever order', () => {
  const written = renderAcl(['198.51.100.0/24', '192.0.2.9/32', '192.0.2.9/32']);
  expect(written).toBe(
    '<include>\n  <node type="allow" cidr="192.0.2.9/32"/>\n  <node type="allow" ' +
      'cidr="198.51.100.0/24"/>\n</include>\n',
  );
  expect(renderAcl(['192.0.2.9/32', '198.51.100.0/24'])).toBe(written);
});

it('is empty without trunks, and then nobody gets in', () => {
  expect(renderAcl([])).toBe('<include>\n</include>\n');
});
