import { XMLValidator } from 'fast-xml-parser';

/** Whether FreeSWITCH could not read this file: then it loads nothing at all, of nobody. Undefined: it could. */
export function xmlProblem(text: string): string | undefined {
  // The wrapper is stripped by FreeSWITCH line by line, and what is left need not have one root.
  const body = text
    .split('\n')
    .filter((line) => !line.includes('<include>') && !line.includes('</include>') && !line.includes('<?'))
    .join('\n');
  const result = XMLValidator.validate(`<include>${body}</include>`);
  return result === true ? undefined : `${result.err.msg} (line ${result.err.line})`;
}
