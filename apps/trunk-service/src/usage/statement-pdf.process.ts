import type { UsageStatement } from '@trunkmesh/contracts/usage-statement.js';
import type PDFDocument from 'pdfkit';
import { baselineOf, isDrawnInPart, StatementFonts } from './statement-fonts.process.js';
import { localTime } from './statement-text.js';
import { statementTables, type Table } from './statement-tables.js';

export interface StatementDocument {
  statement: UsageStatement;
  organization: { id: string; name: string };
  trunkNames: ReadonlyMap<string, string>;
  generatedAt: Date;
}

const MARGIN = 40;
const ROW = 13;
const CARRIER_COST = [
  'Calls with carrier cost "external" went over the organisation\'s own carriers. Those carriers bill the organisation',
  'directly; none of their cost is in this statement. Calls with carrier cost "managed" are listed for completeness',
  'and are not charged here.',
].join(' ');

const DRAWN_IN_PART = 'A "?" in a name is a character that this document has no font for. The API has the whole name.';

const INCOMPLETE: [string, string] = [
  'Incomplete',
  'call records of a bridge were missing that may be of this month; what comes is in the next statement',
];

const GAP_ACCEPTED: [string, string] = [
  'Lost records',
  'call records of a bridge that may be of this month are lost for good; nothing is charged for such calls',
];

/** The statement as a PDF of A4 pages, each with its number. */
export async function statementPdf(contents: StatementDocument): Promise<Buffer> {
  const { statement, organization, generatedAt } = contents;
  // Loaded on first use: a megabyte of code for what is rarely asked.
  const { default: Document } = await import('pdfkit');
  const document = new Document({
    size: 'A4',
    margin: MARGIN,
    bufferPages: true,
    info: { Title: `Usage statement ${statement.month}`, Author: 'TrunkMesh', CreationDate: generatedAt },
  });
  const chunks: Buffer[] = [];
  const done = new Promise<Buffer>((resolve, reject) => {
    document.on('data', (chunk: Buffer) => chunks.push(chunk));
    document.on('end', () => {
      resolve(Buffer.concat(chunks));
    });
    document.on('error', reject);
  });
  const page: Page = { document, fonts: new StatementFonts(document) };
  head(page, contents);
  for (const table of statementTables(statement, contents.trunkNames)) draw(page, table);
  const label = `${organization.name} - ${statement.number ?? 'provisional'}`;
  footers(page, `${label} - generated at ${localTime(generatedAt, statement.time_zone)} (${statement.time_zone})`);
  document.end();
  return done;
}

type Pdf = InstanceType<typeof PDFDocument>;
interface Page {
  document: Pdf;
  fonts: StatementFonts;
}

function head({ document, fonts }: Page, contents: StatementDocument): void {
  const { statement, organization, generatedAt } = contents;
  const local = (instant: string | Date) => localTime(instant, statement.time_zone);
  const closedAt =
    statement.closed_at === null
      ? `open; closes from ${local(statement.closes_at)} (${statement.time_zone}) on`
      : `${local(statement.closed_at)} (${statement.time_zone})`;
  document.font('Helvetica-Bold').fontSize(18).text(`Usage statement ${statement.month}`);
  document.moveDown(0.5).font('Helvetica').fontSize(9);
  const facts: [string, string][] = [
    ['Organisation', `${organization.name} (${organization.id})`],
    ['Statement number', statement.number ?? 'none: the month is open and these figures are provisional'],
    ['Period', `${local(statement.begins)} to ${local(statement.ends)} (${statement.time_zone})`],
    ['Currency', currenciesOf(statement)],
    ['Closed at', closedAt],
    ...(statement.incomplete ? [INCOMPLETE] : []),
    ...(statement.gap_accepted ? [GAP_ACCEPTED] : []),
    ['Generated at', `${local(generatedAt)} (${statement.time_zone})`],
  ];
  for (const [name, value] of facts) document.text(fonts.set(`${name}: ${value}`, { size: 9 }), baselineOf(9));
  document.moveDown(0.5).text(fonts.set(CARRIER_COST, { size: 9 }));
  if ([organization.name, ...contents.trunkNames.values()].some(isDrawnInPart)) document.text(DRAWN_IN_PART);
  document.moveDown(0.5);
}

function currenciesOf({ totals }: UsageStatement): string {
  const currencies = [...new Set(totals.flatMap(({ currency }) => currency ?? []))];
  return currencies.length === 0 ? 'none: nothing is charged' : currencies.join(', ');
}

function draw({ document, fonts }: Page, table: Table): void {
  const width = document.page.width - 2 * MARGIN;
  const shares = table.columns.reduce((sum, { share }) => sum + share, 0);
  const lowest = document.page.height - MARGIN - 2 * ROW;
  const row = (cells: readonly string[], bold: boolean) => {
    const y = document.y;
    let x = MARGIN;
    for (const [index, { share, right }] of table.columns.entries()) {
      const cell = (width * share) / shares;
      const options = { ...baselineOf(7.5), width: cell - 4, height: ROW, ellipsis: true, lineBreak: false };
      const text = fonts.set(cells[index] ?? '', { bold, size: 7.5 });
      document.text(fitting(document, text, cell - 4), x, y, {
        ...options,
        align: right === true ? 'right' : 'left',
      });
      x += cell;
    }
    document.x = MARGIN;
    document.y = y + ROW;
  };
  const titles = table.columns.map(({ title }) => title);
  if (document.y > lowest - 4 * ROW) document.addPage();
  document.moveDown(0.8).font('Helvetica-Bold').fontSize(11).text(table.title, MARGIN);
  if (table.note !== undefined) document.font('Helvetica').fontSize(8).text(table.note, MARGIN);
  document.moveDown(0.3);
  row(titles, true);
  for (const cells of table.rows) {
    if (document.y > lowest) {
      document.addPage();
      row(titles, true);
    }
    row(cells, false);
  }
}

/** What is too long for its cell ends in dots. */
function fitting(document: Pdf, text: string, width: number): string {
  if (document.widthOfString(text) <= width) return text;
  let kept = text;
  while (kept.length > 1 && document.widthOfString(`${kept}...`) > width) kept = kept.slice(0, -1);
  return `${kept}...`;
}

function footers({ document, fonts }: Page, label: string): void {
  const { start, count } = document.bufferedPageRange();
  for (let page = 0; page < count; page += 1) {
    document.switchToPage(start + page);
    // Below the margin a text would begin a page of its own.
    document.page.margins.bottom = 0;
    const text = fonts.set(`${label} - page ${page + 1} of ${count}`, { size: 7 });
    document.text(text, MARGIN, document.page.height - 28, { ...baselineOf(7), lineBreak: false });
  }
}
