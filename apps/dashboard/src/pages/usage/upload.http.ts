import type { Schemas } from '../../api/client.http.js';
import { signedOut } from '../../api/client.http.js';
import { currentSession } from '../../api/session-end.js';
import { organizationHeader, pathWith } from '../../api/raw.http.js';
import { csvHead, type CsvHead } from './csv-head.js';

export interface Upload {
  answer: Promise<Schemas['Reconciliation']>;
  /** Nothing of the file is kept then. */
  stop: () => void;
}

const isGzip = (file: File) => /\.gz(ip)?$/i.test(file.name);

/** `fetch` says nothing of how much was sent; XMLHttpRequest does. */
export function uploadBill(
  file: File,
  query: Readonly<Record<string, string | undefined>>,
  onSent: (bytes: number) => void,
): Upload {
  const request = new XMLHttpRequest();
  const session = currentSession();
  const answer = new Promise<Schemas['Reconciliation']>((resolve, reject) => {
    request.open('POST', pathWith('/api/v1/usage/reconciliations', query));
    request.responseType = 'json';
    request.setRequestHeader('Content-Type', isGzip(file) ? 'application/gzip' : 'text/csv');
    for (const [name, value] of Object.entries(organizationHeader())) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => onSent(loaded);
    request.onload = () => {
      if (request.status === 401) signedOut(session);
      if (request.status === 202) resolve(request.response as Schemas['Reconciliation']);
      else reject(request.response as Error);
    };
    request.onerror = () => reject(new TypeError('no answer'));
    request.onabort = () => reject(new DOMException('stopped', 'AbortError'));
    request.send(file);
  });
  return { answer, stop: () => request.abort() };
}

const HEAD_BYTES = 65_536;

/** The names of the columns, of a compressed file too. */
export async function headOf(file: File): Promise<CsvHead> {
  if (!isGzip(file)) return csvHead(await file.slice(0, HEAD_BYTES).text());
  const reader = file.stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return csvHead(new TextDecoder().decode(value));
}
