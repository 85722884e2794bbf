import { XMLValidator } from 'fast-xml-parser';

/** Why FreeSWITCH cannot read this file, in which case it loads no file at all; undefined if it can. */
export function xmlProblem(text: string): string | undefined {
  // FreeSWITCH strips the wrapper line by line, and the rest may have several roots.
  const body = text
    .split('\n')
    .filter((line) => !line.includes('<include>') && !line.includes('</include>') && !line.includes('<?'))
    .join('\n');
  const result = XMLValidator.validate(`<include>${body}</include>`);
  return result === true ? undefined : `${result.err.msg} (line ${result.err.line})`;
}
