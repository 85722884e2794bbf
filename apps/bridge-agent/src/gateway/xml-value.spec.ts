import { describe, expect, it } from '@jest/globals';
import { XMLParser } from 'fast-xml-parser';
import fc from 'fast-check';
import { hasControlCharacter, xmlValue } from './xml-value.js';

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  htmlEntities: true,
  processEntities: true,
  trimValues: false,
});

describe("a value in FreeSWITCH's configuration", () => {
  it.each([
    '$${esl_password}',
    'x-pre-process',
    'X-PRE-PROCESS cmd="exec" data="id"',
    '<!--#exec "id"',
    '-->',
    '<include>',
    '<?xml',
    '"',
    "'",
    '&amp;',
    '<',
    '>',
  ])('%s means nothing to the preprocessor', (hostile) => {
    const written = xmlValue(hostile);
    expect(written).not.toMatch(/[$<>"'{}#-](?!\d+;)/);
    expect(written.toLowerCase()).not.toContain('x-pre-process');
  });

  it('comes out of the XML as it went in', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((text) => !hasControlCharacter(text)),
        (text) => {
          const parsed = parser.parse(`<a><param value="${xmlValue(text)}"/></a>`) as {
            a: { param: { value: string } };
          };
          expect(parsed.a.param.value).toBe(text);
        },
      ),
    );
  });
});
