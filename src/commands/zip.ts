import { pipeline, Readable } from 'node:stream';
import { crc32, createDeflateRaw } from 'node:zlib';
import { FatalError } from '../errors.ts';

export interface ZipEntry {
  /** ASCII, with `/` between folders. */
  readonly name: string;
  readonly content: Iterable<string> | AsyncIterable<string>;
}

/** Sizes have 32 bits; not every spreadsheet reads the format's extension to 64. */
const mostBytes = 0xffff_ffff;
const signatures = { local: 0x04034b50, descriptor: 0x08074b50, central: 0x02014b50, end: 0x06054b50 };
const version = 20;
/** Checksum and sizes stand behind the content, which is written as it comes. */
const sizesFollow = 0x0008;
const deflateMethod = 8;
/** Midnight of 1 January 1980, the first there is: the same content gives the same bytes. */
const time = 0;
const date = 0x0021;

/**
 * A ZIP archive, given away as it is made: of its content nothing is kept.
 *
 * Source: PKWARE's APPNOTE.TXT, 4.3.
 *
 * @throws FatalError `usage` where the content is too large for the format
 */
export async function* zip(entries: readonly ZipEntry[]): AsyncGenerator<Buffer> {
  const directory: Buffer[] = [];
  let written = 0;
  for (const { name, content } of entries) {
    const offset = written;
    const local = fields([signatures.local, 4], ...common(name, 0, 0, 0), [0, 2]);
    yield Buffer.concat([local, Buffer.from(name)]);

    let [crc, size, packed] = [0, 0, 0];
    const counted = async function* (texts: AsyncIterable<string>) {
      for await (const text of texts) {
        const bytes = Buffer.from(text);
        crc = crc32(bytes, crc);
        size = fitting(size + bytes.length);
        yield bytes;
      }
    };
    // An error of any part comes out of the loop.
    for await (const piece of pipeline(Readable.from(content), counted, createDeflateRaw(), () => {})) {
      packed += piece.length;
      yield piece;
    }
    const descriptor = fields([signatures.descriptor, 4], [crc, 4], [packed, 4], [size, 4]);
    yield descriptor;
    written = fitting(offset + local.length + name.length + packed + descriptor.length);

    const rest = [
      [0, 2],
      [0, 2],
      [0, 2],
      [0, 2],
      [0, 4],
      [offset, 4],
    ] as const;
    const central = fields(
      [signatures.central, 4],
      [version, 2],
      ...common(name, crc, packed, size),
      ...rest,
    );
    directory.push(central, Buffer.from(name));
  }
  const contents = Buffer.concat(directory);
  yield contents;
  const count = entries.length;
  yield fields(
    ...([
      [signatures.end, 4],
      [0, 2],
      [0, 2],
      [count, 2],
      [count, 2],
      [contents.length, 4],
    ] as const),
    ...([
      [written, 4],
      [0, 2],
    ] as const),
  );
}

type Field = readonly [value: number, bytes: 2 | 4];

/** What the header before the content and the one in the table of contents have in common. */
function common(name: string, crc: number, packed: number, size: number): readonly Field[] {
  return [
    ...([
      [version, 2],
      [sizesFollow, 2],
      [deflateMethod, 2],
      [time, 2],
      [date, 2],
    ] as const),
    ...([
      [crc, 4],
      [packed, 4],
      [size, 4],
      [name.length, 2],
    ] as const),
  ];
}

function fields(...all: readonly Field[]): Buffer {
  const buffer = Buffer.alloc(all.reduce((length, [, bytes]) => length + bytes, 0));
  let at = 0;
  for (const [value, bytes] of all) at = buffer.writeUIntLE(value, at, bytes);
  return buffer;
}

function fitting(bytes: number): number {
  if (bytes <= mostBytes) return bytes;
  throw new FatalError(
    'usage',
    'The codes take more than 4 GiB, the most that an xlsx file can hold. Narrow them down with --source or --vdn, ' +
      'or take --format csv.',
  );
}
