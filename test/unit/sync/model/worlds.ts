import type { Page } from '../../../../src/domain/complete-snapshot.ts';
import type { ResultCode } from '../../../../src/domain/result-code.ts';
import { VdnError } from '../../../../src/errors.ts';
import type { Chance } from './chance.ts';
import type { Edit, EditedList } from './edited-list.ts';

export interface Ask {
  readonly pageNum: number;
  readonly pageSize: number;
}

type Rows = readonly ResultCode[];

interface Server {
  readonly list: EditedList;
  readonly chance: Chance;
  /** A page as the server cuts it from a list, with what it does behind the end. */
  readonly slice: (rows: Rows, ask: Ask) => Rows;
}

/** A server with one systematic fault, over a list that is edited before its answers. */
type World = (server: Server) => (ask: Ask) => Page;

/** Two nodes, of which one is one to three edits behind. */
function nodes(isBehind: (ask: Ask, request: number, chance: Chance) => boolean): World {
  return ({ list, chance, slice }) => {
    const lag = 1 + chance.below(3);
    let request = 0;
    return (ask) => {
      const rows = list.before(isBehind(ask, request++, chance) ? lag : 0);
      return { total: rows.length, rows: slice(rows, ask) };
    };
  };
}

const honest: World = ({ list, slice }) => {
  return (ask) => ({ total: list.rows.length, rows: slice(list.rows, ask) });
};

export const worlds = {
  honest,
  'cache by address': (server) => {
    const answer = honest(server);
    const cached = new Map<string, Page>();
    return (ask) => {
      const page = cached.get(addressOf(ask)) ?? answer(ask);
      if (server.chance.happens(5)) cached.set(addressOf(ask), page);
      return page;
    };
  },
  'nodes by address': (server) => {
    const behind = new Map<string, boolean>();
    return nodes((ask, _, chance) => {
      const known = behind.get(addressOf(ask)) ?? chance.happens(5);
      behind.set(addressOf(ask), known);
      return known;
    })(server);
  },
  'nodes by turns': nodes((_, request) => request % 2 === 1),
  'nodes at random': nodes((_ask, _request, chance) => chance.happens(5)),
  'lagging total': ({ list, chance, slice }) => {
    const lag = 1 + chance.below(3);
    return (ask) => ({ total: list.before(lag).length, rows: slice(list.rows, ask) });
  },
  'lagging total that clamps': ({ list, chance }) => {
    const lag = 1 + chance.below(3);
    return ({ pageNum, pageSize }) => {
      const total = list.before(lag).length;
      const page = Math.min(pageNum, pagesOf(total, pageSize));
      return { total, rows: list.rows.slice((page - 1) * pageSize, page * pageSize) };
    };
  },
  'total of the page': ({ list, slice }) => {
    return (ask) => {
      const rows = slice(list.rows, ask);
      return { total: rows.length, rows };
    };
  },
  'another order per request': ({ list, chance, slice }) => {
    return (ask) => ({ total: list.rows.length, rows: slice(chance.shuffled(list.rows), ask) });
  },
} satisfies Record<string, World>;

export type WorldName = keyof typeof worlds;

const ends = ['empty', 'refused', 'clamped'] as const;
type End = (typeof ends)[number];

export function serverOf(world: WorldName, list: EditedList, chance: Chance, end: End = chance.oneOf(ends)) {
  return worlds[world]({ list, chance, slice: sliceWith(end) });
}

/** 60 % are a deletion with an addition: no total shows it. */
export const usualEdits: readonly Edit[] = [
  ...Array<Edit>(9).fill('replace'),
  ...(['delete', 'add', 'move', 'update', 'move and update', 'reorder'] as const),
];

function sliceWith(end: End): Server['slice'] {
  return (rows, { pageNum, pageSize }) => {
    const last = pagesOf(rows.length, pageSize);
    if (end === 'refused' && pageNum > last) throw new VdnError('isales-error', 'no such page');
    const page = end === 'clamped' ? Math.min(pageNum, last) : pageNum;
    return rows.slice((page - 1) * pageSize, page * pageSize);
  };
}

function pagesOf(total: number, pageSize: number): number {
  return Math.max(1, Math.ceil(total / pageSize));
}

function addressOf({ pageNum, pageSize }: Ask): string {
  return `${pageNum}/${pageSize}`;
}
