import { type ZipEntry, zip } from './zip.ts';

/** What a sheet can hold, its header included. */
export const mostSheetRows = 1_048_576;
/** What a cell can hold, in UTF-16 units. */
export const mostCellText = 32_767;

export interface SheetColumn {
  readonly title: string;
  /** About so many characters are shown. */
  readonly width: number;
}

type Row = readonly (string | null)[];

/**
 * An xlsx file of one sheet for people: every cell is text, so that zeros stay and a formula is only shown; the
 * header is frozen, the filter on. Nothing but the rows at hand is kept in memory.
 *
 * Source: ECMA-376, part 1: 18.2 and 18.3 (workbook and sheet), 22.9.2.19 (escapes in texts).
 *
 * @param rowCount how many rows will come: the filter's range stands in the file before the rows
 * @throws FatalError `usage` where it would be larger than 4 GiB
 */
export function workbook(
  name: string,
  columns: readonly SheetColumn[],
  rowCount: number,
  pages: AsyncIterable<readonly Row[]>,
): AsyncGenerator<Buffer> {
  const range = {
    last: `${letter(columns.length - 1)}${rowCount + 1}`,
    lastColumn: letter(columns.length - 1),
  };
  const fixed: Readonly<Record<string, string>> = {
    '[Content_Types].xml': contentTypes,
    '_rels/.rels': relationships(['officeDocument', 'xl/workbook.xml']),
    'xl/workbook.xml': workbookPart(name, `$A$1:$${range.lastColumn}$${rowCount + 1}`),
    'xl/_rels/workbook.xml.rels': relationships(
      ['worksheet', 'worksheets/sheet1.xml'],
      ['styles', 'styles.xml'],
    ),
    'xl/styles.xml': styles,
  };
  const entries: ZipEntry[] = Object.entries(fixed).map(([name, xml]) => ({ name, content: [head + xml] }));
  const sheet = { name: 'xl/worksheets/sheet1.xml', content: sheetPart(columns, `A1:${range.last}`, pages) };
  return zip([...entries, sheet]);
}

const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const officeRelationships = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packageNames = 'http://schemas.openxmlformats.org/package/2006';
const spreadsheet = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

const contentTypes = `<Types xmlns="${packageNames}/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml" ContentType="${spreadsheet}.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="${spreadsheet}.worksheet+xml"/>
<Override PartName="/xl/styles.xml" ContentType="${spreadsheet}.styles+xml"/>
</Types>`;

function relationships(...targets: readonly (readonly [kind: string, target: string])[]): string {
  const all = targets.map(
    ([kind, target], index) =>
      `<Relationship Id="rId${index + 1}" Type="${officeRelationships}/${kind}" Target="${target}"/>`,
  );
  return `<Relationships xmlns="${packageNames}/relationships">${all.join('')}</Relationships>`;
}

// LibreOffice drops a filter that has no hidden name of its own.
function workbookPart(sheet: string, range: string): string {
  return (
    `<workbook xmlns="${main}" xmlns:r="${officeRelationships}">` +
    `<sheets><sheet name="${sheet}" sheetId="1" r:id="rId1"/></sheets>` +
    `<definedNames><definedName name="_xlnm._FilterDatabase" localSheetId="0" hidden="1">'${sheet}'!${range}</definedName>` +
    '</definedNames></workbook>'
  );
}

/** Style 1 is text, so that a cell that is entered again stays what it is; style 2 the same in bold. */
const styles = `<styleSheet xmlns="${main}">
<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>
<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>
<cellXfs count="3">
<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>
<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>
<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>
</cellXfs>
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>
</styleSheet>`;
const [textStyle, headerStyle] = [1, 2];

async function* sheetPart(
  columns: readonly SheetColumn[],
  range: string,
  pages: AsyncIterable<readonly Row[]>,
) {
  const widths = columns.map(
    ({ width }, index) =>
      `<col min="${index + 1}" max="${index + 1}" width="${width}" style="${textStyle}" customWidth="1"/>`,
  );
  const titles = columns.map(({ title }) => title);
  yield `${head}<worksheet xmlns="${main}"><dimension ref="${range}"/>` +
    '<sheetViews><sheetView tabSelected="1" workbookViewId="0">' +
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>' +
    `<cols>${widths.join('')}</cols><sheetData>${rowXml(1, titles, headerStyle)}`;
  let number = 1;
  for await (const rows of pages) {
    yield rows.map((row) => rowXml(++number, row, textStyle)).join('');
  }
  // Codes are digits stored as text, which is no mistake to be marked in every cell.
  yield `</sheetData><autoFilter ref="${range}"/>` +
    `<ignoredErrors><ignoredError sqref="${range}" numberStoredAsText="1"/></ignoredErrors></worksheet>`;
}

function rowXml(number: number, row: Row, style: number): string {
  let cells = '';
  for (const [index, text] of row.entries()) {
    if (text === null) continue;
    cells += `<c r="${letter(index)}${number}" s="${style}" t="inlineStr"><is><t xml:space="preserve">${escaped(text)}</t></is></c>`;
  }
  return `<row r="${number}">${cells}</row>`;
}

/** A for 0; there are never more than 26 columns. */
function letter(index: number): string {
  return String.fromCharCode(65 + index);
}

// XML has no control characters: the format has an escape of its own, `_x0001_`, because of which a text that looks like
// one must be escaped too. A carriage return is taken for a line feed unless it is written as a number.
const special = /[[&<>\p{Cc}\ufffe\uffff]--[\t\n]]|_(?=x[\dA-Fa-f]{4}_)/gv;
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' };

function escaped(text: string): string {
  return text.replace(
    special,
    (character) =>
      entities[character] ?? `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`,
  );
}
